"""Secret stores on a test's Vault."""

from __future__ import annotations

import time
from collections.abc import Callable

from portshift_bridge.vault.secrets import VaultSecretStore
from portshift_bridge.vault.session import VaultSession


def store_on(
    session: VaultSession,
    *,
    path: str = "portshift",
    cache_seconds: float = 0,
    grace_seconds: float = 0,
    monotonic: Callable[[], float] = time.monotonic,
) -> VaultSecretStore:
    """A store on the KV engine that every test's Vault has; it keeps nothing in mind unless told to."""
    return VaultSecretStore(
        session,
        mount="secret",
        path=path,
        cache_seconds=cache_seconds,
        grace_seconds=grace_seconds,
        monotonic=monotonic,
    )
