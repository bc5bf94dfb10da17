"""The bridge as a process beside a stand-in for Artifactory: what is pushed is known, whatever gets lost."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from portshift_bridge.secrets import FileSecretStore
from portshift_bridge.watching.lanes import LEASE_SECONDS
from tests.integration.bridge_process import BridgeProcess, environment, running
from tests.standin import Permission, Standin

pytestmark = pytest.mark.integration

TOKEN = "administrators-token"
ADMIN = ("admin", "password")
# What a test waits for at most; mostly it comes in some hundredths of a second.
PATIENCE = 20.0


@pytest.fixture
def standin() -> Iterator[Standin]:
    with Standin() as running_standin:
        prepare(running_standin)
        yield running_standin


def prepare(standin: Standin) -> None:
    standin.switches.webhook_strict_urls = False
    standin.add_repository("docker-local")
    standin.add_user("boss", token=TOKEN, admin=True)
    standin.add_user("reader", "reads", permissions=[Permission.of("read", repo="docker-*", path="**")])


@contextlib.contextmanager
def watching(folder: Path, standin: Standin, *, poll_seconds: int = 3_600) -> Iterator[BridgeProcess]:
    """A bridge that is connected to the stand-in; polls are rare unless a test wants them."""
    with running(environment(folder, poll_seconds=str(poll_seconds))) as bridge:
        connect(bridge, standin)
        yield bridge


def connect(bridge: BridgeProcess, standin: Standin, name: str = "acme") -> None:
    login = {"kind": "password", "username": "reader", "secret": "reads"}
    answer = bridge.call("POST", "registries", json={"name": name, "url": standin.url, "login": login})
    assert answer.status_code in {201, 409}, answer.text


def make_webhook(bridge: BridgeProcess) -> None:
    answer = bridge.call("PUT", "registries/acme/webhook", json={"adminToken": TOKEN, "url": bridge.url})
    assert answer.status_code == 200, answer.text
    compared(bridge)


def compared(bridge: BridgeProcess, name: str = "acme") -> None:
    until(lambda: watch(bridge, name)["comparedAt"] is not None)


def watch(bridge: BridgeProcess, name: str = "acme") -> Any:
    return bridge.call("GET", f"registries/{name}/watch").json()


def until(holds: Callable[[], object], seconds: float = PATIENCE) -> float:
    """Wait until it holds; how long that took."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < seconds, "it did not come to hold in time"
        time.sleep(0.02)
    return time.monotonic() - start


def known(folder: Path, registry: str = "acme") -> set[str]:
    """The folders of all manifests that the catalogue knows."""
    with contextlib.closing(sqlite3.connect(folder / "portshift.db")) as database:
        rows = database.execute("SELECT path FROM artifact_paths WHERE registry = ?", (registry,))
        return {path for (path,) in rows}


def properties(folder: Path, path: str) -> Any:
    with contextlib.closing(sqlite3.connect(folder / "portshift.db")) as database:
        (text,) = database.execute("SELECT properties FROM artifact_paths WHERE path = ?", (path,)).fetchone()
        return json.loads(text)


def events(bridge: BridgeProcess) -> dict[str, int]:
    text = requests.get(f"{bridge.url}/metrics", timeout=10).text
    found = re.findall(r'^portshift_registry_events_total\{outcome="(\w+)"\} (\d+)', text, re.MULTILINE)
    return {outcome: int(count) for outcome, count in found}


def asked(standin: Standin, path: str) -> int:
    """How many requests of the bridge's login had this path."""
    return sum(entry.user == "reader" and entry.path.endswith(path) for entry in standin.requests)


def test_a_push_is_known_at_once_with_its_children(standin: Standin, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with watching(folder, standin) as bridge:
        make_webhook(bridge)
        image = standin.push_image("docker-local", "team/app", "1", platforms=("linux/amd64", "linux/arm64"))
        seconds = until(lambda: len(known(folder)) == 3)

        assert seconds < 5
        assert known(folder) == {"team/app/1", *(f"team/app/{child.digest}" for child in image.children)}
        assert watch(bridge)["lastEventAt"] is not None
        assert bridge.stop() == 0


def test_a_deleted_tag_is_forgotten_at_once(standin: Standin, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for tag in ("1", "2"):
        standin.push_image("docker-local", "app", tag)
    with watching(folder, standin) as bridge:
        make_webhook(bridge)
        assert requests.delete(f"{standin.url}/docker-local/app/1", auth=ADMIN, timeout=10).ok
        until(lambda: known(folder) == {"app/2"})


def test_properties_are_read_anew_and_our_own_cause_nothing(standin: Standin, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    standin.push_image("docker-local", "app", "1")
    with watching(folder, standin) as bridge:
        make_webhook(bridge)
        standin.clear_requests()
        write = f"{standin.url}/api/storage/docker-local/app/1/manifest.json"
        own = {"properties": "portshift.lastSeen=2026-11-23", "recursive": "0"}
        assert requests.put(write, params=own, auth=ADMIN, timeout=10).status_code == 204
        until(lambda: events(bridge).get("ignored") == 1)
        assert asked(standin, "/aql") == 0

        theirs = {"properties": "build.name=shop", "recursive": "0"}
        assert requests.put(write, params=theirs, auth=ADMIN, timeout=10).status_code == 204
        until(lambda: properties(folder, "app/1").get("build.name") == ["shop"])


def test_a_thousand_replays_cost_a_few_reads(standin: Standin, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with watching(folder, standin) as bridge:
        make_webhook(bridge)
        secret = FileSecretStore.open(folder).get("registries/acme/webhook")["secret"]
        data = {"repo_key": "docker-local", "image_name": "app", "tag": "1"}
        body = json.dumps({"domain": "docker", "event_type": "pushed", "data": data}).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        standin.clear_requests()
        start = time.monotonic()
        with requests.Session() as session:
            for number in range(1_000):
                auth = signature if number % 2 else secret
                answer = session.post(
                    f"{bridge.url}/api/v1/registries/acme/events",
                    data=body,
                    headers={"X-JFrog-Event-Auth": auth},
                    timeout=10,
                )
                assert answer.status_code == 202
        time.sleep(2.5)
        seconds = time.monotonic() - start

        assert events(bridge) == {"accepted": 1_000}
        assert 1 <= asked(standin, "/aql") <= seconds / 2 + 2


def test_webhooks_that_are_lost_are_made_up_for_by_the_poller(standin: Standin, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with watching(folder, standin, poll_seconds=1) as bridge:
        make_webhook(bridge)
        standin.switches.deliver_webhooks = False
        standin.push_image("docker-local", "app", "1")
        until(lambda: known(folder) == {"app/1"})

        assert watch(bridge)["lastEventAt"] is None


def test_what_is_pushed_while_the_bridge_is_dead_is_found_by_the_next(
    standin: Standin, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    standin.push_image("docker-local", "app", "1")
    with watching(folder, standin, poll_seconds=1) as bridge:
        compared(bridge)
        bridge.process.kill()
        bridge.process.wait()
    standin.push_image("docker-local", "app", "2")
    with watching(folder, standin, poll_seconds=1):
        until(lambda: known(folder) == {"app/1", "app/2"})


def test_a_comparison_that_was_killed_is_made_again_once_the_lease_has_ended(
    standin: Standin, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    for number in range(200):
        standin.push_image("docker-local", f"app{number}", "1")
    standin.delay(0.2, times=None, path="*/api/search/aql")
    with watching(folder, standin, poll_seconds=1) as bridge:
        until(lambda: 0 < len(known(folder)) < 200)
        bridge.process.kill()
        bridge.process.wait()
    standin.heal()
    with contextlib.closing(sqlite3.connect(folder / "portshift.db")) as database:
        (left,) = database.execute("SELECT leased_until FROM registry_progress").fetchone()
        assert 0 < left / 1_000_000 - time.time() <= LEASE_SECONDS
        # Instead of a minute's waiting.
        database.execute("UPDATE registry_progress SET leased_until = 1")
        database.commit()
    with watching(folder, standin, poll_seconds=1) as bridge:
        compared(bridge)
        assert len(known(folder)) == 200


def test_a_registry_that_is_down_says_so_and_is_read_on_afterwards(standin: Standin, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    standin.push_image("docker-local", "app", "1")
    with watching(folder, standin, poll_seconds=1) as bridge:
        compared(bridge)
        before = watch(bridge)["readUntil"]
        standin.fail(503, times=None)
        until(lambda: watch(bridge)["problem"])
        assert "503" in watch(bridge)["problem"]
        assert watch(bridge)["readUntil"] == before
        standin.heal()
        standin.push_image("docker-local", "app", "2")
        until(lambda: known(folder) == {"app/1", "app/2"})
        until(lambda: watch(bridge)["problem"] is None)


def test_a_registry_that_hangs_delays_neither_another_nor_the_end(standin: Standin, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Standin() as hanging:
        prepare(hanging)
        hanging.delay(60, times=None)
        with watching(folder, standin, poll_seconds=1) as bridge:
            connect(bridge, hanging, "slow")
            compared(bridge)
            standin.push_image("docker-local", "app", "1")
            until(lambda: known(folder) == {"app/1"})
            start = time.monotonic()
            assert bridge.stop() == 0
            assert time.monotonic() - start < 10


def test_two_bridges_on_one_folder_poll_as_often_as_one(standin: Standin, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with watching(folder, standin, poll_seconds=2) as first, watching(folder, standin, poll_seconds=2):
        compared(first)
        standin.clear_requests()
        time.sleep(6.5)

        assert 2 <= asked(standin, "/ping") <= 5


def test_the_administrators_token_is_kept_nowhere(standin: Standin, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with watching(folder, standin) as bridge:
        make_webhook(bridge)
        shown = bridge.call("GET", "registries/acme").text + bridge.call("GET", "registries/acme/watch").text
        assert bridge.stop() == 0
        secret = FileSecretStore.open(folder).get("registries/acme/webhook")["secret"]
        kept = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
        for canary in (TOKEN, secret):
            assert canary not in shown
            assert canary not in "\n".join(bridge.log + bridge.lines)
            assert canary.encode() not in kept
