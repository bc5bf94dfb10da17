"""What every secret store does, the fake of the unit tests included."""

from __future__ import annotations

from pathlib import Path

import pytest

from portshift.core.errors import InvalidInput
from portshift_bridge.secrets import FileSecretStore, SecretStore, SecretUnavailable
from tests.fakes.secrets import MemorySecretStore

LOGIN = {"username": "deployer", "password": "pä$$ \n\0"}


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SecretStore:
    return FileSecretStore.open(tmp_path) if request.param == "file" else MemorySecretStore()


def test_what_is_put_is_there(store: SecretStore) -> None:
    store.put("registries/acme", LOGIN)
    assert store.get("registries/acme") == LOGIN


def test_a_second_put_replaces_the_first_whole(store: SecretStore) -> None:
    store.put("registries/acme", LOGIN)
    store.put("registries/acme", {"token": "t"})
    assert store.get("registries/acme") == {"token": "t"}


def test_names_are_kept_apart(store: SecretStore) -> None:
    store.put("a", {"x": "1"})
    store.put("b", {})
    assert (store.get("a"), store.get("b")) == ({"x": "1"}, {})


def test_what_was_never_put_is_unavailable(store: SecretStore) -> None:
    with pytest.raises(SecretUnavailable, match="nobody"):
        store.get("nobody")


def test_what_is_deleted_is_gone_and_may_be_deleted_again(store: SecretStore) -> None:
    store.put("registries/acme", LOGIN)
    store.delete("registries/acme")
    store.delete("registries/acme")
    with pytest.raises(SecretUnavailable):
        store.get("registries/acme")


def test_what_is_read_can_be_changed_without_changing_the_store(store: SecretStore) -> None:
    given = dict(LOGIN)
    store.put("registries/acme", given)
    given["password"] = "changed"
    assert store.get("registries/acme") == LOGIN


@pytest.mark.parametrize("name", ["", "x" * 254])
def test_a_name_out_of_bounds_is_refused(store: SecretStore, name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        store.put(name, LOGIN)


def test_values_beyond_64_kib_are_refused(store: SecretStore) -> None:
    with pytest.raises(InvalidInput, match="at most 65536"):
        store.put("large", {"x": "y" * 65_536})
