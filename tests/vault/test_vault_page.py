"""docs/how-to/vault.md is true: what it tells to run logs a bridge in, its rights are enough and least."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from portshift_bridge.secrets import SecretUnavailable
from portshift_bridge.settings import Settings
from portshift_bridge.vault.errors import VaultDenied
from portshift_bridge.vault.secrets import VaultSecretStore
from tests.vault.kubernetes import review_tokens, service_account_token
from tests.vault.logins import private, session, settings_for
from tests.vault.pages import COMMANDS, POLICY, run, settings_of
from tests.vault.server import VaultServer
from tests.vault.stores import store_on

pytestmark = pytest.mark.integration

NAME = "registries/acme"
# Every right that the policy names.
RIGHTS = [right for each in re.findall(r"\[(.*?)\]", POLICY) for right in json.loads(f"[{each}]")]


def use(store: VaultSecretStore) -> None:
    """Everything that the bridge does with secrets."""
    store.put(NAME, {"secret": "one"})
    store.put(NAME, {"secret": "two"})
    assert store.get(NAME) == {"secret": "two"}
    assert store.names() == (NAME,)
    store.delete(NAME)


def policy_without(right: str) -> str:
    rules = re.sub(rf'"{right}", |, "{right}"', "", POLICY)
    assert rules != POLICY
    return rules


def use_by(settings: Settings) -> None:
    with session(settings) as opened:
        use(store_on(opened, path=settings.vault_path))


def commands(word: str) -> list[str]:
    found = [command for command in COMMANDS if word in command]
    assert found, f"the page has no command with {word}"
    return found


@pytest.fixture
def prepared(own_vault: VaultServer) -> VaultServer:
    """A Vault with the page's policy; its KV engine is there from the start, as the page would make it."""
    assert commands("vault secrets enable") == ["vault secrets enable -path=secret -version=2 kv"]
    run(own_vault, *commands("vault policy write"))
    return own_vault


def filled_in(vault: VaultServer, auth: str, folder: Path, **instead: Any) -> Settings:
    return Settings(data=folder, **{**settings_of(auth), "vault_address": vault.address, **instead})


def test_the_page_logs_in_by_approle(prepared: VaultServer, tmp_path: Path) -> None:
    enable, role, role_id, secret_id = commands("approle")
    run(prepared, enable)
    run(prepared, role)
    file = private(tmp_path / "secret-id", run(prepared, secret_id))
    settings = filled_in(
        prepared, "approle", tmp_path, vault_role_id=run(prepared, role_id), vault_secret_id_file=file
    )
    use_by(settings)


def test_the_page_logs_in_by_a_service_account(prepared: VaultServer, tmp_path: Path) -> None:
    enable, config, role = commands("kubernetes")
    file = tmp_path / "service-account"
    file.write_text(service_account_token(good=True))
    run(prepared, enable)
    # The test's cluster has another address, and its pod another name.
    with review_tokens() as (host, ca):
        run(prepared, config, kubernetes_host=host, kubernetes_ca_cert=ca, disable_local_ca_jwt="true")
        instead = {"bound_service_account_names": "portshift", "bound_service_account_namespaces": "tools"}
        run(prepared, role, **instead)
        use_by(filled_in(prepared, "kubernetes", tmp_path, vault_kubernetes_token_file=file))


def test_the_page_logs_in_by_token(prepared: VaultServer, tmp_path: Path) -> None:
    token = run(prepared, *commands("token create"))
    file = private(tmp_path / "vault-token", token)
    use_by(filled_in(prepared, "token", tmp_path, vault_token_file=file))
    found = prepared.root(token=token).auth.token.lookup_self()["data"]
    assert (found["period"], found["orphan"]) == (86_400, True)


@pytest.mark.parametrize("missing", RIGHTS)
def test_each_right_of_the_policy_is_needed(vault: VaultServer, tmp_path: Path, missing: str) -> None:
    token = vault.token(policy_without(missing))
    with (
        session(settings_for(vault, tmp_path, token=token)) as opened,
        pytest.raises((VaultDenied, SecretUnavailable), match="permission denied"),
    ):
        use(store_on(opened, path=f"portshift/{tmp_path.name}"))


def test_a_bridge_that_serves_needs_no_right_to_list(vault: VaultServer, tmp_path: Path) -> None:
    token = vault.token(policy_without("list"))
    with session(settings_for(vault, tmp_path, token=token)) as opened:
        store = store_on(opened, path=f"portshift/{tmp_path.name}")
        store.put(NAME, {"secret": "one"})
        store.put(NAME, {"secret": "two"})
        assert store.get(NAME) == {"secret": "two"}
        store.delete(NAME)


@pytest.mark.parametrize("path", ["other", "portshift2", "transit"])
def test_the_policy_reaches_nothing_else(vault: VaultServer, tmp_path: Path, path: str) -> None:
    with session(settings_for(vault, tmp_path, token=vault.token(POLICY))) as opened:
        store = store_on(opened, path=path)
        with pytest.raises(VaultDenied):
            store.put(NAME, {"secret": "one"})
        with pytest.raises(SecretUnavailable, match="permission denied"):
            store.get(NAME)
        with pytest.raises(VaultDenied):
            store.names()
