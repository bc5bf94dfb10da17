"""Secrets in a real Vault: what is remembered for how long, and what each failure of Vault says."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portshift.core.errors import PortshiftError
from portshift_bridge.secrets import SecretState, SecretUnavailable
from portshift_bridge.vault.errors import VaultDenied, VaultSealed
from portshift_bridge.vault.secrets import VaultSecretStore
from tests.vault.logins import session, settings_for
from tests.vault.server import VaultServer
from tests.vault.stores import store_on

pytestmark = pytest.mark.integration

NAME = "registries/acme"
CACHE, GRACE = 60, 3600
CANARY = "canary-7f3a"
EVERYTHING = 'path "secret/*" { capabilities = ["create", "read", "update", "delete", "list"] }\n'
LOOKS_UP = 'path "auth/token/lookup-self" { capabilities = ["read"] }'


@dataclass
class Remembering:
    """A store that remembers as the defaults say, on a clock that the test moves."""

    vault: VaultServer
    token: str
    store: VaultSecretStore
    now: float = 1_000.0

    def outside(self, secret: str) -> None:
        """Change the secret as somebody else does, with Vault's own program."""
        self.vault.root().secrets.kv.v2.create_or_update_secret(f"portshift/{NAME}", {"secret": secret})

    def value(self) -> str:
        return self.store.get(NAME)["secret"]

    def failure(self) -> SecretUnavailable:
        with pytest.raises(SecretUnavailable) as failure:
            self.store.get(NAME)
        return failure.value


@pytest.fixture
def remembering(own_vault: VaultServer, tmp_path: Path) -> Iterator[Remembering]:
    token = own_vault.token(EVERYTHING + LOOKS_UP)
    with session(settings_for(own_vault, tmp_path, token=token)) as opened:
        store = store_on(opened, cache_seconds=CACHE, grace_seconds=GRACE, monotonic=lambda: made.now)
        made = Remembering(own_vault, token, store)
        made.outside("swordfish")
        yield made


def seal(remembering: Remembering) -> None:
    remembering.vault.seal()


def kill(remembering: Remembering) -> None:
    remembering.vault.kill()


def deny(remembering: Remembering) -> None:
    system = remembering.vault.root().sys
    (name,) = (each for each in system.list_policies()["data"]["keys"] if each.startswith("policy-"))
    system.create_or_update_policy(name, LOOKS_UP)


def revoke(remembering: Remembering) -> None:
    remembering.vault.root().auth.token.revoke(remembering.token)


def delete_version(remembering: Remembering) -> None:
    remembering.vault.root().secrets.kv.v2.delete_latest_version_of_secret(f"portshift/{NAME}")


def destroy(remembering: Remembering) -> None:
    remembering.vault.root().secrets.kv.v2.delete_metadata_and_all_versions(f"portshift/{NAME}")


def spoil(remembering: Remembering) -> None:
    remembering.vault.root().secrets.kv.v2.create_or_update_secret(f"portshift/{NAME}", {"secret": 1})


def spoil_with_canary(remembering: Remembering) -> None:
    nested = {"secret": {"nested": CANARY}}
    remembering.vault.root().secrets.kv.v2.create_or_update_secret(f"portshift/{NAME}", nested)


Break = Callable[[Remembering], None]
SILENT: dict[SecretState, Break] = {SecretState.SEALED: seal, SecretState.UNREACHABLE: kill}
ANSWERED: list[tuple[Break, SecretState, str, str]] = [
    (deny, SecretState.DENIED, "permission denied", "policy of docs/how-to/vault.md"),
    (revoke, SecretState.DENIED, "cannot log in", "renew its login"),
    (
        delete_version,
        SecretState.MISSING,
        "no secret 'registries/acme' in Vault at secret/portshift",
        "enter",
    ),
    (destroy, SecretState.MISSING, "no secret 'registries/acme' in Vault at secret/portshift", "enter"),
    (spoil, SecretState.DAMAGED, "a field that is no text", "enter it again"),
]


def test_a_value_is_used_for_its_age_and_then_read_again(remembering: Remembering) -> None:
    assert remembering.value() == "swordfish"
    remembering.outside("changed")
    remembering.now += CACHE - 1
    assert remembering.value() == "swordfish"
    remembering.now += 1
    assert remembering.value() == "changed"


def test_what_the_bridge_changes_itself_counts_at_once(remembering: Remembering) -> None:
    assert remembering.value() == "swordfish"
    remembering.store.put(NAME, {"secret": "own"})
    assert remembering.value() == "own"
    remembering.store.delete(NAME)
    assert remembering.failure().state is SecretState.MISSING


@pytest.mark.parametrize("state", SILENT)
def test_while_vault_is_silent_a_known_value_works_for_the_grace(
    remembering: Remembering, state: SecretState
) -> None:
    remembering.value()
    SILENT[state](remembering)
    remembering.now += GRACE
    assert remembering.value() == "swordfish"
    remembering.now += 1
    failure = remembering.failure()
    assert failure.state is state
    assert NAME in failure.problem
    assert failure.cure


@pytest.mark.parametrize("state", SILENT)
def test_what_was_never_read_is_unavailable_while_vault_is_silent(
    remembering: Remembering, state: SecretState
) -> None:
    SILENT[state](remembering)
    assert remembering.failure().state is state


@pytest.mark.parametrize(("break_", "state", "problem", "cure"), ANSWERED)
def test_what_vault_answers_counts_once_the_age_is_over(
    remembering: Remembering, break_: Break, state: SecretState, problem: str, cure: str
) -> None:
    remembering.value()
    break_(remembering)
    remembering.now += CACHE
    failure = remembering.failure()
    assert failure.state is state
    assert problem in failure.problem
    assert cure in (failure.cure or "")


@pytest.mark.parametrize("break_", [deny, destroy])
def test_what_was_denied_or_gone_has_no_grace_left(remembering: Remembering, break_: Break) -> None:
    remembering.value()
    break_(remembering)
    remembering.now += CACHE
    remembering.failure()
    seal(remembering)
    assert remembering.failure().state is SecretState.SEALED


@pytest.mark.parametrize(
    ("break_", "mend"), [(VaultServer.seal, VaultServer.unseal), (VaultServer.kill, VaultServer.start)]
)
def test_once_vault_is_back_its_values_count_again(
    remembering: Remembering, break_: Callable[[VaultServer], None], mend: Callable[[VaultServer], None]
) -> None:
    remembering.value()
    break_(remembering.vault)
    remembering.now += CACHE
    assert remembering.value() == "swordfish"
    mend(remembering.vault)
    remembering.outside("changed")
    assert remembering.value() == "changed"


def test_a_put_and_a_delete_that_vault_does_not_take_say_why(remembering: Remembering) -> None:
    remembering.value()
    deny(remembering)
    with pytest.raises(VaultDenied, match="permission denied"):
        remembering.store.put(NAME, {"secret": "x"})
    with pytest.raises(VaultDenied, match="permission denied"):
        remembering.store.delete(NAME)
    assert remembering.value() == "swordfish"
    seal(remembering)
    with pytest.raises(VaultSealed, match="is sealed; unseal it"):
        remembering.store.put(NAME, {"secret": "x"})


def test_a_removed_login_is_in_no_version_that_vault_keeps(remembering: Remembering) -> None:
    remembering.store.put(NAME, {"secret": "second"})
    remembering.store.delete(NAME)
    remembering.store.put(NAME, {"secret": "third"})
    read = remembering.vault.root().secrets.kv.v2.read_secret_metadata(f"portshift/{NAME}")
    assert list(read["data"]["versions"]) == ["1"]


def test_names_that_are_not_ours_are_not_listed(remembering: Remembering) -> None:
    for path in ("portshift/with space", "portshift/.hidden/x", "elsewhere/registries/other"):
        remembering.vault.root().secrets.kv.v2.create_or_update_secret(path, {"x": "y"})
    assert remembering.store.names() == (NAME,)


def test_no_value_shows_in_a_failure_or_a_repr(
    remembering: Remembering, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    caplog.set_level("DEBUG")
    remembering.store.put(NAME, {"secret": CANARY})
    breaks: list[Break] = [spoil_with_canary, deny, seal, kill]
    for break_ in breaks:
        break_(remembering)
        remembering.now += GRACE + 1
        for ask in (
            lambda: remembering.store.get(NAME),
            lambda: remembering.store.put(NAME, {"secret": CANARY, "more": "x" * 65_536}),
            lambda: remembering.store.put(NAME, {"secret": CANARY}),
        ):
            try:
                ask()
            except PortshiftError as error:
                told += [repr(error), *traceback.format_exception(error)]
        told.append(repr(vars(remembering.store)))
    assert len(told) > 10
    assert CANARY not in "".join(told) + caplog.text
    assert remembering.token not in "".join(told) + caplog.text
