"""Vaults for the tests: one that they share, and one that a test may kill or seal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vault.server import VaultServer, vault_server


@pytest.fixture(scope="session")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultServer]:
    """A Vault that the session's tests share; it is never sealed or stopped."""
    with vault_server(tmp_path_factory.mktemp("vault")) as started:
        yield started


@pytest.fixture
def own_vault(tmp_path: Path) -> Iterator[VaultServer]:
    """A Vault of the test's own."""
    folder = tmp_path / "vault"
    folder.mkdir()
    with vault_server(folder) as started:
        yield started
