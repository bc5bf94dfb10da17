"""Registries in use: the real programs, from the push to the list, whatever is in the way."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from portshift_bridge.secrets import FileSecretStore
from tests.e2e.conftest import pointed_at
from tests.e2e.program import Portshift, deployment, one_token
from tests.integration.bridge_process import BridgeProcess, environment, running
from tests.standin import Standin
from tests.vault.logins import private

pytestmark = pytest.mark.integration

ADMIN_TOKEN = "token-of-an-administrator"
PATIENCE = 20.0


@dataclass(frozen=True)
class Scene:
    """A bridge that polls once an hour unless told otherwise, the program, and an Artifactory."""

    folder: Path
    standin: Standin
    bridge: BridgeProcess
    portshift: Portshift

    def add(self, name: str = "acme", *more: str, url: str | None = None) -> None:
        login = ("--username", "admin", "--password-stdin", "--host", f"{name}.example")
        arguments = ("registries", "add", name, "--url", url or self.standin.url, *login, *more)
        added = self.portshift.run(*arguments, stdin=b"password")
        assert added.exit_code == 0, added.err

    def compared(self, name: str = "acme") -> bool:
        return self.bridge.call("GET", f"registries/{name}/watch").json()["comparedAt"] is not None

    def listed(self, *filters: str) -> list[Any]:
        outcome = self.portshift.run("artifacts", "list", *filters, "-o", "json")
        assert outcome.exit_code == 0, outcome.err
        return list(json.loads(outcome.out)["items"])

    @property
    def webhook(self) -> tuple[str, ...]:
        file = private(self.folder.parent / "admin.token", ADMIN_TOKEN)
        return ("--webhook", "--webhook-url", self.bridge.url, "--admin-token-file", str(file))


@contextlib.contextmanager
def scene(folder: Path, standin: Standin, *, poll_seconds: int = 3_600) -> Iterator[Scene]:
    with running(environment(folder / "data", poll_seconds=str(poll_seconds))) as bridge:
        yield Scene(folder / "data", standin, bridge, pointed_at(bridge.url, folder / "home"))


def artifactory() -> Standin:
    standin = Standin()
    standin.switches.webhook_strict_urls = False
    standin.add_repository("docker-local")
    standin.add_user("boss", token=ADMIN_TOKEN, admin=True)
    return standin


@pytest.fixture
def standin() -> Iterator[Standin]:
    with artifactory() as started:
        yield started


def until(holds: Callable[[], object]) -> float:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < PATIENCE, "it did not come to hold in time"
        time.sleep(0.05)
    return time.monotonic() - began


def test_a_push_is_listed_before_anyone_deploys_it(standin: Standin, tmp_path: Path) -> None:
    with scene(tmp_path, standin) as played:
        played.add("acme", *played.webhook)
        until(played.compared)
        image = standin.push_image("docker-local", "team/told", "1.0")

        seconds = until(lambda: played.listed("--image", "team/told"))

        (item,) = played.listed("--image", "team/told")
        assert (item["digest"], item["paths"][0]["registry"]) == (image.digest, "acme")
        assert seconds < 5


def test_a_push_whose_event_is_lost_is_listed_by_the_poller(standin: Standin, tmp_path: Path) -> None:
    with scene(tmp_path, standin, poll_seconds=1) as played:
        played.add("acme", *played.webhook)
        until(played.compared)
        standin.switches.deliver_webhooks = False
        standin.push_image("docker-local", "team/lost", "1.0")

        assert until(lambda: played.listed("--image", "team/lost")) < 10


def test_one_digest_in_two_registries_is_known_at_both_until_one_is_removed(
    standin: Standin, tmp_path: Path
) -> None:
    with artifactory() as other, scene(tmp_path, standin) as played:
        image = standin.push_image("docker-local", "app", "1.0")
        other.push_image("docker-local", "mirrored/app", "2.0", image=image)
        played.add("acme")
        played.add("beta", url=other.url)
        until(lambda: played.compared("acme") and played.compared("beta"))

        (item,) = played.listed("--digest", image.digest)
        assert {(path["registry"], path["image"]) for path in item["paths"]} == {
            ("acme", "app"),
            ("beta", "mirrored/app"),
        }
        shown = played.portshift.run("artifacts", "show", image.digest, "-o", "json")
        assert [each["registry"] for each in json.loads(shown.out)["registries"]] == ["acme", "beta"]

        assert played.portshift.run("registries", "remove", "acme").exit_code == 0
        (item,) = played.listed("--digest", image.digest)
        assert [path["registry"] for path in item["paths"]] == ["beta"]


def test_what_skopeo_pushes_is_signed_and_listed(standin: Standin, tmp_path: Path) -> None:
    skopeo = shutil.which("skopeo")
    if skopeo is None:
        pytest.skip("no skopeo on PATH: apt-get install skopeo")
    standin.push_image("docker-local", "app", "1.0", platforms=("linux/amd64", "linux/arm64"))
    place = f"docker://{standin.host}/docker-local"
    flags = ["--src-tls-verify=false", "--dest-tls-verify=false"]
    logins = ["--src-creds=admin:password", "--dest-creds=admin:password"]
    copy = [skopeo, "--insecure-policy", "copy", "--all", *flags, *logins]
    subprocess.run([*copy, f"{place}/app:1.0", f"{place}/copied:2.0"], check=True, capture_output=True)

    with scene(tmp_path, standin) as played:
        played.add()
        image = "acme.example/docker-local/copied:2.0"
        assert one_token(played.portshift.run("post-render", stdin=deployment("web", image)))
        until(lambda: played.listed("--image", "copied", "--tag", "2.0"))


def test_a_registry_that_hangs_holds_up_no_other(standin: Standin, tmp_path: Path) -> None:
    standin.push_image("docker-local", "app", "1.0")
    with artifactory() as silent, scene(tmp_path, standin) as played:
        played.add()
        played.add("silent", url=silent.url)
        silent.delay(60)

        outcome = played.portshift.run(
            "post-render", stdin=deployment("web", "acme.example/docker-local/app:1.0")
        )

        assert one_token(outcome)
        assert outcome.seconds < 2


def test_a_registry_that_is_removed_while_it_is_read_leaves_nothing(standin: Standin, tmp_path: Path) -> None:
    """Also for one that is added by the same name later: it is another Artifactory."""
    for number in range(400):
        standin.push_image("docker-local", f"app-{number}", "1.0")
    with artifactory() as other, scene(tmp_path, standin) as played:
        other.push_image("docker-local", "other", "1.0")
        standin.delay(0.5, path="*/aql")
        played.add()
        until(played.listed)
        assert played.portshift.run("registries", "remove", "acme").exit_code == 0
        # Longer than the answer takes that was on its way.
        time.sleep(1.5)
        assert played.listed() == []
        played.add(url=other.url)
        until(played.compared)

        assert [item["paths"][0]["image"] for item in played.listed()] == ["other"]


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.3])
def test_a_bridge_that_is_killed_while_a_registry_is_added_knows_all_of_it_or_nothing(
    standin: Standin, tmp_path: Path, seconds: float
) -> None:
    standin.delay(0.02)
    with scene(tmp_path, standin) as killed:
        adding = killed.portshift.start(
            *("registries", "add", "acme", "--url", standin.url, "--username", "admin", "--password-stdin"),
            *killed.webhook,
        )
        assert adding.stdin is not None
        adding.stdin.write(b"password")
        adding.stdin.close()
        began = len(standin.requests)
        until(lambda: len(standin.requests) > began or adding.poll() is not None)
        time.sleep(seconds)
        killed.bridge.process.kill()
        assert adding.wait(timeout=60) in {0, 4}
        for stream in (adding.stdout, adding.stderr):
            if stream is not None:
                stream.close()

    standin.heal()
    with scene(tmp_path, standin) as after:
        connected = after.bridge.call("GET", "registries").json()["items"]
        assert [each["login"]["state"] for each in connected] == ["available"] * len(connected)
        names = FileSecretStore.open(after.folder).names()
        assert connected or names in {(), ("registries/acme",)}
        if not connected:
            after.add()
        # What was broken off in the middle is put right by asking for it again.
        again = after.portshift.run("registries", "update", "acme", *after.webhook)
        assert again.exit_code == 0, again.err
        standin.push_image("docker-local", "after", "1.0")
        until(lambda: after.listed("--image", "after"))


def test_a_flood_of_events_holds_up_nobody(standin: Standin, tmp_path: Path) -> None:
    """What is too much is counted, and left to the poller."""
    with scene(tmp_path, standin) as played:
        played.add("acme", *played.webhook)
        secret = FileSecretStore.open(played.folder).get("registries/acme/webhook")["secret"]
        with requests.Session() as artifactory_itself:
            for number in range(2_000):
                data = {"repo_key": "docker-local", "image_name": f"flood/{number}", "tag": "1"}
                answer = artifactory_itself.post(
                    f"{played.bridge.url}/api/v1/registries/acme/events",
                    json={"domain": "docker", "event_type": "pushed", "data": data},
                    headers={"X-JFrog-Event-Auth": secret},
                    timeout=10,
                )
                assert answer.status_code == 202
        assert played.portshift.run("artifacts", "list").seconds < 2
        counted = requests.get(f"{played.bridge.url}/metrics", timeout=10).text
        assert 'portshift_registry_events_total{outcome="dropped"}' in counted
        with contextlib.closing(sqlite3.connect(played.folder / "portshift.db")) as database:
            assert database.execute("SELECT count(*) FROM artifact_paths").fetchone() == (0,)
