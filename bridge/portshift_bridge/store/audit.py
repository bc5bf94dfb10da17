"""The audit log: one row for each change, written in the transaction that makes it, and never altered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select

from portshift_bridge.clock import Clock
from portshift_bridge.store.database import Database
from portshift_bridge.store.paging import Page
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


def note_change(database: Database, actor: str, clock: Clock, action: str, object: str) -> None:  # noqa: A002
    """Add a change of what is not in the database; the log is told before it is made."""
    with database.write() as connection:
        record_change(connection, Change(actor, action, object, clock()))


@dataclass(frozen=True)
class AuditFilter:
    """What the log is filtered by: each that is given must be equal."""

    object: str | None = None
    action: str | None = None
    actor: str | None = None


class AuditStore:
    """Reads the log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, wanted: AuditFilter, *, after: int | None, limit: int) -> Page[tuple[int, Change], int]:
        """Changes with their numbers, the newest first, older than the number ``after``."""
        query = select(audit).order_by(audit.c.key.desc()).limit(limit + 1)
        for name, value in vars(wanted).items():
            if value is not None:
                query = query.where(audit.c[name] == value)
        if after is not None:
            query = query.where(audit.c.key < after)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        items = tuple(
            (row.key, Change(row.actor, row.action, row.object, row.at, row.detail)) for row in rows[:limit]
        )
        return Page(items, items[-1][0] if len(rows) > limit else None)
