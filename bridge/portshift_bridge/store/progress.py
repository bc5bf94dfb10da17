"""How far each registry was read, who is reading it, and its webhook.

A lease keeps several bridges on one data folder from reading a registry at once. Only its holder moves the
cursor, so a process that was stopped for a while and lost its lease changes nothing any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or_ignore

from portshift_bridge.clock import SECOND, Clock
from portshift_bridge.store.audit import Change, record_change
from portshift_bridge.store.connected import is_connected
from portshift_bridge.store.database import Database
from portshift_bridge.store.schema import registry_progress

_column = registry_progress.c


@dataclass(frozen=True)
class Progress:
    """Times are microseconds, UTC; those until which something was read are the registry's own.

    ``problem`` is why the last try to read the registry failed. ``webhook_url`` is where the registry
    sends its events, ``webhook_registry`` its own URL when it was told so.
    """

    modified_until: int | None = None
    properties_until: int | None = None
    polled_at: int | None = None
    compared_at: int | None = None
    problem: str | None = None
    event_at: int | None = None
    webhook_url: str | None = None
    webhook_at: int | None = None
    webhook_registry: str | None = None


class ProgressStore:
    """A row for each registry that was ever read; every change is kept before the call returns."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def get(self, registry: str) -> Progress:
        """What is known of the registry; an empty value when it was never read."""
        query = select(*(_column[name] for name in Progress.__dataclass_fields__))
        with self._database.read() as connection:
            row = connection.execute(query.where(_column.registry == registry)).one_or_none()
        return Progress() if row is None else Progress(**row._mapping)

    def lease(self, registry: str, *, holder: str, seconds: int) -> bool:
        """Take the lease for ``seconds``; False while another process has it.

        One that lasts longer than any is given for was taken before the clock was set back: it is free.
        """
        now = self._clock()
        ended = or_(_column.leased_until < now, _column.leased_until > now + seconds * SECOND)
        free = or_(ended, _column.leased_by == holder)
        taken = update(registry_progress).where(_column.registry == registry, free)
        with self._database.write() as connection:
            _begin(connection, registry)
            values = {"leased_by": holder, "leased_until": now + seconds * SECOND}
            return connection.execute(taken.values(**values)).rowcount == 1

    def renew(self, registry: str, *, holder: str, seconds: int) -> bool:
        """Keep the lease for ``seconds`` more; False where it was lost, or the registry was removed."""
        return self._change(registry, holder, leased_until=self._clock() + seconds * SECOND)

    def release(self, registry: str, *, holder: str) -> None:
        """Give the lease back; nothing happens where another process has it."""
        self._change(registry, holder, leased_by=None, leased_until=0)

    def polled(
        self,
        registry: str,
        *,
        holder: str,
        modified_until: int,
        properties_until: int | None = None,
        problem: str | None = None,
    ) -> None:
        """Keep that items and properties were read up to these times, and what else is wrong."""
        read = {"modified_until": modified_until, "properties_until": properties_until}
        self._change(registry, holder, polled_at=self._clock(), problem=problem, **read)

    def compared(self, registry: str, *, holder: str) -> None:
        """Keep that every path was compared, and that nothing is wrong."""
        self._change(registry, holder, compared_at=self._clock(), problem=None)

    def failed(self, registry: str, *, holder: str, problem: str) -> None:
        """Keep why the registry could not be read; the cursor stays where it was."""
        self._change(registry, holder, problem=problem)

    def event_received(self, registry: str) -> None:
        """Keep that an event of the registry arrived."""
        with self._database.write() as connection:
            _set(connection, registry, event_at=self._clock())

    def webhook_created(self, registry: str, *, url: str, registry_url: str, actor: str) -> int:
        """Keep where the registry at this URL sends its events; the time that was kept (microseconds)."""
        now = self._clock()
        with self._database.write() as connection:
            _set(connection, registry, webhook_url=url, webhook_at=now, webhook_registry=registry_url)
            record_change(connection, Change(actor, "registry.webhook.add", registry, now, {"url": url}))
        return now

    def webhook_removed(self, registry: str, *, actor: str) -> None:
        """Keep that the registry sends no events any more."""
        with self._database.write() as connection:
            _set(connection, registry, webhook_url=None, webhook_at=None, webhook_registry=None)
            record_change(connection, Change(actor, "registry.webhook.remove", registry, self._clock()))

    def _change(self, registry: str, holder: str, **values: Any) -> bool:
        mine = update(registry_progress).where(_column.registry == registry, _column.leased_by == holder)
        with self._database.write() as connection:
            return connection.execute(mine.values(**values)).rowcount == 1


def _begin(connection: Connection, registry: str) -> None:
    # What a removed registry leaves here, one that is added by its name later would go on from.
    if is_connected(connection, registry):
        statement = insert_or_ignore(registry_progress).values(registry=registry, leased_until=0)
        connection.execute(statement.on_conflict_do_nothing(index_elements=["registry"]))


def _set(connection: Connection, registry: str, **values: Any) -> None:
    _begin(connection, registry)
    connection.execute(update(registry_progress).where(_column.registry == registry).values(**values))
