"""What every secret store does, the fake of the unit tests included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portshift.core.errors import InvalidInput
from portshift_bridge.secrets import FileSecretStore, SecretState, SecretStore, SecretUnavailable
from tests.fakes.secrets import MemorySecretStore
from tests.vault.logins import session, settings_for
from tests.vault.server import VaultServer, vault_server
from tests.vault.stores import store_on

LOGIN = {"username": "deployer", "password": "pä$$ \n\0"}


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultServer]:
    with vault_server(tmp_path_factory.mktemp("vault")) as started:
        yield started


@pytest.fixture(params=["file", "memory", pytest.param("vault", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SecretStore]:
    if request.param == "vault":
        server: VaultServer = request.getfixturevalue("vault")
        # A folder of its own for each test, as the other stores have.
        path = f"portshift/{tmp_path.name}"
        with session(settings_for(server, tmp_path)) as opened:
            yield store_on(opened, path=path)
        return
    yield FileSecretStore.open(tmp_path) if request.param == "file" else MemorySecretStore()


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


def test_what_was_never_put_is_missing(store: SecretStore) -> None:
    with pytest.raises(SecretUnavailable, match="nobody") as missing:
        store.get("nobody")
    assert (missing.value.state, missing.value.cure) == (SecretState.MISSING, "enter it again")


def test_what_is_deleted_is_gone_and_may_be_deleted_again(store: SecretStore) -> None:
    store.put("registries/acme", LOGIN)
    store.delete("registries/acme")
    store.delete("registries/acme")
    with pytest.raises(SecretUnavailable):
        store.get("registries/acme")
    assert store.names() == ()


def test_what_is_deleted_can_be_put_again(store: SecretStore) -> None:
    store.put("registries/acme", LOGIN)
    store.delete("registries/acme")
    store.put("registries/acme", {"token": "t"})
    assert store.get("registries/acme") == {"token": "t"}


def test_a_new_store_has_no_names(store: SecretStore) -> None:
    assert store.names() == ()


def test_names_are_told_in_order_those_below_another_name_too(store: SecretStore) -> None:
    for name in ("registries/b", "registries/acme/webhook", "registries/acme", "a.b_c-1"):
        store.put(name, LOGIN)
    assert store.names() == ("a.b_c-1", "registries/acme", "registries/acme/webhook", "registries/b")


def test_what_is_read_can_be_changed_without_changing_the_store(store: SecretStore) -> None:
    given = dict(LOGIN)
    store.put("registries/acme", given)
    given["password"] = "changed"
    assert store.get("registries/acme") == LOGIN


@pytest.mark.parametrize(
    "name", ["", "x" * 254, "a/../b", "/a", "a/", "a//b", "a b", "a?b", "a%2Fb", ".a", "a\n", "ä"]
)
def test_a_name_that_is_none_is_refused(store: SecretStore, name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        store.put(name, LOGIN)
    assert store.names() == ()


def test_the_longest_name_and_values_are_kept(store: SecretStore) -> None:
    name, values = "/".join(["x" * 62] * 4), {"large": "y" * (65_536 - 13)}
    store.put(name, values)
    assert (store.get(name), store.names()) == (values, (name,))


def test_values_beyond_64_kib_are_refused(store: SecretStore) -> None:
    with pytest.raises(InvalidInput, match="at most 65536"):
        store.put("large", {"x": "y" * 65_536})
