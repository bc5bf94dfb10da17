"""Connected registries; their logins' secrets live in the secret store, never in the database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from portshift.core.errors import PortshiftError
from portshift_bridge.clock import Clock
from portshift_bridge.errors import Conflict, NotFound
from portshift_bridge.registries.model import Login, Registry, UnavailableLogin
from portshift_bridge.secrets import SecretState, SecretStore, SecretUnavailable
from portshift_bridge.store.artifacts import ArtifactStore
from portshift_bridge.store.audit import Change, record_change
from portshift_bridge.store.database import Database
from portshift_bridge.store.paging import Page
from portshift_bridge.store.schema import artifact_paths, identity_images, registries, registry_progress


@dataclass(frozen=True)
class ConnectedRegistry:
    """A registry and the login it is asked with, or why there is none now."""

    registry: Registry
    login: Login | UnavailableLogin


@dataclass(frozen=True)
class Removal:
    """What went with a registry.

    ``identities`` name artifacts of it and stay as they are; ``paths`` of the catalogue are forgotten;
    ``secrets_left`` are the secrets that the secret store did not let go.
    """

    identities: int
    paths: int
    secrets_left: tuple[str, ...] = ()


class RegistryStore:
    """The registries an administrator connected."""

    def __init__(self, database: Database, secrets: SecretStore, clock: Clock) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock

    def create(self, registry: Registry, login: Login, *, actor: str) -> None:
        """Connect a registry.

        Raises:
            Conflict: the name is taken.

        """
        name, now = registry.name, self._clock()
        with self._database.write() as connection:
            if _find(connection, name) is not None:
                raise Conflict(f"a registry named {name} exists", cure="choose another name, or update it")
            document = registry.to_json()
            connection.execute(
                insert(registries).values(name=name, document=document, created_at=now, updated_at=now)
            )
            detail = {"after": _shown(registry, login)}
            record_change(connection, Change(actor, "registry.add", name, now, detail))
            # Before the commit: no registry begins without its login.
            self._secrets.put(_secret_name(name), login.to_secret())

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

    def names(self) -> tuple[str, ...]:
        """The name of every registry; their secrets are not asked for."""
        with self._database.read() as connection:
            return tuple(connection.scalars(select(registries.c.name).order_by(registries.c.name)))

    def update(
        self, name: str, change: Callable[[ConnectedRegistry], ConnectedRegistry], *, actor: str
    ) -> ConnectedRegistry:
        """Replace a registry by what ``change`` makes of it.

        Raises:
            NotFound: there is none of that name.
            Conflict: somebody else changed it meanwhile.

        """
        now = self._clock()
        with self._database.read() as connection:
            read = _required(connection, name)
        # The secret store may be slow: it is asked before other writers have to wait.
        before = self._connected(read)
        after = change(before)
        with self._database.write() as connection:
            if _required(connection, name).updated_at != read.updated_at:
                raise Conflict(f"somebody else changed {name} meanwhile", cure="look at it, then try again")
            connection.execute(
                update(registries)
                .where(registries.c.name == name)
                .values(document=after.registry.to_json(), updated_at=now)
            )
            if after.registry.url != before.registry.url:
                _read_anew(connection, name)
            record_change(connection, Change(actor, "registry.update", name, now, _difference(before, after)))
            if isinstance(after.login, Login) and after.login != before.login:
                self._secrets.put(_secret_name(name), after.login.to_secret())
        if after.registry.url != before.registry.url:
            # What another Artifactory held would look hidden in this one, and stay for ever.
            ArtifactStore(self._database, self._clock).remove_registry(name)
        return after

    def require_removable(self, name: str, *, force: bool) -> None:
        """Raise unless ``delete`` would remove the registry now.

        Raises:
            NotFound, Conflict: as for ``delete``.

        """
        with self._database.read() as connection:
            _required(connection, name)
            _require_removable(connection, name, force=force)

    def delete(self, name: str, *, force: bool, actor: str) -> Removal:
        """Forget a registry, its secrets and its paths in the catalogue; identities stay.

        Raises:
            NotFound: there is none of that name.
            Conflict: identities name its artifacts, and ``force`` is not set.
            PortshiftError: the secret store does not let a secret go, and ``force`` is not set.

        """
        with self._database.write() as connection:
            before = _required(connection, name)
            used = _require_removable(connection, name, force=force)
            # Before the commit: a registry without its login says so, a secret without its registry is lost.
            left = self._delete_secrets(secret_names(name), force=force)
            connection.execute(delete(registries).where(registries.c.name == name))
            connection.execute(delete(registry_progress).where(registry_progress.c.registry == name))
            detail = {
                "before": _shown(Registry.from_json(before.document), None),
                "force": force,
                "identities": used.identities,
                "paths": used.paths,
                "secretsLeft": list(left),
            }
            record_change(connection, Change(actor, "registry.remove", name, self._clock(), detail))
        # After the commit, in small transactions: nobody waits while a million paths go.
        ArtifactStore(self._database, self._clock).remove_registry(name)
        return Removal(used.identities, used.paths, left)

    def _delete_secrets(self, names: Sequence[str], *, force: bool) -> tuple[str, ...]:
        left = []
        for name in names:
            try:
                self._secrets.delete(name)
            except PortshiftError:
                if not force:
                    raise
                left.append(name)
        return tuple(left)

    def _connected(self, row: Row[Any]) -> ConnectedRegistry:
        return ConnectedRegistry(Registry.from_json(row.document), self._login(row.name))

    def _login(self, registry: str) -> Login | UnavailableLogin:
        try:
            return Login.from_secret(self._secrets.get(_secret_name(registry)))
        except PortshiftError as error:
            # One secret that cannot be had takes down neither the list nor another registry.
            state = error.state if isinstance(error, SecretUnavailable) else SecretState.DAMAGED
            return UnavailableLogin(error.problem, error.cure or "enter the login again", state)


def _secret_name(registry: str) -> str:
    return f"registries/{registry}"


def secret_names(registry: str) -> tuple[str, ...]:
    """Everything that is kept for a registry: its login, and the secret of its webhook."""
    return (_secret_name(registry), f"{_secret_name(registry)}/webhook")


def _find(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(registries).where(registries.c.name == name)).one_or_none()


def _required(connection: Connection, name: str) -> Row[Any]:
    row = _find(connection, name)
    if row is None:
        raise NotFound(f"no registry is named {name}", cure="see helm portshift registries list")
    return row


def _read_anew(connection: Connection, registry: str) -> None:
    """At another URL may be another Artifactory: it is read from the start, by who takes the lease next."""
    nothing = dict.fromkeys(
        ("modified_until", "properties_until", "polled_at", "compared_at", "leased_by", "problem")
    )
    progress = update(registry_progress).where(registry_progress.c.registry == registry)
    connection.execute(progress.values(leased_until=0, **nothing))


def _require_removable(connection: Connection, registry: str, *, force: bool) -> Removal:
    used = Removal(_identities_of(connection, registry), _paths_of(connection, registry))
    if used.identities and not force:
        raise _in_use(registry, used)
    return used


def _identities_of(connection: Connection, registry: str) -> int:
    query = select(func.count(identity_images.c.identity_key.distinct()))
    return connection.scalar(query.where(identity_images.c.registry == registry)) or 0


def _paths_of(connection: Connection, registry: str) -> int:
    query = select(func.count()).select_from(artifact_paths).where(artifact_paths.c.registry == registry)
    return connection.scalar(query) or 0


def _in_use(name: str, used: Removal) -> Conflict:
    return Conflict(
        f"{name} is in use: {used.identities} identities name artifacts of it and their images would not"
        f" resolve again, {used.paths} paths of its artifacts would be forgotten",
        cure="remove it all the same with --force (?force=true)",
    )


def _shown(registry: Registry, login: Login | UnavailableLogin | None) -> dict[str, Any]:
    """What the audit log keeps of a registry: its fields, an authority's hash, whose login it is."""
    shown = {key: value for key, value in registry.to_json().items() if key != "name"}
    if registry.ca is not None:
        shown["ca"] = f"sha256:{hashlib.sha256(registry.ca.encode()).hexdigest()}"
    if isinstance(login, Login):
        shown["login"] = login.to_json()
        shown["proxyLogin"] = None if login.proxy is None else {"username": login.proxy.username}
    return shown


def _difference(before: ConnectedRegistry, after: ConnectedRegistry) -> dict[str, Any]:
    old, new = _shown(before.registry, before.login), _shown(after.registry, after.login)
    changed = {key for key in new if old.get(key) != new[key]}
    if before.login != after.login:
        changed.add("login")
    return {
        "changed": sorted(changed),
        "before": {key: old.get(key) for key in sorted(changed)},
        "after": {key: new.get(key) for key in sorted(changed)},
    }
