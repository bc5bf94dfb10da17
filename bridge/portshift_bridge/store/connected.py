"""Whether a registry is connected, for those who write what was read from it some time ago."""

from __future__ import annotations

from sqlalchemy import Connection, select

from portshift_bridge.store.schema import registries


def is_connected(connection: Connection, registry: str) -> bool:
    """In a transaction that writes: the registry is not removed before its end either."""
    return connection.scalar(select(registries.c.name).where(registries.c.name == registry)) is not None
