"""A registry that answers with anything but Artifactory's answers: it fails in time, and it alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import pointed_at
from tests.e2e.false_registries import FALSE_ANSWERS, false_registry
from tests.e2e.program import Portshift, deployment
from tests.integration.bridge_process import BridgeProcess, environment, running
from tests.standin import Standin

pytestmark = pytest.mark.integration

RESOLVE_SECONDS = 2
# What a bridge may need on top for so many false registries: each answer is read up to 8 MiB.
MEBIBYTES = 250


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeProcess]:
    """Connected to one false registry of every kind, which are polled all the time, and to a good one."""
    folder = tmp_path_factory.mktemp("bridge") / "data"
    settings = {"poll_seconds": "1", "resolve_seconds": str(RESOLVE_SECONDS), "shutdown_seconds": "10"}
    with ExitStack() as stack:
        standin = stack.enter_context(Standin())
        standin.add_repository("docker-local")
        standin.push_image("docker-local", "app", "1")
        urls = {name: stack.enter_context(false_registry(answer)) for name, answer in FALSE_ANSWERS.items()}
        started = stack.enter_context(running(environment(folder, **settings)))
        for name, url in {**urls, "good": standin.url}.items():
            login = {"kind": "password", "username": "admin", "secret": "password"}
            body = {"name": name, "url": url, "hosts": [f"{name}.example"], "login": login}
            assert started.call("POST", "registries", json=body).ok
        yield started


@pytest.fixture
def portshift(bridge: BridgeProcess, tmp_path: Path) -> Portshift:
    return pointed_at(bridge.url, tmp_path / "home")


def test_no_image_of_theirs_is_signed_and_each_is_told_in_time(
    bridge: BridgeProcess, portshift: Portshift
) -> None:
    def deploy(name: str) -> tuple[str, int, str, float]:
        image = deployment(f"x-{name}", f"{name}.example/docker-local/app:1")
        outcome = portshift.run("post-render", stdin=image)
        assert outcome.out == b""
        return name, outcome.exit_code, outcome.err, outcome.seconds

    with ThreadPoolExecutor(5) as threads:
        showing = threads.submit(portshift.run, "artifacts", "show", "good.example/docker-local/app:1")
        outcomes = list(threads.map(deploy, FALSE_ANSWERS))

    assert {name: code for name, code, _, _ in outcomes if code != 4} == {}
    assert {name: said for name, _, said, _ in outcomes if f"registry {name}" not in said} == {}
    assert max(seconds for *_, seconds in outcomes) < RESOLVE_SECONDS + 5
    # All of them are asked for the artifact, and some never end their answers.
    assert showing.result().exit_code == 0, showing.result().err
    assert showing.result().seconds < 25


def test_the_good_registry_beside_them_is_as_quick_as_ever(
    bridge: BridgeProcess, portshift: Portshift
) -> None:
    outcome = portshift.run("post-render", stdin=deployment("web", "good.example/docker-local/app:1"))

    assert outcome.exit_code == 0, outcome.err
    assert outcome.seconds < 2


@pytest.mark.parametrize(
    "name", ["html", "null", "gzip-bombs", "long-header", "no-http", "redirect-metadata"]
)
def test_connection_tests_say_what_was_found(portshift: Portshift, name: str) -> None:
    tested = portshift.run("registries", "test", name)

    assert tested.exit_code in {4, 5}
    assert tested.err.count("\n") == 1
    assert tested.err.startswith("Error: the check ")


def test_nothing_piles_up_and_nothing_unforeseen_happened(bridge: BridgeProcess) -> None:
    """The last in this file: all of them were polled meanwhile."""
    started = time.monotonic()
    process = psutil.Process(bridge.process.pid)
    assert process.memory_info().rss / 1024**2 < MEBIBYTES
    assert [line for line in bridge.log if "Traceback" in line or "unexpected" in line] == []
    assert bridge.stop() == 0
    assert time.monotonic() - started < 15
