"""The key that a remote repository's items lie under, beside the key that it is asked by. Pure.

A virtual repository asks remotes by their own keys, and so does Docker; AQL and storage name the cache.
"""

from __future__ import annotations

_SUFFIX = "-cache"


def cache_of(remote: str) -> str:
    """``hub-cache`` for ``hub``."""
    return f"{remote}{_SUFFIX}"


def is_cache(storage_key: str) -> bool:
    """Whether items under this key were fetched by a remote repository."""
    return storage_key.endswith(_SUFFIX)


def asked_by(storage_key: str) -> str:
    """``hub`` for ``hub-cache``; any other key is itself."""
    return storage_key.removesuffix(_SUFFIX)
