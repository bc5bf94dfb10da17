"""The bridge ends when it is told to, whatever a registry does meanwhile."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.bridge_services import rendering
from tests.integration.bridge_process import BridgeProcess, environment, running
from tests.integration.test_watching import compared, connect, prepare
from tests.standin import Standin

pytestmark = pytest.mark.integration

SHUTDOWN_SECONDS = 6


@pytest.fixture
def standin() -> Iterator[Standin]:
    with Standin() as running_standin:
        prepare(running_standin)
        for number in range(30):
            running_standin.push_image("docker-local", f"app{number}", "1")
        yield running_standin


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[BridgeProcess]:
    settings = {"poll_seconds": "1", "shutdown_seconds": str(SHUTDOWN_SECONDS)}
    with running(environment(tmp_path / "data", **settings)) as bridge:
        yield bridge


def hang_polled(bridge: BridgeProcess, standin: Standin) -> None:
    standin.delay(60, times=None)
    connect(bridge, standin)
    time.sleep(1.5)


def hang_compared(bridge: BridgeProcess, standin: Standin) -> None:
    standin.delay(60, times=None, path="*/api/search/aql")
    connect(bridge, standin)
    time.sleep(1.5)


def hang_catalogued(bridge: BridgeProcess, standin: Standin) -> None:
    standin.delay(60, times=None, path="*/manifest.json")
    connect(bridge, standin)
    compared(bridge)
    time.sleep(1)


@pytest.mark.parametrize(("hang", "signals"), [(hang_polled, 1), (hang_compared, 2), (hang_catalogued, 2)])
def test_a_registry_that_hangs_does_not_hold_up_the_end(
    bridge: BridgeProcess, standin: Standin, hang: Callable[[BridgeProcess, Standin], None], signals: int
) -> None:
    hang(bridge, standin)
    seconds = end(bridge, signals=signals)

    assert seconds < SHUTDOWN_SECONDS
    assert "Traceback" not in "\n".join(bridge.log)


def test_a_request_that_hangs_is_answered_and_left(bridge: BridgeProcess, standin: Standin) -> None:
    connect(bridge, standin)
    compared(bridge)
    standin.delay(60, times=None)
    host = standin.url.partition("//")[2].partition("/")[0]
    answers: list[Any] = []

    def register() -> None:
        body = rendering(f"{host}/docker-local/app1:1")
        answers.append(bridge.call("POST", "registrations", json=body))

    thread = threading.Thread(target=register)
    thread.start()
    time.sleep(1)
    seconds = end(bridge)
    thread.join()

    # A second for what starts and stops the interpreter on a busy machine.
    assert seconds < SHUTDOWN_SECONDS + 1
    assert (answers[0].status_code, answers[0].json()["type"]) == (503, "urn:portshift:problem:busy")
    assert "Traceback" not in "\n".join(bridge.log)


def end(bridge: BridgeProcess, *, signals: int = 1) -> float:
    """Seconds until it has ended well."""
    start = time.monotonic()
    for _ in range(signals):
        bridge.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
    assert bridge.process.wait(timeout=30) == 0
    return time.monotonic() - start
