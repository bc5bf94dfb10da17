"""Settings with which a bridge logs in at a test's Vault, and open sessions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portshift_bridge.settings import Settings
from portshift_bridge.vault.session import VaultSession, open_vault
from tests.vault.server import ROOT_TOKEN, VaultServer


def private(file: Path, text: str) -> Path:
    """A file that only its owner reads."""
    file.touch(mode=0o600)
    file.write_text(text, encoding="ascii")
    return file


def settings_for(vault: VaultServer, folder: Path, *, token: str = ROOT_TOKEN, **settings: Any) -> Settings:
    """Settings of a bridge on ``folder`` that knows the Vault, by token unless others are given."""
    given: dict[str, Any] = {
        "vault_address": vault.address,
        "vault_token_file": private(folder / "vault.token", token),
    }
    return Settings(data=folder, **given | settings)


@contextmanager
def session(settings: Settings) -> Iterator[VaultSession]:
    """The session that the settings ask for, closed at the end."""
    opened = open_vault(settings)
    assert opened is not None
    try:
        yield opened
    finally:
        opened.close()
