"""A real bridge whose logins are in a real Vault, and what its users see while Vault fails."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.bridge_services import rendering
from tests.fakes.program import Outcome, Program
from tests.integration.bridge_process import TOKEN, BridgeProcess, environment, running
from tests.standin import Permission, Standin
from tests.vault.logins import private
from tests.vault.pages import POLICY
from tests.vault.server import VaultServer

pytestmark = pytest.mark.integration

APP = "acme.example.com/docker-local/app:1"
OTHER = "docker.io/library/nginx:1"
GRACE_SECONDS = 4


@dataclass
class Scene:
    """A Vault, an Artifactory, and the settings of a bridge between them."""

    vault: VaultServer
    standin: Standin
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def variables(self, **settings: str) -> dict[str, str]:
        return environment(self.folder / "data", **self.settings | settings)

    def add(self, bridge: BridgeProcess) -> None:
        """Connect the registry, and have the login kept in Vault."""
        login = {"kind": "password", "username": "bob", "secret": "sesame"}
        registry = {"name": "acme", "url": self.standin.url, "hosts": ["acme.example.com"], "login": login}
        answer = bridge.call("POST", "registries", json=registry)
        assert answer.status_code == 201, answer.text


@pytest.fixture
def scene(own_vault: VaultServer, tmp_path: Path) -> Iterator[Scene]:
    token = own_vault.token(POLICY)
    with Standin() as standin:
        standin.add_repository("docker-local")
        standin.push_image("docker-local", "app", "1")
        standin.add_user("bob", "sesame", permissions=[Permission.of("read", repo="docker-*")])
        yield Scene(
            own_vault,
            standin,
            tmp_path,
            {
                "secret_store": "vault",
                "vault_address": own_vault.address,
                "vault_token_file": str(private(tmp_path / "vault.token", token)),
                "vault_cache_seconds": "0",
                "vault_grace_seconds": str(GRACE_SECONDS),
                "vault_timeout_seconds": "2",
            },
        )


def outcomes(bridge: BridgeProcess, *references: str, name: str = "web") -> list[tuple[str, str | None]]:
    """Outcome and reason of each image of a registration, also where an image keeps it from a token."""
    body = {**rendering(*references, name=name), "intent": "render"}
    answer = bridge.call("POST", "registrations", json=body)
    assert answer.status_code == 200, answer.text
    return [(each["outcome"], each["reason"]) for each in answer.json()["workloads"][0]["images"]]


def state(bridge: BridgeProcess) -> str:
    return str(bridge.call("GET", "registries/acme").json()["login"]["state"])


def until(wanted: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not wanted():
        assert time.monotonic() < ends, "it did not happen in 30 s"
        time.sleep(0.1)


def registries(bridge: BridgeProcess, folder: Path, *arguments: str) -> Outcome:
    program = Program(folder, {"PORTSHIFT_BRIDGE_URL": bridge.url, "PORTSHIFT_TOKEN": TOKEN})
    return program.run("registries", *arguments)


def warnings(bridge: BridgeProcess) -> list[str]:
    return [line for line in bridge.log if "vault" in line.lower()]


def test_a_login_survives_restarts_and_is_nowhere_but_in_vault(scene: Scene) -> None:
    with running(scene.variables()) as bridge:
        scene.add(bridge)
        assert outcomes(bridge, APP)[0][0] == "resolved"
        bridge.stop()
    scene.vault.kill()
    scene.vault.start()
    with running(scene.variables()) as bridge:
        assert outcomes(bridge, APP)[0][0] == "resolved"
        bridge.stop()
    assert not (scene.folder / "data" / "secrets.json").exists()
    kept = scene.vault.root().secrets.kv.v2.read_secret_version(
        "portshift/registries/acme", raise_on_deleted_version=True
    )
    assert kept["data"]["data"]["secret"] == "sesame"


@pytest.mark.parametrize(
    ("break_", "mend", "expected", "told"),
    [
        (VaultServer.seal, VaultServer.unseal, "sealed", "unseal it: vault operator unseal"),
        (VaultServer.kill, VaultServer.start, "unreachable", "start it, or correct vault_address"),
    ],
    ids=["sealed", "killed"],
)
def test_registrations_go_on_for_the_grace_and_then_say_what_is_wrong(
    scene: Scene,
    break_: Callable[[VaultServer], None],
    mend: Callable[[VaultServer], None],
    expected: str,
    told: str,
) -> None:
    with running(scene.variables()) as bridge:
        scene.add(bridge)
        break_(scene.vault)
        assert (outcomes(bridge, APP)[0][0], state(bridge)) == ("resolved", "available")

        until(lambda: state(bridge) == expected)
        (lost, reason), (unconnected, _) = outcomes(bridge, APP, OTHER, name="later")
        assert (lost, unconnected) == ("unreachable", "unconnected")
        assert "registry acme" in str(reason)
        assert told in str(reason)
        listed = registries(bridge, scene.folder, "list")
        assert (listed.exit_code, expected in listed.out.decode()) == (0, True)
        shown = registries(bridge, scene.folder, "show", "acme").out.decode()
        assert told in " ".join(shown.split())
        assert registries(bridge, scene.folder, "test", "acme").exit_code in {4, 5}
        assert bridge.call("GET", "/readyz").status_code == 200
        assert "portshift_vault_up 0.0" in bridge.call("GET", "/metrics").text

        mend(scene.vault)
        until(lambda: state(bridge) == "available")
        assert outcomes(bridge, APP)[0][0] == "resolved"
        assert "portshift_vault_up 1.0" in bridge.call("GET", "/metrics").text
        bridge.stop()
    lost_line, back_line = warnings(bridge)
    assert "WARNING" in lost_line
    assert "answers again" in back_line


def test_a_bridge_starts_without_vault_and_works_once_it_is_there(scene: Scene) -> None:
    with running(scene.variables()) as bridge:
        scene.add(bridge)
        bridge.stop()
    scene.vault.kill()
    with running(scene.variables()) as bridge:
        assert bridge.call("GET", "/readyz").status_code == 200
        assert state(bridge) == "unreachable"
        assert [outcome for outcome, _ in outcomes(bridge, APP, OTHER)] == ["unreachable", "unconnected"]
        scene.vault.start()
        until(lambda: state(bridge) == "available")
        assert outcomes(bridge, APP)[0][0] == "resolved"
        bridge.stop()


def test_a_registry_whose_login_somebody_deleted_asks_for_it_again(scene: Scene) -> None:
    with running(scene.variables()) as bridge:
        scene.add(bridge)
        scene.vault.root().secrets.kv.v2.delete_metadata_and_all_versions("portshift/registries/acme")
        assert state(bridge) == "missing"
        assert outcomes(bridge, APP)[0][0] == "unreachable"
        login = {"login": {"kind": "password", "username": "bob", "secret": "sesame"}}
        assert bridge.call("PATCH", "registries/acme", json=login).status_code == 200
        assert outcomes(bridge, APP)[0][0] == "resolved"
        bridge.stop()


def test_without_vault_no_registry_is_added_and_none_is_half_removed(scene: Scene) -> None:
    with running(scene.variables()) as bridge:
        scene.add(bridge)
        scene.vault.seal()
        refused = bridge.call("DELETE", "registries/acme")
        assert (refused.status_code, refused.json()["cure"]) == (502, "unseal it: vault operator unseal")
        new = {"name": "new", "url": scene.standin.url, "login": {"kind": "token", "secret": "t"}}
        assert bridge.call("POST", "registries", json=new).status_code == 502
        names = [each["name"] for each in bridge.call("GET", "registries").json()["items"]]
        assert names == ["acme"]
        scene.vault.unseal()
        assert bridge.call("DELETE", "registries/acme").status_code == 200
        bridge.stop()
    listed = scene.vault.root().list("secret/metadata/portshift/registries")
    assert listed is None


def timed_registration(bridge: BridgeProcess, name: str) -> float:
    """The seconds that a registration took."""
    began = time.monotonic()
    assert outcomes(bridge, APP, name=name)[0][0] == "resolved"
    return time.monotonic() - began


def test_a_vault_that_hangs_keeps_no_registration_waiting_for_long(scene: Scene) -> None:
    """A login is changed inside the database's write lock: bounded by ``vault_timeout_seconds``, 2 here."""
    with running(scene.variables(vault_grace_seconds="600")) as bridge, ThreadPoolExecutor(4) as threads:
        scene.add(bridge)
        outcomes(bridge, APP)
        login = {"login": {"kind": "token", "secret": "t"}}
        os.kill(scene.vault.pid, signal.SIGSTOP)
        try:
            change = threads.submit(bridge.call, "PATCH", "registries/acme", json=login)
            took = list(threads.map(partial(timed_registration, bridge), ("one", "two", "three")))
            assert change.result().status_code == 502
        finally:
            os.kill(scene.vault.pid, signal.SIGCONT)
        # Once for the login that is read, once for the lock that the change holds.
        assert max(took) < 6
        bridge.stop()
