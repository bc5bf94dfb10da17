"""The audit log: one row for each change, written in the transaction that makes the change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert

from portshift_bridge.store.schema import audit


@dataclass(frozen=True)
class Change:
    """Who did what to which object, when (microseconds, UTC); ``detail`` holds no secret."""

    actor: str
    action: str
    object: str
    at: int
    detail: Mapping[str, Any] = field(default_factory=dict)


def record_change(connection: Connection, change: Change) -> None:
    """Add the change to the log."""
    connection.execute(
        insert(audit).values(
            at=change.at,
            actor=change.actor,
            action=change.action,
            object=change.object,
            detail=dict(change.detail),
        )
    )
