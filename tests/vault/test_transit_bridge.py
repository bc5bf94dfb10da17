"""A real bridge that signs in a real Vault: the signer changes, Vault dies, and no token changes."""

from __future__ import annotations

import hashlib
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from tests.conftest import REPOSITORY
from tests.fakes.bridge_services import rendering
from tests.fakes.program import Program
from tests.integration.bridge_process import PROGRAM, TOKEN, BridgeProcess, environment, running, start
from tests.vault.logins import private
from tests.vault.server import ROOT_TOKEN, VaultServer

pytestmark = pytest.mark.integration

# The policy that the page gives; every test but those of missing rights runs with it.
(SIGNS,) = re.findall(
    r"^```hcl\n(.*?)^```", (REPOSITORY / "docs/reference/token.md").read_text(), re.DOTALL | re.MULTILINE
)
DEPLOYMENT = b"""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {spec: {containers: [{name: app, image: "app:1"}]}}}
"""


@pytest.fixture
def transit(own_vault: VaultServer) -> VaultServer:
    """A Vault of the test's own with a Transit engine and nothing in it."""
    own_vault.root().sys.enable_secrets_engine("transit")
    return own_vault


def file_signer(folder: Path) -> dict[str, str]:
    return environment(folder / "data")


def vault_signer(folder: Path, vault: VaultServer, *, token: str | None = None) -> dict[str, str]:
    file = private(folder / "vault.token", token or vault.token(SIGNS))
    settings = {"signer": "vault-transit", "vault_address": vault.address, "vault_token_file": str(file)}
    return environment(folder / "data", **settings)


def register(bridge: BridgeProcess, *names: str) -> list[str]:
    """The tokens of these workloads."""
    answer = attempt(bridge, *names)
    assert answer.status_code == 200, answer.text
    return [each["token"] for each in answer.json()["workloads"]]


def attempt(bridge: BridgeProcess, *names: str) -> Any:
    body = rendering("app:1")
    body["workloads"] = [rendering("app:1", name=name)["workloads"][0] for name in names]
    return bridge.call("POST", "registrations", json=body)


def published(bridge: BridgeProcess) -> KeySet:
    return KeySet.import_key_set(bridge.call("GET", "/.well-known/jwks.json").json())


def kid_of(token: str, keys: KeySet) -> str:
    """The key that signed the token, once joserfc has verified it."""
    return str(jws.deserialize_compact(token, keys, algorithms=["ES256"]).headers()["kid"])


def keys(variables: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "keys", *arguments], env=dict(variables), capture_output=True, text=True, timeout=60
    )


def listed(variables: Mapping[str, str]) -> list[list[str]]:
    """Of each key: status, and where its private half is."""
    lines = keys(variables, "list").stdout.splitlines()
    return [[line.split()[1], " ".join(line.split()[3:])] for line in lines]


@contextmanager
def on_vault(folder: Path, vault: VaultServer, **settings: Any) -> Iterator[BridgeProcess]:
    with running(vault_signer(folder, vault, **settings)) as bridge:
        yield bridge
        bridge.stop()


def refused_start(variables: Mapping[str, str]) -> tuple[int, str]:
    process = start(variables)
    _, told = process.communicate(timeout=60)
    return process.returncode, told


def test_tokens_stay_the_same_bytes_through_switches_restarts_and_rotations(
    transit: VaultServer, tmp_path: Path
) -> None:
    issued: dict[str, str] = {}
    signed_by: dict[str, str] = {}

    def check(bridge: BridgeProcess, fresh: str) -> None:
        """Every token so far is as it was, and valid; ``fresh`` is the name of a new identity."""
        before, found = dict(issued), published(bridge)
        issued.update(zip([*before, fresh], register(bridge, *before, fresh), strict=True))
        assert before.items() <= issued.items()
        signed_by[fresh] = kid_of(issued[fresh], found)
        assert [kid_of(token, found) for token in issued.values()] == list(signed_by.values())

    with running(file_signer(tmp_path)) as bridge:
        check(bridge, "by-file")
        bridge.stop()
    with on_vault(tmp_path, transit) as bridge:
        check(bridge, "by-vault")
    with on_vault(tmp_path, transit) as bridge:
        check(bridge, "after-restart")
        transit.root().secrets.transit.rotate_key("portshift")
        check(bridge, "after-vault-rotated")
        assert "version 2" in keys(vault_signer(tmp_path, transit), "rotate").stdout
        check(bridge, "after-adoption")
        assert "version 3" in keys(vault_signer(tmp_path, transit), "rotate").stdout
        check(bridge, "after-rotation")
    with running(file_signer(tmp_path)) as bridge:
        check(bridge, "by-file-again")
        bridge.stop()

    first, vault1, vault2, vault3, last = dict.fromkeys(signed_by.values())
    assert list(signed_by.values()) == [first, vault1, vault1, vault1, vault2, vault3, last]
    assert listed(file_signer(tmp_path)) == [
        ["signing", "file"],
        ["verifying", "Vault transit/portshift version 3"],
        ["verifying", "Vault transit/portshift version 2"],
        ["verifying", "Vault transit/portshift version 1"],
        ["verifying", "forgotten"],
    ]


def test_the_key_that_the_bridge_makes_never_leaves_vault(transit: VaultServer, tmp_path: Path) -> None:
    with on_vault(tmp_path, transit) as bridge:
        register(bridge, "web")
    made = transit.root().secrets.transit.read_key("portshift")["data"]
    assert (made["type"], made["exportable"], made["allow_plaintext_backup"]) == ("ecdsa-p256", False, False)
    assert "PRIVATE" not in (tmp_path / "data" / "signing-keys.json").read_text()


def deny(vault: VaultServer) -> None:
    """Take the right to sign from the policy that ``vault_signer`` made."""
    _set_rules(vault, SIGNS.replace("transit/sign", "transit/nothing"))


def allow(vault: VaultServer) -> None:
    _set_rules(vault, SIGNS)


def _set_rules(vault: VaultServer, rules: str) -> None:
    system = vault.root().sys
    (name,) = (each for each in system.list_policies()["data"]["keys"] if each.startswith("policy-"))
    system.create_or_update_policy(name, rules)


BREAKS: dict[str, Callable[[VaultServer], None]] = {
    "sealed": VaultServer.seal,
    "killed": VaultServer.kill,
    "denied": deny,
}
MENDS: dict[str, Callable[[VaultServer], None]] = {
    "sealed": VaultServer.unseal,
    "killed": VaultServer.start,
    "denied": allow,
}


@pytest.mark.parametrize("cause", BREAKS)
def test_while_vault_does_not_sign_only_new_identities_wait_for_it(
    transit: VaultServer, tmp_path: Path, cause: str
) -> None:
    rules = vault_signer(tmp_path, transit)
    with running(rules) as bridge:
        known = register(bridge, "known")
        BREAKS[cause](transit)

        refused = attempt(bridge, "known", "new")

        assert refused.status_code == 503, refused.text
        assert refused.json()["type"] == "urn:portshift:problem:signer-unavailable"
        assert refused.json()["cure"]
        assert ROOT_TOKEN not in refused.text
        assert register(bridge, "known") == known
        assert kid_of(known[0], published(bridge))
        assert len(bridge.call("GET", "identities").json()["items"]) == 1
        assert bridge.call("GET", "/readyz").status_code == 200
        assert bridge.process.poll() is None
        bridge.stop()
    with running(rules) as again:
        assert register(again, "known") == known
        assert attempt(again, "new").status_code == 503
        MENDS[cause](transit)
        assert kid_of(register(again, "new")[0], published(again)) == kid_of(known[0], published(again))
        again.stop()


def test_a_bridge_that_runs_needs_no_right_but_to_sign(transit: VaultServer, tmp_path: Path) -> None:
    with on_vault(tmp_path, transit) as bridge:
        register(bridge, "web")
    (line,) = (line for line in SIGNS.splitlines() if "transit/sign" in line)
    with on_vault(tmp_path, transit, token=transit.token(line)) as bridge:
        register(bridge, "other")
        refused = keys(vault_signer(tmp_path, transit, token=transit.token(line)), "rotate")
        assert (refused.returncode, '{ capabilities = ["read"] }' in refused.stderr) == (4, True)
        register(bridge, "third")


def test_the_command_line_ends_with_4_when_vault_does_not_sign(transit: VaultServer, tmp_path: Path) -> None:
    with on_vault(tmp_path, transit) as bridge:
        program = Program(tmp_path, {"PORTSHIFT_BRIDGE_URL": bridge.url, "PORTSHIFT_TOKEN": TOKEN})
        transit.seal()
        refused = program.run("post-render", stdin=DEPLOYMENT)
        assert (refused.exit_code, refused.out) == (4, b"")
        assert "is sealed" in refused.err
        transit.unseal()
        assert b"portshift.io/identity" in program.run("post-render", stdin=DEPLOYMENT).out


def test_rotations_at_the_same_moment_leave_one_key_that_signs(transit: VaultServer, tmp_path: Path) -> None:
    with on_vault(tmp_path, transit) as bridge:
        register(bridge, "web")
        variables = vault_signer(tmp_path, transit)
        with ThreadPoolExecutor(3) as threads:
            ended = list(threads.map(lambda _: keys(variables, "rotate").returncode, range(3)))
        assert ended == [0, 0, 0]
        assert [status for status, _ in listed(variables)] == ["signing", *["verifying"] * 3]
        register(bridge, "other")


def test_a_key_that_vault_lost_signs_nothing_until_a_rotation_makes_another(
    transit: VaultServer, tmp_path: Path
) -> None:
    engine = transit.root().secrets.transit
    with on_vault(tmp_path, transit) as bridge:
        known = register(bridge, "known")
        engine.update_key_configuration("portshift", deletion_allowed=True)
        engine.delete_key("portshift")
        assert "not found" in attempt(bridge, "new").json()["detail"]
        engine.create_key("portshift", key_type="ecdsa-p256")
        refused = attempt(bridge, "new")
        assert (refused.status_code, "with another key" in refused.text) == (503, True)
        assert "portshift-bridge keys rotate" in refused.json()["cure"]

        assert keys(vault_signer(tmp_path, transit), "rotate").returncode == 0

        (fresh,) = register(bridge, "new")
        assert kid_of(fresh, published(bridge)) != kid_of(known[0], published(bridge))
        assert register(bridge, "known") == known


def test_a_version_that_vault_trimmed_signs_nothing_until_a_rotation(
    transit: VaultServer, tmp_path: Path
) -> None:
    engine = transit.root().secrets.transit
    with on_vault(tmp_path, transit) as bridge:
        register(bridge, "known")
        engine.rotate_key("portshift")
        engine.update_key_configuration("portshift", min_encryption_version=2)
        engine.update_key_configuration("portshift", min_decryption_version=2)
        engine.trim_key("portshift", min_version=2)
        assert attempt(bridge, "new").json()["type"].endswith("signer-unavailable")
        assert keys(vault_signer(tmp_path, transit), "rotate").returncode == 0
        register(bridge, "new")


def test_a_distrusted_key_is_followed_by_a_new_version(transit: VaultServer, tmp_path: Path) -> None:
    with on_vault(tmp_path, transit) as bridge:
        (old,) = register(bridge, "web")
        leaked = kid_of(old, published(bridge))
        transit.root().secrets.transit.rotate_key("portshift")
        assert keys(vault_signer(tmp_path, transit), "distrust", leaked, "--yes").returncode == 0
        assert listed(vault_signer(tmp_path, transit)) == [
            ["signing", "Vault transit/portshift version 3"],
            ["distrusted", "Vault transit/portshift version 1"],
        ]
        (new,) = register(bridge, "web")
        assert kid_of(new, published(bridge)) != leaked


def test_a_new_signer_that_does_not_answer_stops_the_start_and_leaves_the_old_one(
    transit: VaultServer, tmp_path: Path
) -> None:
    with running(file_signer(tmp_path)) as bridge:
        known = register(bridge, "known")
        bridge.stop()
    settings = vault_signer(tmp_path, transit)
    transit.seal()
    code, told = refused_start(settings)
    assert (code, "is sealed; unseal it" in told) == (4, True)
    assert listed(file_signer(tmp_path)) == [["signing", "file"]]
    with running(file_signer(tmp_path)) as bridge:
        assert register(bridge, "known", "new")[0] == known[0]
        bridge.stop()


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (
            SIGNS.replace('"create", "read", "update"', '"read"'),
            'path "transit/keys/portshift" { capabilities = ["create", "update"] }',
        ),
        (
            SIGNS.replace("transit/keys", "transit/nothing"),
            'path "transit/keys/portshift" { capabilities = ["read"] }',
        ),
    ],
    ids=["create", "read"],
)
def test_a_start_without_the_right_to_its_key_names_the_policy(
    transit: VaultServer, tmp_path: Path, rules: str, told: str
) -> None:
    code, error = refused_start(vault_signer(tmp_path, transit, token=transit.token(rules)))
    assert (code, told in error) == (4, True), error


def test_a_key_of_another_type_stops_the_start(transit: VaultServer, tmp_path: Path) -> None:
    transit.root().secrets.transit.create_key("portshift", key_type="rsa-2048")
    code, told = refused_start(vault_signer(tmp_path, transit))
    assert (code, "is of type 'rsa-2048', expected ecdsa-p256; set vault_transit_key" in told) == (2, True)


def test_without_a_transit_engine_the_start_says_how_to_get_one(
    own_vault: VaultServer, tmp_path: Path
) -> None:
    code, told = refused_start(vault_signer(tmp_path, own_vault))
    assert (code, "vault secrets enable -path=transit transit" in told) == (4, True), told


def test_a_command_with_other_settings_than_serve_changes_no_signer(
    transit: VaultServer, tmp_path: Path
) -> None:
    with on_vault(tmp_path, transit) as bridge:
        register(bridge, "web")
        refused = keys(file_signer(tmp_path), "rotate")
        assert (refused.returncode, "settings that serve has" in refused.stderr) == (2, True)
        assert listed(file_signer(tmp_path)) == [["signing", "Vault transit/portshift version 1"]]
        register(bridge, "other")


def test_a_thousand_new_identities_are_signed_in_seconds(transit: VaultServer, tmp_path: Path) -> None:
    names = [f"web-{number}" for number in range(1_000)]
    with on_vault(tmp_path, transit) as bridge:
        register(bridge, "warm")
        began = time.monotonic()
        tokens = register(bridge, *names)
        took = time.monotonic() - began
        assert len({hashlib.sha256(token.encode()).digest() for token in tokens}) == 1_000
        found = published(bridge)
        assert {kid_of(token, found) for token in tokens[::100]} == {kid_of(tokens[0], found)}
    # 0.3 s on two idle cores: 0.05 s of it in Vault, 0.1 s to verify what it gave.
    assert took < 5
