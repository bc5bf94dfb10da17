"""Connected registries while the secret store fails: nothing half done, and a way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from portshift.core.errors import PortshiftError
from portshift_bridge.errors import Conflict, NotFound
from portshift_bridge.registries.model import Login, LoginKind, Registry, UnavailableLogin
from portshift_bridge.secrets import SecretState, SecretUnavailable
from portshift_bridge.settings import Settings
from portshift_bridge.starting import open_database
from portshift_bridge.store.audit import AuditFilter, AuditStore
from portshift_bridge.store.database import Database
from portshift_bridge.store.registries import ConnectedRegistry, RegistryStore, Removal
from tests.fakes.bridge_services import FakeClock
from tests.fakes.secrets import MemorySecretStore

ACME = Registry.from_json({"name": "acme", "url": "https://acme.example"})
TOKEN = Login(LoginKind.TOKEN, secret="swordfish")


class FailingSecretStore(MemorySecretStore):
    """A secret store that is sealed when told to be."""

    def __init__(self) -> None:
        super().__init__()
        self.sealed = False

    def get(self, name: str) -> Mapping[str, str]:
        if self.sealed:
            raise SecretUnavailable("Vault is sealed", state=SecretState.SEALED, cure="unseal it")
        return super().get(name)

    def put(self, name: str, values: Mapping[str, str]) -> None:
        self._check()
        super().put(name, values)

    def delete(self, name: str) -> None:
        self._check()
        super().delete(name)

    def _check(self) -> None:
        if self.sealed:
            raise PortshiftError("Vault is sealed", cure="unseal it")


@pytest.fixture
def secrets() -> FailingSecretStore:
    return FailingSecretStore()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened, _ = open_database(Settings(data=tmp_path))
    return opened


@pytest.fixture
def store(database: Database, secrets: FailingSecretStore) -> RegistryStore:
    return RegistryStore(database, secrets, FakeClock())


def actions(database: Database) -> list[str]:
    page = AuditStore(database).page(AuditFilter(), after=None, limit=50)
    return [change.action for _, change in page.items]


def test_a_login_that_is_not_kept_makes_no_registry(
    store: RegistryStore, secrets: FailingSecretStore, database: Database
) -> None:
    secrets.sealed = True
    with pytest.raises(PortshiftError, match="sealed"):
        store.create(ACME, TOKEN, actor="ann")
    assert store.all() == ()
    assert actions(database) == []


def test_a_login_that_is_not_kept_changes_nothing(
    store: RegistryStore, secrets: FailingSecretStore, database: Database
) -> None:
    store.create(ACME, TOKEN, actor="ann")
    secrets.sealed = True
    moved = Registry.from_json({"name": "acme", "url": "https://moved.example"})
    with pytest.raises(PortshiftError, match="sealed"):
        store.update("acme", lambda _: ConnectedRegistry(moved, Login()), actor="ann")
    assert store.get("acme").registry == ACME
    assert actions(database) == ["registry.add"]


def test_a_sealed_store_leaves_registries_without_logins_and_says_why(
    store: RegistryStore, secrets: FailingSecretStore
) -> None:
    store.create(ACME, TOKEN, actor="ann")
    secrets.sealed = True
    assert store.get("acme").login == UnavailableLogin("Vault is sealed", "unseal it", SecretState.SEALED)
    assert store.page(after=None, limit=5).items == store.all()


def test_a_secret_that_a_person_wrote_wrongly_is_damaged(
    store: RegistryStore, secrets: FailingSecretStore
) -> None:
    store.create(ACME, TOKEN, actor="ann")
    secrets.put("registries/acme", {"kind": "password", "secret": "swordfish"})
    login = store.get("acme").login
    assert isinstance(login, UnavailableLogin)
    assert (login.state, "expected username and secret" in login.problem) == (SecretState.DAMAGED, True)
    assert "swordfish" not in str(login)


def test_a_removal_that_would_leave_a_secret_behind_is_refused_unless_forced(
    store: RegistryStore, secrets: FailingSecretStore, database: Database
) -> None:
    store.create(ACME, TOKEN, actor="ann")
    secrets.sealed = True
    with pytest.raises(PortshiftError, match="sealed"):
        store.delete("acme", force=False, actor="ann")
    assert [each.registry.name for each in store.all()] == ["acme"]

    left = ("registries/acme", "registries/acme/webhook")
    assert store.delete("acme", force=True, actor="ann") == Removal(0, 0, left)
    assert store.all() == ()
    assert actions(database) == ["registry.remove", "registry.add"]


def test_two_changes_at_once_lose_neither(store: RegistryStore) -> None:
    store.create(ACME, TOKEN, actor="ann")
    renewed = Login(LoginKind.TOKEN, secret="renewed")

    def slowly(before: ConnectedRegistry) -> ConnectedRegistry:
        store.update("acme", lambda now: replace(now, login=renewed), actor="bob")
        return replace(before, registry=replace(before.registry, exclude=("tmp",)))

    with pytest.raises(Conflict, match="meanwhile"):
        store.update("acme", slowly, actor="ann")
    assert store.get("acme") == ConnectedRegistry(ACME, renewed)


def test_a_name_is_taken_once_and_its_login_stays(store: RegistryStore, secrets: FailingSecretStore) -> None:
    store.create(ACME, TOKEN, actor="ann")
    with pytest.raises(Conflict):
        store.create(ACME, Login(), actor="ann")
    assert store.get("acme").login == TOKEN


def test_what_is_not_there_is_not_found(store: RegistryStore) -> None:
    with pytest.raises(NotFound):
        store.delete("acme", force=True, actor="ann")
