"""The key ring on the signer that the settings choose."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from portshift.core.errors import UsageFault
from portshift_bridge.file_keys import FileKeys
from portshift_bridge.keys import KeyRing, Note
from portshift_bridge.settings import Settings
from portshift_bridge.signing import KeyHome
from portshift_bridge.vault.transit import VaultTransit
from portshift_bridge.vault.transit_keys import TransitKeys

if TYPE_CHECKING:
    from portshift_bridge.vault.session import VaultSession


def open_keys(settings: Settings, vault: VaultSession | None, *, now: datetime, note: Note) -> KeyRing:
    """The data folder's keys; Vault is asked only where there is no key yet. ``note`` as for ``KeyRing``.

    Raises:
        UsageFault: the signer is in Vault, but ``vault_address`` is not set.
        SignerUnavailable, PortshiftError: as ``KeyRing.open`` does.

    """
    return KeyRing.open(settings.data, _home(settings, vault), now=now, note=note)


def _home(settings: Settings, vault: VaultSession | None) -> KeyHome:
    if settings.signer == "file":
        return FileKeys.open(settings.data)
    if vault is None:
        raise UsageFault(
            "signer is vault-transit, but vault_address is not set", cure="see docs/how-to/vault.md"
        )
    mount, key = settings.vault_transit_mount, settings.vault_transit_key
    return TransitKeys(VaultTransit(vault, mount, key), mount=mount, key=key)
