"""The secret store that the settings choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from portshift.core.errors import UsageFault
from portshift_bridge.secrets import FileSecretStore, SecretStore
from portshift_bridge.settings import Settings
from portshift_bridge.vault.secrets import VaultSecretStore

if TYPE_CHECKING:
    from portshift_bridge.vault.session import VaultSession

Place = Literal["file", "vault"]


def open_secrets(settings: Settings, vault: VaultSession | None) -> SecretStore:
    """The store that ``secret_store`` names; Vault is not asked yet, so that a bridge starts without it.

    Raises:
        UsageFault: the store is in Vault, but ``vault_address`` is not set.
        PortshiftError: the master key of the data folder is missing, damaged or readable by others.

    """
    place: Place = settings.secret_store
    if place == "file":
        return FileSecretStore.open(settings.data)
    if vault is None:
        raise UsageFault(
            "the secrets are to be in Vault, but vault_address is not set", cure="see docs/how-to/vault.md"
        )
    return VaultSecretStore(
        vault,
        mount=settings.vault_mount,
        path=settings.vault_path,
        cache_seconds=settings.vault_cache_seconds,
        grace_seconds=settings.vault_grace_seconds,
    )


def open_place(place: Place, settings: Settings, vault: VaultSession | None) -> SecretStore:
    """A store by its name; that of Vault keeps nothing in mind, so that what it says is in Vault now.

    Raises:
        UsageFault, PortshiftError: as ``open_secrets`` does.

    """
    forgetful = {"vault_cache_seconds": 0, "vault_grace_seconds": 0}
    return open_secrets(settings.model_copy(update={"secret_store": place, **forgetful}), vault)
