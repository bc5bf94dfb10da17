"""The session at a real Vault: its three logins, their renewal, and every way in which Vault fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hvac
import pytest

from portshift.core.errors import PortshiftError, Unreachable
from portshift_bridge.vault.errors import VaultDenied, VaultNotFound, VaultSealed, VaultUnreachable
from tests.vault.kubernetes import review_tokens, service_account_token
from tests.vault.logins import private, session, settings_for
from tests.vault.server import VaultServer

pytestmark = pytest.mark.integration

READS = 'path "secret/data/shared/*" { capabilities = ["read"] }'
LOOKS_UP = 'path "auth/token/lookup-self" { capabilities = ["read"] }'
RENEWS = 'path "auth/token/renew-self" { capabilities = ["update"] }'


def write(vault: VaultServer, path: str = "shared/one") -> None:
    vault.root().secrets.kv.v2.create_or_update_secret(path, {"word": "swordfish"})


def read(client: hvac.Client, path: str = "shared/one") -> str:
    answer = client.secrets.kv.v2.read_secret_version(path, raise_on_deleted_version=True)
    return str(answer["data"]["data"]["word"])


def token_of(client: hvac.Client) -> str:
    return str(client.token)


@pytest.fixture
def approle(vault: VaultServer, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Settings of an AppRole whose tokens live 3 seconds, 12 at most."""
    root = vault.root()
    root.sys.enable_auth_method("approle", path="robots")
    root.sys.create_or_update_policy("robot", READS)
    root.auth.approle.create_or_update_approle(
        "bridge", token_policies=["robot"], token_ttl="3s", token_max_ttl="12s", mount_point="robots"
    )
    role = root.auth.approle.read_role_id("bridge", mount_point="robots")["data"]["role_id"]
    secret = root.auth.approle.generate_secret_id("bridge", mount_point="robots")["data"]["secret_id"]
    yield {
        "vault_auth": "approle",
        "vault_auth_mount": "robots",
        "vault_role_id": role,
        "vault_secret_id_file": private(tmp_path / "secret-id", secret + "\n"),
    }
    root.sys.disable_auth_method("robots")


def test_nothing_is_sent_before_the_first_call(own_vault: VaultServer, tmp_path: Path) -> None:
    own_vault.stop()
    with session(settings_for(own_vault, tmp_path)) as opened:
        own_vault.start()
        write(own_vault)
        assert opened.call(read) == "swordfish"


def test_an_approle_logs_in_and_stays_logged_in_beyond_its_tokens_life(
    vault: VaultServer, tmp_path: Path, approle: dict[str, Any]
) -> None:
    write(vault)
    with session(settings_for(vault, tmp_path, **approle)) as opened:
        first = opened.call(token_of)
        time.sleep(4)
        assert opened.call(token_of) == first  # renewed while nobody asked
        assert opened.call(read) == "swordfish"


def test_a_login_that_has_lived_its_longest_is_made_again(
    vault: VaultServer, tmp_path: Path, approle: dict[str, Any]
) -> None:
    write(vault)
    vault.root().auth.approle.create_or_update_approle(
        "bridge", token_policies=["robot"], token_ttl="2s", token_max_ttl="3s", mount_point="robots"
    )
    with session(settings_for(vault, tmp_path, **approle)) as opened:
        first = opened.call(token_of)
        time.sleep(4)
        assert opened.call(read) == "swordfish"
        assert opened.call(token_of) != first


def test_a_wrong_secret_id_says_that_the_bridge_cannot_log_in(
    vault: VaultServer, tmp_path: Path, approle: dict[str, Any]
) -> None:
    private(approle["vault_secret_id_file"], "wrong-secret-id")
    with (
        session(settings_for(vault, tmp_path, **approle)) as opened,
        pytest.raises(VaultDenied, match=r"cannot log in: .*invalid secret id") as denied,
    ):
        opened.call(read)
    assert "wrong-secret-id" not in str(denied.value)


def test_an_auth_method_that_is_not_mounted_is_a_denied_login(vault: VaultServer, tmp_path: Path) -> None:
    file = private(tmp_path / "secret-id", "x")
    settings = settings_for(
        vault, tmp_path, vault_auth="approle", vault_role_id="x", vault_secret_id_file=file
    )
    with session(settings) as opened, pytest.raises(VaultDenied, match="cannot log in"):
        opened.call(read)


def test_a_service_account_logs_in(vault: VaultServer, tmp_path: Path) -> None:
    write(vault)
    root = vault.root()
    root.sys.enable_auth_method("kubernetes")
    root.sys.create_or_update_policy("pod", READS)
    file = tmp_path / "service-account"
    with review_tokens() as (host, ca):
        root.auth.kubernetes.configure(host, kubernetes_ca_cert=ca, disable_local_ca_jwt=True)
        root.auth.kubernetes.create_role(
            "bridge",
            bound_service_account_names="portshift",
            bound_service_account_namespaces="tools",
            policies=["pod"],
        )
        settings = settings_for(
            vault,
            tmp_path,
            vault_auth="kubernetes",
            vault_role="bridge",
            vault_kubernetes_token_file=file,
        )
        file.write_text(service_account_token(good=False))
        with session(settings) as opened, pytest.raises(VaultDenied, match="cannot log in"):
            opened.call(read)
        file.write_text(service_account_token(good=True))
        with session(settings) as opened:
            assert opened.call(read) == "swordfish"


def test_a_periodic_token_is_renewed_while_the_bridge_is_idle(vault: VaultServer, tmp_path: Path) -> None:
    write(vault)
    token = vault.token(READS + LOOKS_UP + RENEWS, period="2s")
    with session(settings_for(vault, tmp_path, token=token)) as opened:
        opened.call(read)
        time.sleep(4)
        assert opened.call(read) == "swordfish"


def test_a_revoked_token_is_denied_until_the_file_holds_another(vault: VaultServer, tmp_path: Path) -> None:
    write(vault)
    first, second = (vault.token(READS + LOOKS_UP, ttl="1h") for _ in range(2))
    with session(settings_for(vault, tmp_path, token=first)) as opened:
        opened.call(read)
        vault.root().auth.token.revoke(first)
        with pytest.raises(VaultDenied, match="cannot log in"):
            opened.call(read)
        private(tmp_path / "vault.token", second)
        assert opened.call(read) == "swordfish"


def test_an_approle_whose_token_was_revoked_logs_in_again_unnoticed(
    vault: VaultServer, tmp_path: Path, approle: dict[str, Any]
) -> None:
    write(vault)
    with session(settings_for(vault, tmp_path, **approle)) as opened:
        vault.root().auth.token.revoke(opened.call(token_of))
        assert opened.call(read) == "swordfish"


def test_what_the_policy_does_not_allow_is_denied_and_keeps_the_login(
    vault: VaultServer, tmp_path: Path
) -> None:
    token = vault.token(READS + LOOKS_UP, ttl="1h")
    with session(settings_for(vault, tmp_path, token=token)) as opened:
        with pytest.raises(VaultDenied, match="refuses GET /v1/secret/data/other") as denied:
            opened.call(lambda client: read(client, "other"))
        assert "policy" in str(denied.value.cure)
        assert opened.call(token_of) == token


def test_what_is_not_there_is_not_found(vault: VaultServer, tmp_path: Path) -> None:
    with session(settings_for(vault, tmp_path)) as opened, pytest.raises(VaultNotFound):
        opened.call(lambda client: read(client, "nothing/here"))


def test_sealed_says_so_until_somebody_unseals_it(own_vault: VaultServer, tmp_path: Path) -> None:
    write(own_vault)
    with session(settings_for(own_vault, tmp_path)) as opened:
        opened.call(read)
        own_vault.seal()
        with pytest.raises(VaultSealed, match="is sealed; unseal it") as sealed:
            opened.call(read)
        assert isinstance(sealed.value, Unreachable)
        own_vault.unseal()
        assert opened.call(read) == "swordfish"


def test_killed_is_unreachable_and_the_session_outlives_it(own_vault: VaultServer, tmp_path: Path) -> None:
    write(own_vault)
    with session(settings_for(own_vault, tmp_path)) as opened:
        opened.call(read)
        own_vault.kill()
        with pytest.raises(VaultUnreachable, match="cannot be reached") as gone:
            opened.call(read)
        assert isinstance(gone.value, Unreachable)
        own_vault.start()
        assert opened.call(read) == "swordfish"


def test_a_file_that_others_may_read_is_refused(vault: VaultServer, tmp_path: Path) -> None:
    settings = settings_for(vault, tmp_path)
    (tmp_path / "vault.token").chmod(0o640)
    with session(settings) as opened, pytest.raises(PortshiftError, match="mode 0640, expected 0600"):
        opened.call(read)


def test_a_closed_session_leaves_no_timer_behind(vault: VaultServer, tmp_path: Path) -> None:
    token = vault.token(READS + LOOKS_UP + RENEWS, period="3s")
    with session(settings_for(vault, tmp_path, token=token)) as opened:
        opened.call(token_of)
    time.sleep(4)
    with pytest.raises(hvac.exceptions.Forbidden):
        vault.root(token=token).auth.token.lookup_self()
