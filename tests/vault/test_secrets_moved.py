"""``portshift-bridge secrets``: moving logins to a real Vault and back, with a bridge that runs meanwhile."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portshift_bridge.secrets import FileSecretStore
from tests.fakes.bridge_services import rendering
from tests.integration.bridge_process import PROGRAM, BridgeProcess, environment, running
from tests.standin import Permission, Standin
from tests.vault.logins import private, session, settings_for
from tests.vault.pages import POLICY
from tests.vault.server import VaultServer
from tests.vault.stores import store_on

pytestmark = pytest.mark.integration

APP = "acme.example.com/docker-local/app:1"
CANARY = "canary-sesame"
LOGINS = {"acme": CANARY, "second": f"{CANARY}-2"}


@dataclass
class Moving:
    """A data folder, a Vault, and an Artifactory that takes one password."""

    vault: VaultServer
    standin: Standin
    folder: Path
    token_file: Path

    def variables(self, place: str) -> dict[str, str]:
        return environment(
            self.folder / "data",
            secret_store=place,
            vault_address=self.vault.address,
            vault_token_file=str(self.token_file),
        )

    def run(self, place: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``portshift-bridge secrets …`` with ``secret_store: place``; it never shows a secret."""
        command: list[str | Path] = [PROGRAM, "secrets", *arguments]
        done = subprocess.run(
            command, env=self.variables(place), capture_output=True, text=True, timeout=60, check=False
        )
        assert CANARY not in done.stdout + done.stderr
        return done

    def move(self, place: str, to: str, *more: str) -> subprocess.CompletedProcess[str]:
        return self.run(place, "move", "--to", to, *more)

    def in_file(self) -> dict[str, str]:
        store = FileSecretStore.open(self.folder / "data")
        return {name: store.get(name)["secret"] for name in store.names()}

    def file_names(self) -> tuple[str, ...]:
        return FileSecretStore.open(self.folder / "data").names()

    def vault_names(self) -> tuple[str, ...]:
        answer = self.vault.root().list("secret/metadata/portshift/registries")
        return tuple(answer["data"]["keys"]) if answer else ()

    def in_vault(self) -> dict[str, str]:
        # Another login than the bridge's.
        (self.folder / "root").mkdir(exist_ok=True)
        with session(settings_for(self.vault, self.folder / "root")) as opened:
            store = store_on(opened)
            return {name: store.get(name)["secret"] for name in store.names()}

    def add(self, bridge: BridgeProcess, name: str, secret: str) -> None:
        login = {"kind": "password", "username": "bob", "secret": secret}
        body = {"name": name, "url": self.standin.url, "hosts": [f"{name}.example.com"], "login": login}
        answer = bridge.call("POST", "registries", json=body)
        assert answer.status_code == 201, answer.text


@pytest.fixture
def moving(own_vault: VaultServer, tmp_path: Path) -> Iterator[Moving]:
    token_file = private(tmp_path / "vault.token", own_vault.token(POLICY))
    with Standin() as standin:
        standin.add_repository("docker-local")
        standin.push_image("docker-local", "app", "1")
        standin.add_user("bob", CANARY, permissions=[Permission.of("read", repo="docker-*")])
        yield Moving(own_vault, standin, tmp_path, token_file)


def both(logins: dict[str, str]) -> dict[str, str]:
    return {f"registries/{name}": secret for name, secret in logins.items()}


def check_resolves(bridge: BridgeProcess, name: str) -> None:
    answer = bridge.call("POST", "registrations", json=rendering(APP, name=name))
    assert answer.json()["workloads"][0]["images"][0]["outcome"] == "resolved", answer.text


def seeded(moving: Moving, bridge: BridgeProcess) -> None:
    for name, secret in LOGINS.items():
        moving.add(bridge, name, secret)


def test_to_vault_and_back_without_a_moment_in_which_the_bridge_has_no_login(moving: Moving) -> None:
    with running(moving.variables("file")) as bridge:
        seeded(moving, bridge)
        copied = moving.move("file", "vault")
        assert copied.returncode == 0, copied.stderr
        assert copied.stdout.startswith(
            "copied to vault, and compared: 2 secrets\nnext: set secret_store: vault"
        )
        assert moving.in_file() == moving.in_vault() == both(LOGINS)
        check_resolves(bridge, "copied")
        bridge.stop()
    with running(moving.variables("vault")) as bridge:
        check_resolves(bridge, "restarted")
        cleared = moving.move("vault", "vault")
        assert cleared.stdout == "moved to vault, and deleted in file: 2 secrets\n", cleared.stderr
        assert moving.move("vault", "vault").stdout == "moved to vault, and deleted in file: 0 secrets\n"
        assert (moving.in_file(), moving.in_vault()) == ({}, both(LOGINS))
        check_resolves(bridge, "cleared")
        assert moving.run("vault", "list").stdout == "registries/acme\nregistries/second\n"
        assert moving.run("file", "list").stdout == ""

        assert moving.move("vault", "file").stdout.startswith("copied to file, and compared: 2")
        bridge.stop()
    with running(moving.variables("file")) as bridge:
        assert moving.move("file", "file").returncode == 0
        assert (moving.in_file(), moving.in_vault()) == (both(LOGINS), {})
        check_resolves(bridge, "back")
        items = bridge.call("GET", "audit").json()["items"]
        told = [(each["action"], each["object"]) for each in items if each["action"].startswith("secrets.")]
        assert told == [
            ("secrets.move", "file"),
            ("secrets.copy", "file"),
            ("secrets.move", "vault"),
            ("secrets.copy", "vault"),
        ]
        bridge.stop()


def test_a_login_that_differs_stays_in_both_until_it_is_discarded(moving: Moving) -> None:
    with running(moving.variables("file")) as bridge:
        seeded(moving, bridge)
        moving.move("file", "vault")
        moving.add(bridge, "late", f"{CANARY}-3")
        login = {"kind": "password", "username": "bob", "secret": f"{CANARY}-new"}
        assert bridge.call("PATCH", "registries/second", json={"login": login}).status_code == 200
        bridge.stop()
    refused = moving.move("vault", "vault")
    assert refused.returncode == 1
    assert "left in file, because vault has another value: registries/second" in refused.stderr
    assert "--discard" in refused.stderr
    assert moving.in_file() == {"registries/second": f"{CANARY}-new"}
    assert moving.in_vault() == both({**LOGINS, "late": f"{CANARY}-3"})
    assert moving.move("vault", "vault", "--discard").returncode == 0
    assert moving.in_file() == {}


def test_what_belongs_to_another_bridge_is_neither_copied_nor_deleted(moving: Moving) -> None:
    moving.vault.root().secrets.kv.v2.create_or_update_secret("portshift/registries/other", {"secret": "x"})
    with running(moving.variables("vault")) as bridge:
        seeded(moving, bridge)
        bridge.stop()
    assert moving.move("vault", "file").returncode == 0
    cleared = moving.move("file", "file")
    assert (
        "left in vault, because it belongs to no registry of this bridge: registries/other" in cleared.stdout
    )
    assert (moving.in_file(), moving.in_vault()) == (both(LOGINS), {"registries/other": "x"})


@pytest.mark.parametrize("place", ["file", "vault"])
def test_a_vault_that_is_sealed_ends_the_move_with_4_and_loses_nothing(moving: Moving, place: str) -> None:
    with running(moving.variables("file")) as bridge:
        seeded(moving, bridge)
        bridge.stop()
    moving.vault.seal()
    refused = moving.move(place, "vault")
    assert (refused.returncode, "is sealed; unseal it: vault operator unseal" in refused.stderr) == (4, True)
    assert moving.in_file() == both(LOGINS)


def test_a_move_to_vault_without_its_address_says_what_to_set(tmp_path: Path) -> None:
    command: list[str | Path] = [PROGRAM, "secrets", "move", "--to", "vault"]
    variables = environment(tmp_path / "data")
    refused = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert (refused.returncode, "vault_address is not set" in refused.stderr) == (2, True)


def at_least(names: Callable[[], tuple[str, ...]], count: int) -> Callable[[], bool]:
    return lambda: len(names()) >= count


def at_most(names: Callable[[], tuple[str, ...]], count: int) -> Callable[[], bool]:
    return lambda: len(names()) <= count


def test_a_move_that_is_killed_on_its_way_loses_nothing_and_can_be_repeated(moving: Moving) -> None:
    logins = {f"r{number}": f"{CANARY}-{number}" for number in range(60)}
    with running(moving.variables("file")) as bridge:
        for name, secret in logins.items():
            moving.add(bridge, name, secret)
        bridge.stop()
    everything = both(logins)

    def killed(place: str, once: Callable[[], bool]) -> None:
        """Kill a move as soon as it got so far."""
        command: list[str | Path] = [PROGRAM, "secrets", "move", "--to", "vault"]
        process = subprocess.Popen(command, env=moving.variables(place), stdout=subprocess.DEVNULL)
        while not once():
            assert process.poll() is None, "it was over before it could be killed"
        process.kill()
        process.wait(timeout=30)

    for least in (1, 20):
        killed("file", at_least(moving.vault_names, least))
        assert moving.in_file() == everything
        assert least <= len(moving.in_vault()) < len(everything)
    assert moving.move("file", "vault").returncode == 0
    for most in (59, 30):
        killed("vault", at_most(moving.file_names, most))
        assert moving.in_vault() == everything
        assert 0 < len(moving.in_file()) <= most
    assert moving.move("vault", "vault").returncode == 0
    assert (moving.in_file(), moving.in_vault()) == ({}, everything)
