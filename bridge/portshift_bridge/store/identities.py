"""Listing, showing, revoking and restoring identities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, tuple_, update

from portshift.core.errors import InvalidInput
from portshift.core.identity import Build, PlannedImage
from portshift.core.wire import Intent, Release
from portshift_bridge.clock import Clock
from portshift_bridge.errors import NotFound
from portshift_bridge.store.audit import Change, record_change
from portshift_bridge.store.database import Database
from portshift_bridge.store.paging import Page
from portshift_bridge.store.records import KeptIdentity, revocation_of, workload_of
from portshift_bridge.store.schema import identities, identity_images

MIN_PREFIX = 8
_AT_ONCE = 500
_OF_THE_IMAGES = {"digest": identity_images.c.digest, "reference": identity_images.c.reference}


@dataclass(frozen=True)
class IdentityFilter:
    """Which identities to list; each field that is set must be equal."""

    namespace: str | None = None
    name: str | None = None
    kind: str | None = None
    cluster: str | None = None
    environment: str | None = None
    status: str | None = None
    digest: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Position:
    """A place in the list: time of issue in microseconds, then the order of insertion."""

    issued_at: int
    key: int


class IdentityStore:
    """Every identity that was ever signed; none is deleted."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def page(
        self, wanted: IdentityFilter, *, after: Position | None, limit: int
    ) -> Page[KeptIdentity, Position]:
        """The next ``limit`` identities, newest first."""
        place = (identities.c.issued_at, identities.c.key)
        query = select(identities).where(*_conditions(wanted))
        query = query.order_by(*(column.desc() for column in place)).limit(limit + 1)
        if after is not None:
            query = query.where(tuple_(*place) < (after.issued_at, after.key))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            items = _kept(connection, rows[:limit])
        more = len(rows) > limit
        return Page(items, Position(rows[limit - 1].issued_at, rows[limit - 1].key) if more else None)

    def get(self, prefix: str) -> KeptIdentity:
        """The one identity whose id begins with ``prefix``.

        Raises:
            InvalidInput: fewer than 8 hexadecimal digits, or several ids begin so.
            NotFound: no id begins so.

        """
        with self._database.read() as connection:
            return _kept(connection, [_only(connection, prefix)])[0]

    def signed_with(self, kid: str) -> Iterator[KeptIdentity]:
        """Every identity whose token this key signed, in the order of signing."""
        after = 0
        while True:
            query = select(identities).where(identities.c.kid == kid, identities.c.key > after)
            with self._database.read() as connection:
                rows = connection.execute(query.order_by(identities.c.key).limit(_AT_ONCE)).all()
                items = _kept(connection, rows)
            yield from items
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1].key

    def revoke(self, prefix: str, *, reason: str, actor: str) -> KeptIdentity:
        """Withdraw an identity; one that is revoked already keeps its first reason.

        Raises:
            InvalidInput, NotFound: as for ``get``.

        """
        now = self._clock()
        with self._database.write() as connection:
            row = _only(connection, prefix)
            if row.revoked_at is None:
                values = {
                    "status": "revoked",
                    "revoked_at": now,
                    "revoked_by": actor,
                    "revoked_reason": reason,
                }
                _change(
                    connection, row, values, Change(actor, "identity.revoke", row.id, now, {"reason": reason})
                )
            return _kept(connection, [_only(connection, row.id)])[0]

    def restore(self, prefix: str, *, actor: str) -> KeptIdentity:
        """Allow a revoked identity again; an active one stays as it is.

        Raises:
            InvalidInput, NotFound: as for ``get``.

        """
        now = self._clock()
        with self._database.write() as connection:
            row = _only(connection, prefix)
            if row.revoked_at is not None:
                values = {
                    "status": "active",
                    "revoked_at": None,
                    "revoked_by": None,
                    "revoked_reason": None,
                }
                _change(connection, row, values, Change(actor, "identity.restore", row.id, now))
            return _kept(connection, [_only(connection, row.id)])[0]


def _conditions(wanted: IdentityFilter) -> Iterable[ColumnElement[bool]]:
    for field in fields(wanted):
        value = getattr(wanted, field.name)
        if value is None:
            continue
        if field.name in _OF_THE_IMAGES:
            named = select(identity_images.c.identity_key).where(_OF_THE_IMAGES[field.name] == value)
            yield identities.c.key.in_(named)
        else:
            yield identities.c[field.name] == value


def _only(connection: Connection, prefix: str) -> Row[Any]:
    if len(prefix) < MIN_PREFIX or set(prefix) - set("0123456789abcdef"):
        raise InvalidInput(
            f"found the identity id {prefix!r}, expected at least {MIN_PREFIX} hexadecimal digits of it"
        )
    # 'g' follows every hexadecimal digit, so this is the range of the ids with the prefix.
    begins = (identities.c.id >= prefix, identities.c.id < prefix + "g")
    rows = connection.execute(select(identities).where(*begins).limit(2)).all()
    if not rows:
        raise NotFound(f"no identity's id begins with {prefix}", cure="see helm portshift identities list")
    if len(rows) > 1:
        raise InvalidInput(f"several identities' ids begin with {prefix}", cure="give more digits")
    return rows[0]


def _change(connection: Connection, row: Row[Any], values: Mapping[str, Any], change: Change) -> None:
    connection.execute(update(identities).where(identities.c.key == row.key).values(**values))
    record_change(connection, change)


def _kept(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[KeptIdentity, ...]:
    images: dict[int, list[PlannedImage]] = defaultdict(list)
    query = (
        select(identity_images)
        .where(identity_images.c.identity_key.in_([row.key for row in rows]))
        .order_by(identity_images.c.identity_key, identity_images.c.position)
    )
    for image in connection.execute(query):
        images[image.identity_key].append(_image(image))
    return tuple(_identity(row, tuple(images[row.key])) for row in rows)


def _image(row: Row[Any]) -> PlannedImage:
    build = Build(row.build_name, row.build_number) if row.build_name is not None else None
    return PlannedImage(row.name, row.reference, row.digest, tuple(row.children), row.artifact, build)


def _identity(row: Row[Any], images: tuple[PlannedImage, ...]) -> KeptIdentity:
    return KeptIdentity(
        id=row.id,
        workload=workload_of(row),
        cluster=row.cluster,
        environment=row.environment,
        images=images,
        token=row.token,
        issued_at=row.issued_at,
        signed_by=row.signed_by,
        last_registered_at=row.last_registered_at,
        release=Release(row.release_name, row.release_namespace, row.chart),
        intent=Intent(row.intent),
        revocation=revocation_of(row),
    )
