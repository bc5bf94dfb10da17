"""Opening a data folder: database, keys, secrets and first access, in an order that a crash cannot hurt."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from portshift.core.errors import UsageFault
from portshift_bridge.access import MIN_TOKEN_CHARACTERS, new_token
from portshift_bridge.cataloguing import Cataloguer
from portshift_bridge.clock import Clock, moment
from portshift_bridge.errors import StorageUnavailable
from portshift_bridge.inspecting import Inspector
from portshift_bridge.keys import KeyRing
from portshift_bridge.metrics import MeasuredResolver, Metrics
from portshift_bridge.oidc.exchange import Exchange
from portshift_bridge.oidc.issuers import Issuers
from portshift_bridge.registration import Registrar
from portshift_bridge.registries.artifactory import Artifactory
from portshift_bridge.registries.resolving.resolution import Resolver
from portshift_bridge.registries.sessions import Sessions
from portshift_bridge.registries.testing.connection import test_connection
from portshift_bridge.secret_stores import open_secrets
from portshift_bridge.secrets import SecretStore
from portshift_bridge.services import Services
from portshift_bridge.settings import Settings
from portshift_bridge.signers import open_keys
from portshift_bridge.store.access import AccessStore
from portshift_bridge.store.artifact_lists import ArtifactLists
from portshift_bridge.store.artifacts import ArtifactStore
from portshift_bridge.store.audit import AuditStore, note_change
from portshift_bridge.store.database import Database
from portshift_bridge.store.identities import IdentityStore
from portshift_bridge.store.installation import Installation, installation
from portshift_bridge.store.migration import Migrated, migrate
from portshift_bridge.store.progress import ProgressStore
from portshift_bridge.store.registrations import RegistrationStore
from portshift_bridge.store.registries import RegistryStore
from portshift_bridge.store.sessions import SessionStore
from portshift_bridge.store.trusts import TrustStore
from portshift_bridge.vault.opening import opened_vault
from portshift_bridge.watching.lanes import Schedule
from portshift_bridge.watching.watcher import Watcher
from portshift_bridge.watching.webhooks import Webhooks

_log = logging.getLogger(__name__)

ADMIN = "admin"
MAX_TOKEN_CHARACTERS = 512


@dataclass(frozen=True)
class Opened:
    """The services, and the administrator's token where this start made it: it is shown once."""

    services: Services
    first_token: str | None


def open_database(settings: Settings) -> tuple[Database, Migrated]:
    """The data folder's database, at this program's schema.

    Raises:
        StorageUnavailable: the folder or the database cannot be made, read or brought up to date.

    """
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageUnavailable(
            f"the data folder {settings.data} cannot be made: {error.strerror}",
            cure="choose another with --data or PORTSHIFT_BRIDGE_DATA",
        ) from error
    database = Database(settings.data / "portshift.db", wait_seconds=settings.storage_wait_seconds)
    return database, migrate(database)


@contextmanager
def open_services(settings: Settings, *, clock: Clock) -> Iterator[Opened]:
    """Open a data folder, beginning it when it is new; several processes may do so at once.

    Raises:
        UsageFault: a setting contradicts the data folder, or the token file is unusable.
        SignerUnavailable: the signer is new to the folder, and its key cannot be had.
        StorageUnavailable: a part of the folder cannot be made, read or written.

    """
    token = _read_token(settings.admin_token_file)
    with opened_vault(settings) as vault:
        database, _ = open_database(settings)
        note = partial(note_change, database, "settings", clock)
        keys = open_keys(settings, vault, now=moment(clock()), note=note)
        _follow_signer(keys, now=moment(clock()))
        metrics = Metrics()
        if vault is not None:
            metrics.watch_vault(lambda: vault.answering)
        begun = installation(database, new_issuer=str(uuid.uuid4()), trust_domain=settings.trust_domain)
        folder = _Folder(settings, clock, database, keys, open_secrets(settings, vault), begun, metrics)
        registries = RegistryStore(database, folder.secrets, clock)
        connections = Sessions()
        resolver = Resolver(
            lambda: [(each.registry, each.login) for each in registries.all()],
            deadline_seconds=settings.resolve_seconds,
            connect=lambda registry, login: Artifactory(connections.open(registry, login)),
        )
        services = _services(folder, registries, connections, resolver)
        try:
            yield Opened(services, _first_token(services.access, token))
        finally:
            resolver.close()
            database.close()


@dataclass(frozen=True)
class _Folder:
    """An opened data folder and what every part of the bridge stands on."""

    settings: Settings
    clock: Clock
    database: Database
    keys: KeyRing
    secrets: SecretStore
    installation: Installation
    metrics: Metrics


def _services(
    folder: _Folder, registries: RegistryStore, connections: Sessions, resolver: Resolver
) -> Services:
    database, clock, metrics = folder.database, folder.clock, folder.metrics
    registrations, progress = RegistrationStore(database), ProgressStore(database, clock)
    artifacts, lists = ArtifactStore(database, clock), ArtifactLists(database)
    trusts, sessions = TrustStore(database, clock), SessionStore(database, clock)
    watcher = _watcher(folder, registries, artifacts, progress, connections)
    return Services(
        settings=folder.settings,
        installation=folder.installation,
        database=database,
        keys=folder.keys,
        access=AccessStore(database, clock),
        audit=AuditStore(database),
        trusts=trusts,
        sessions=sessions,
        exchange=Exchange(trusts, sessions, Issuers(clock), metrics, clock),
        identities=IdentityStore(database, clock),
        registrations=registrations,
        registries=registries,
        artifacts=artifacts,
        artifact_lists=lists,
        cataloguer=Cataloguer(registries=registries.all, artifacts=artifacts, connect=connections.open),
        inspector=Inspector(
            registries=registries.all, lists=lists, artifacts=artifacts, connect=connections.open
        ),
        progress=progress,
        watcher=watcher,
        webhooks=_webhooks(folder, progress, watcher),
        registrar=_registrar(folder, registrations, resolver),
        test_connection=lambda connected: test_connection(connected.registry, connected.login),
        metrics=metrics,
        clock=clock,
    )


def _watcher(
    folder: _Folder,
    registries: RegistryStore,
    artifacts: ArtifactStore,
    progress: ProgressStore,
    connections: Sessions,
) -> Watcher:
    settings = folder.settings
    return Watcher(
        registries=registries.all,
        catalogue=artifacts,
        progress=progress,
        secrets=folder.secrets,
        metrics=folder.metrics,
        clock=folder.clock,
        schedule=Schedule(settings.poll_seconds, settings.compare_hours * 3_600),
        connect=connections.open,
    )


def _webhooks(folder: _Folder, progress: ProgressStore, watcher: Watcher) -> Webhooks:
    return Webhooks(
        progress=progress,
        secrets=folder.secrets,
        watcher=watcher,
        issuer=folder.installation.issuer,
        public_url=folder.settings.public_url,
    )


def _registrar(folder: _Folder, registrations: RegistrationStore, resolver: Resolver) -> Registrar:
    return Registrar(
        resolver=MeasuredResolver(resolver, folder.metrics),
        keys=folder.keys,
        tokens=registrations,
        installation=folder.installation,
        clock=folder.clock,
        new_id=lambda: str(uuid.uuid4()),
    )


def _follow_signer(keys: KeyRing, *, now: datetime) -> None:
    """Sign with the signer that the settings choose, if another one did until now."""
    entry = keys.take_over(now)
    if entry is not None:
        _log.warning("signer changed: kid=%s place=%r", entry.kid, entry.place)


def _first_token(access: AccessStore, given: str | None) -> str | None:
    if given is not None:
        access.ensure_admin(name=ADMIN, token=given)
        return None
    token = new_token()
    return token if access.create_first_admin(name=ADMIN, token=token) else None


def _read_token(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise UsageFault(f"the file {path} of admin_token_file cannot be read: {error}") from error
    if not MIN_TOKEN_CHARACTERS <= len(token) <= MAX_TOKEN_CHARACTERS or not token.isprintable():
        raise UsageFault(
            f"the file {path} holds {len(token)} characters, expected {MIN_TOKEN_CHARACTERS}"
            f" to {MAX_TOKEN_CHARACTERS} printable ones",
            cure="make one, for example with: openssl rand -hex 32",
        )
    return token
