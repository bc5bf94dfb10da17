"""Connected registries; their logins' secrets live in the secret store, never in the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from portshift_bridge.clock import Clock
from portshift_bridge.errors import Conflict, NotFound
from portshift_bridge.registries.model import Login, Registry
from portshift_bridge.secrets import SecretStore
from portshift_bridge.store.artifacts import ArtifactStore
from portshift_bridge.store.audit import Change, record_change
from portshift_bridge.store.database import Database
from portshift_bridge.store.paging import Page
from portshift_bridge.store.schema import identity_images, registries


@dataclass(frozen=True)
class ConnectedRegistry:
    """A registry and the login it is asked with."""

    registry: Registry
    login: Login


class RegistryStore:
    """The registries an administrator connected."""

    def __init__(self, database: Database, secrets: SecretStore, clock: Clock) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock

    def create(self, new: ConnectedRegistry, *, actor: str) -> None:
        """Connect a registry.

        Raises:
            Conflict: the name is taken.

        """
        name, now = new.registry.name, self._clock()
        with self._database.write() as connection:
            if _find(connection, name) is not None:
                raise Conflict(f"a registry named {name} exists", cure="choose another name, or update it")
            document = new.registry.to_json()
            connection.execute(
                insert(registries).values(name=name, document=document, created_at=now, updated_at=now)
            )
            record_change(connection, Change(actor, "registry.add", name, now, {"url": new.registry.url}))
            # Before the commit: a registry without its login never exists.
            self._secrets.put(_secret_name(name), new.login.to_secret())

    def get(self, name: str) -> ConnectedRegistry:
        """The registry of this name.

        Raises:
            NotFound: there is none.

        """
        with self._database.read() as connection:
            return self._connected(_required(connection, name))

    def page(self, *, after: str | None, limit: int) -> Page[ConnectedRegistry, str]:
        """Registries by name."""
        query = select(registries).order_by(registries.c.name).limit(limit + 1)
        if after is not None:
            query = query.where(registries.c.name > after)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        items = tuple(self._connected(row) for row in rows[:limit])
        return Page(items, items[-1].registry.name if len(rows) > limit else None)

    def all(self) -> tuple[ConnectedRegistry, ...]:
        """Every registry, by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(registries).order_by(registries.c.name)).all()
        return tuple(self._connected(row) for row in rows)

    def update(
        self, name: str, change: Callable[[ConnectedRegistry], ConnectedRegistry], *, actor: str
    ) -> ConnectedRegistry:
        """Replace a registry by what ``change`` makes of it; nobody else changes it meanwhile.

        Raises:
            NotFound: there is none of that name.

        """
        now = self._clock()
        with self._database.write() as connection:
            before = self._connected(_required(connection, name))
            after = change(before)
            connection.execute(
                update(registries)
                .where(registries.c.name == name)
                .values(document=after.registry.to_json(), updated_at=now)
            )
            detail = {"url": after.registry.url, "login_changed": after.login != before.login}
            record_change(connection, Change(actor, "registry.update", name, now, detail))
            if after.login != before.login:
                self._secrets.put(_secret_name(name), after.login.to_secret())
        return after

    def delete(self, name: str, *, force: bool, actor: str) -> None:
        """Forget a registry and its login.

        Raises:
            NotFound: there is none of that name.
            Conflict: identities name its artifacts, and ``force`` is not set.

        """
        with self._database.write() as connection:
            _required(connection, name)
            used = _identities_of(connection, name)
            if used and not force:
                raise Conflict(
                    f"{used} identities name artifacts of {name}; their images would not resolve again",
                    cure="remove it all the same with force",
                )
            connection.execute(delete(registries).where(registries.c.name == name))
            detail = {"force": force, "identities": used}
            record_change(connection, Change(actor, "registry.remove", name, self._clock(), detail))
        # After the commit: a secret without its registry is harmless, the other way round is not.
        self._secrets.delete(_secret_name(name))
        ArtifactStore(self._database, self._clock).remove_registry(name)

    def _connected(self, row: Row[Any]) -> ConnectedRegistry:
        login = Login.from_json(self._secrets.get(_secret_name(row.name)))
        return ConnectedRegistry(Registry.from_json(row.document), login)


def _secret_name(registry: str) -> str:
    return f"registries/{registry}"


def _find(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(registries).where(registries.c.name == name)).one_or_none()


def _required(connection: Connection, name: str) -> Row[Any]:
    row = _find(connection, name)
    if row is None:
        raise NotFound(f"no registry is named {name}", cure="see helm portshift registries list")
    return row


def _identities_of(connection: Connection, registry: str) -> int:
    query = select(func.count(identity_images.c.identity_key.distinct()))
    return connection.scalar(query.where(identity_images.c.registry == registry)) or 0
