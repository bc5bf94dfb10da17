"""A bridge on a temporary data folder, whole but for the registries: they are a fake resolver."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from requests.adapters import BaseAdapter
from starlette.exceptions import StarletteDeprecationWarning

from portshift_bridge.access import Access, Role
from portshift_bridge.app import create_app
from portshift_bridge.cataloguing import Cataloguer
from portshift_bridge.clock import SECOND, moment
from portshift_bridge.file_keys import FileKeys
from portshift_bridge.inspecting import Inspector
from portshift_bridge.keys import KeyRing
from portshift_bridge.metrics import MeasuredResolver, Metrics
from portshift_bridge.oidc.exchange import Exchange
from portshift_bridge.oidc.issuers import Issuers
from portshift_bridge.registration import Registrar
from portshift_bridge.registries.model import Login, Registry
from portshift_bridge.registries.session import Session, open_session
from portshift_bridge.registries.testing.checks import Check, Status
from portshift_bridge.secrets import FileSecretStore
from portshift_bridge.services import Services
from portshift_bridge.settings import Settings
from portshift_bridge.signing import KeyHome
from portshift_bridge.starting import open_database
from portshift_bridge.store.access import AccessStore
from portshift_bridge.store.artifact_lists import ArtifactLists
from portshift_bridge.store.artifacts import ArtifactStore
from portshift_bridge.store.audit import AuditStore
from portshift_bridge.store.identities import IdentityStore
from portshift_bridge.store.installation import installation
from portshift_bridge.store.progress import ProgressStore
from portshift_bridge.store.registrations import RegistrationStore
from portshift_bridge.store.registries import ConnectedRegistry, RegistryStore
from portshift_bridge.store.sessions import SessionStore
from portshift_bridge.store.trusts import TrustStore
from portshift_bridge.watching.lanes import Schedule
from portshift_bridge.watching.watcher import Watcher
from portshift_bridge.watching.webhooks import Webhooks
from tests.fakes.http import ScriptedAdapter
from tests.fakes.issuer import FakeIssuer
from tests.fakes.resolver import FakeResolver

with warnings.catch_warnings():
    # starlette wants a successor of httpx that is not in our lock file.
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

NOON = 1_800_000_000 * SECOND
TOKENS = {role: f"psb_{role.value}-{'x' * 40}" for role in Role}


@dataclass
class FakeClock:
    """A clock that a test moves; each reading is a microsecond after the one before."""

    now: int = NOON

    def __call__(self) -> int:
        self.now += 1
        return self.now


@dataclass
class FakeConnectionTest:
    """A connection test whose answer the test decides."""

    checks: Sequence[Check] = (Check("reachable", Status.PASSED),)
    tried: list[ConnectedRegistry] = field(default_factory=list)

    def __call__(self, connected: ConnectedRegistry) -> Sequence[Check]:
        self.tried.append(connected)
        return self.checks


@dataclass
class FakeBridge:
    """The services and what a test changes about their surroundings.

    ``adapters`` are the registries that artifacts are read from, by name; any other never answers.
    """

    services: Services
    keys: KeyRing
    resolver: FakeResolver
    clock: FakeClock
    connection_test: FakeConnectionTest
    issuer: FakeIssuer
    client: TestClient
    adapters: dict[str, BaseAdapter]

    def call(self, method: str, path: str, *, role: Role | None = Role.ADMIN, **arguments: Any) -> Any:
        """A request with the token of a role, to the API when the path is relative."""
        headers = dict(arguments.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {TOKENS[role]}"
        url = path if path.startswith("/") else f"/api/v1/{path}"
        return self.client.request(method, url, headers=headers, **arguments)


@contextmanager
def fake_bridge(folder: Path, *, home: KeyHome | None = None, **settings: Any) -> Iterator[FakeBridge]:
    """A bridge with one access of each role; the deployer may sign for cluster dev and namespaces team-*."""
    clock, resolver, connection_test = FakeClock(), FakeResolver(), FakeConnectionTest()
    issuer = FakeIssuer(lambda: clock.now / SECOND)
    given = Settings(data=folder, **settings)
    database, _ = open_database(given)
    keys = KeyRing.open(folder, home or FileKeys.open(folder), now=moment(clock()))
    begun = installation(database, new_issuer="issuer-1", trust_domain=None)
    registrations, metrics = RegistrationStore(database), Metrics()
    trusts, sessions = TrustStore(database, clock), SessionStore(database, clock)
    numbers = itertools.count(1)
    secrets = FileSecretStore.open(folder)
    registries = RegistryStore(database, secrets, clock)
    artifacts, progress = ArtifactStore(database, clock), ProgressStore(database, clock)
    lists, adapters = ArtifactLists(database), dict[str, BaseAdapter]()

    def connect(registry: Registry, login: Login) -> Session:
        adapter = adapters.get(registry.name) or ScriptedAdapter(requests.Timeout())
        return open_session(registry, login, adapter=adapter, sleep=lambda _: None)

    watcher = Watcher(
        registries=registries.all,
        catalogue=artifacts,
        progress=progress,
        secrets=secrets,
        metrics=metrics,
        clock=clock,
        schedule=Schedule(given.poll_seconds, given.compare_hours * 3_600),
    )
    services = Services(
        settings=given,
        installation=begun,
        database=database,
        keys=keys,
        access=AccessStore(database, clock),
        audit=AuditStore(database),
        trusts=trusts,
        sessions=sessions,
        exchange=Exchange(trusts, sessions, Issuers(clock, adapter=lambda _: issuer.adapter), metrics, clock),
        identities=IdentityStore(database, clock),
        registrations=registrations,
        registries=registries,
        artifacts=artifacts,
        artifact_lists=lists,
        cataloguer=Cataloguer(registries=registries.all, artifacts=artifacts, connect=connect),
        inspector=Inspector(registries=registries.all, lists=lists, artifacts=artifacts, connect=connect),
        progress=progress,
        watcher=watcher,
        webhooks=Webhooks(
            progress=progress,
            secrets=secrets,
            watcher=watcher,
            issuer=begun.issuer,
            public_url=given.public_url,
            connect=connect,
        ),
        registrar=Registrar(
            resolver=MeasuredResolver(resolver, metrics),
            keys=keys,
            tokens=registrations,
            installation=begun,
            clock=clock,
            new_id=lambda: f"registration-{next(numbers)}",
        ),
        test_connection=connection_test,
        metrics=metrics,
        clock=clock,
    )
    _add_accesses(services.access)
    client = TestClient(create_app(services), raise_server_exceptions=False)
    yield FakeBridge(services, keys, resolver, clock, connection_test, issuer, client, adapters)
    database.close()


def _add_accesses(access: AccessStore) -> None:
    scopes = {Role.DEPLOYER: (("dev",), ("team-*",)), Role.AGENT: (("dev",), ("*",))}
    for role in Role:
        clusters, namespaces = scopes.get(role, (("*",), ("*",)))
        access.create(Access(role.value, role, clusters, namespaces), token=TOKENS[role], actor="test")


def rendering(*references: str, name: str = "web", namespace: str = "shop", **fields: Any) -> dict[str, Any]:
    """A registration request of one Deployment with a container for each reference."""
    images = [{"name": f"c{index}", "reference": text} for index, text in enumerate(references)]
    workload = {"group": "apps", "kind": "Deployment", "namespace": namespace, "name": name}
    return {"intent": "deploy", "workloads": [{**workload, "images": images}], **fields}
