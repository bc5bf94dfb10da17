"""Trusts at rest: whose jobs may log in, and as what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from portshift_bridge.clock import Clock
from portshift_bridge.errors import Conflict, NotFound
from portshift_bridge.oidc.trusts import Trust
from portshift_bridge.store.audit import Change, record_change
from portshift_bridge.store.database import Database
from portshift_bridge.store.paging import Page
from portshift_bridge.store.schema import trusts


class TrustStore:
    """Every trust that an administrator set and did not take back."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def of_issuer(self, issuer: str) -> tuple[Trust, ...]:
        """The trusts in this issuer, by name."""
        query = select(trusts).where(trusts.c.issuer == issuer).order_by(trusts.c.name)
        with self._database.read() as connection:
            return tuple(read_trust(row) for row in connection.execute(query))

    def get(self, name: str) -> tuple[Trust, int]:
        """A trust and its time of creation.

        Raises:
            NotFound: there is none of that name.

        """
        with self._database.read() as connection:
            row = _find(connection, name)
        if row is None:
            raise _absent(name)
        return read_trust(row), row.created_at

    def page(self, *, after: str | None, limit: int) -> Page[tuple[Trust, int], str]:
        """Trusts by name, each with its time of creation."""
        query = select(trusts).order_by(trusts.c.name).limit(limit + 1)
        if after is not None:
            query = query.where(trusts.c.name > after)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        items = tuple((read_trust(row), row.created_at) for row in rows[:limit])
        return Page(items, items[-1][0].name if len(rows) > limit else None)

    def create(self, new: Trust, *, actor: str) -> int:
        """Keep a new trust; returns its time of creation.

        Raises:
            Conflict: the name is taken, or another trust goes another way to the issuer.

        """
        with self._database.write() as connection:
            if _find(connection, new.name) is not None:
                raise Conflict(f"a trust named {new.name} exists", cure="choose another name")
            another_way = trusts.c.ca.is_distinct_from(new.ca) | trusts.c.proxy.is_distinct_from(new.proxy)
            others = select(trusts).where(trusts.c.issuer == new.issuer, another_way)
            if (other := connection.execute(others).first()) is not None:
                # One issuer has one set of keys, so it must not matter by which trust they were fetched.
                raise Conflict(
                    f"the trust {other.name} names another ca or proxy for {new.issuer}",
                    cure="give the same ca and proxy, or none, in every trust of an issuer",
                )
            now = self._clock()
            connection.execute(insert(trusts).values(created_at=now, **_columns(new)))
            record_change(connection, Change(actor, "trust.add", new.name, now, new.to_json()))
        return now

    def delete(self, name: str, *, actor: str) -> None:
        """Take a trust back; what its jobs got in exchange is worth nothing from now on.

        Raises:
            NotFound: there is none of that name.

        """
        with self._database.write() as connection:
            # The table's foreign key takes the sessions along.
            if not connection.execute(delete(trusts).where(trusts.c.name == name)).rowcount:
                raise _absent(name)
            record_change(connection, Change(actor, "trust.remove", name, self._clock()))


def read_trust(row: Row[Any]) -> Trust:
    """The trust of a row."""
    return Trust(
        name=row.name,
        issuer=row.issuer,
        audience=row.audience,
        claims={claim: tuple(patterns) for claim, patterns in row.claims.items()},
        clusters=tuple(row.clusters),
        namespaces=tuple(row.namespaces),
        seconds=row.seconds,
        ca=row.ca,
        proxy=row.proxy,
    )


def _columns(trust: Trust) -> dict[str, Any]:
    columns = trust.to_json()
    columns["seconds"] = columns.pop("lifetimeSeconds")
    return columns


def _find(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(trusts).where(trusts.c.name == name)).one_or_none()


def _absent(name: str) -> NotFound:
    return NotFound(f"no trust is named {name}", cure="see the list of trusts")
