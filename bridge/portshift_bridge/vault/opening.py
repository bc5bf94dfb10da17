"""The session with Vault where the settings ask for one: the only door to hvac, which is an extra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portshift.core.errors import UsageFault
from portshift_bridge.settings import Settings

if TYPE_CHECKING:
    from portshift_bridge.vault.session import VaultSession


@contextmanager
def opened_vault(settings: Settings) -> Iterator[VaultSession | None]:
    """The session, None without ``vault_address``; it is closed with the block, and nothing is sent yet.

    Raises:
        UsageFault: hvac is not installed, or a setting is missing or unusable.

    """
    if settings.vault_address is None:
        yield None
        return
    try:
        from portshift_bridge.vault.session import open_vault
    except ModuleNotFoundError as error:
        raise UsageFault(
            f"vault_address is set, but {error.name} is not installed",
            cure="install portshift[bridge,vault]",
        ) from error
    session = open_vault(settings)
    try:
        yield session
    finally:
        if session is not None:
            session.close()
