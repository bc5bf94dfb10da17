"""Access tokens at rest: names, roles and hashes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from portshift_bridge.access import Access, Role, token_hash
from portshift_bridge.clock import Clock
from portshift_bridge.errors import Conflict, NotFound
from portshift_bridge.store.audit import Change, record_change
from portshift_bridge.store.database import Database
from portshift_bridge.store.paging import Page
from portshift_bridge.store.schema import access


class AccessStore:
    """Every access that was created and not revoked."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def holder(self, token: str) -> Access | None:
        """The access that the token belongs to."""
        query = select(access).where(access.c.token_hash == token_hash(token))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _access(row)

    def create(self, new: Access, *, token: str, actor: str) -> None:
        """Keep a new access with its token's hash.

        Raises:
            Conflict: the name is taken.

        """
        with self._database.write() as connection:
            if _find(connection, new.name) is not None:
                raise Conflict(f"an access named {new.name} exists", cure="choose another name")
            self._insert(connection, new, token=token, actor=actor)

    def ensure_admin(self, *, name: str, token: str) -> bool:
        """Make ``name`` an administrator with this token; True when that changed something."""
        with self._database.write() as connection:
            row = _find(connection, name)
            if row is None:
                self._insert(connection, Access(name, Role.ADMIN), token=token, actor="settings")
                return True
            if row.token_hash == token_hash(token) and row.role == Role.ADMIN:
                return False
            connection.execute(
                update(access)
                .where(access.c.name == name)
                .values(token_hash=token_hash(token), role=Role.ADMIN, clusters=["*"], namespaces=["*"])
            )
            record_change(connection, Change("settings", "access.replace", name, self._clock()))
            return True

    def create_first_admin(self, *, name: str, token: str) -> bool:
        """Create the administrator of a new data folder; False when any access exists already."""
        with self._database.write() as connection:
            if connection.scalar(select(func.count()).select_from(access)):
                return False
            self._insert(connection, Access(name, Role.ADMIN), token=token, actor="first start")
            return True

    def page(self, *, after: str | None, limit: int) -> Page[tuple[Access, int], str]:
        """Accesses by name, each with its time of creation."""
        query = select(access).order_by(access.c.name).limit(limit + 1)
        if after is not None:
            query = query.where(access.c.name > after)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        items = tuple((_access(row), row.created_at) for row in rows[:limit])
        return Page(items, items[-1][0].name if len(rows) > limit else None)

    def delete(self, name: str, *, actor: str) -> None:
        """Forget an access; its token is worth nothing from now on.

        Raises:
            NotFound: there is none of that name.
            Conflict: it is the last administrator.

        """
        with self._database.write() as connection:
            row = _find(connection, name)
            if row is None:
                raise NotFound(f"no access is named {name}", cure="see the list of accesses")
            if row.role == Role.ADMIN and _count_admins(connection) == 1:
                raise Conflict(f"{name} is the last administrator", cure="create another one first")
            connection.execute(delete(access).where(access.c.name == name))
            record_change(connection, Change(actor, "access.revoke", name, self._clock()))

    def _insert(self, connection: Connection, new: Access, *, token: str, actor: str) -> None:
        now = self._clock()
        scope = {"clusters": list(new.clusters), "namespaces": list(new.namespaces)}
        connection.execute(
            insert(access).values(
                name=new.name, role=new.role, token_hash=token_hash(token), created_at=now, **scope
            )
        )
        detail = {"role": new.role.value, **scope}
        record_change(connection, Change(actor, "access.create", new.name, now, detail))


def _find(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(access).where(access.c.name == name)).one_or_none()


def _count_admins(connection: Connection) -> int:
    query = select(func.count()).select_from(access).where(access.c.role == Role.ADMIN)
    return connection.scalar(query) or 0


def _access(row: Row[Any]) -> Access:
    return Access(row.name, Role(row.role), tuple(row.clusters), tuple(row.namespaces))
