"""Two bridges on one data folder, with everything that writes: no writer is turned away."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from portshift_bridge.secrets import FileSecretStore
from tests.fakes.bridge_services import rendering
from tests.integration.bridge_process import BridgeProcess, environment, running
from tests.integration.test_watching import ADMIN, connect, make_webhook, prepare
from tests.standin import Standin

pytestmark = pytest.mark.integration

SECONDS = 8
IMAGES = 200


@pytest.fixture
def standin() -> Iterator[Standin]:
    with Standin() as running_standin:
        prepare(running_standin)
        for number in range(IMAGES):
            running_standin.push_image("docker-local", f"app{number}", "1")
        yield running_standin


def test_registrations_events_polls_and_the_catalogue_write_side_by_side(
    standin: Standin, tmp_path: Path
) -> None:
    write_side_by_side(standin, tmp_path / "data", seconds=SECONDS)


def write_side_by_side(standin: Standin, folder: Path, *, seconds: float) -> None:
    """Let two bridges do all that they do for so long; tests/soak does it for longer."""
    variables = environment(folder, poll_seconds="1")
    with ExitStack() as stack:
        bridges = [stack.enter_context(running(variables)) for _ in range(2)]
        connect(bridges[0], standin)
        make_webhook(bridges[0])
        secret = FileSecretStore.open(folder).get("registries/acme/webhook")["secret"]
        load = Load(standin, secret, stop_at=time.monotonic() + seconds)
        threads = [threading.Thread(target=load.change)]
        for bridge in bridges:
            threads += [threading.Thread(target=each, args=(bridge,)) for each in (load.register, load.tell)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [bridge.stop() for bridge in bridges] == [0, 0]
        log = [line for bridge in bridges for line in bridge.log]

    assert load.refused == []
    assert min(load.done.values()) > 10, load.done
    assert [line for line in log if any(sign in line for sign in ("locked", "Traceback", "failed"))] == []


@dataclass
class Load:
    """What people, pipelines and a registry do at once until ``stop_at``; ``refused`` is what went wrong."""

    standin: Standin
    secret: str
    stop_at: float
    refused: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def register(self, bridge: BridgeProcess) -> None:
        host = self.standin.url.partition("//")[2].partition("/")[0]
        for number in self._numbers("registrations"):
            body = rendering(
                f"{host}/docker-local/app{number % IMAGES}:1", name=f"{bridge.process.pid}-{number}"
            )
            self._check(bridge.call("POST", "registrations", json=body), 200)

    def tell(self, bridge: BridgeProcess) -> None:
        url = f"{bridge.url}/api/v1/registries/acme/events"
        # The other bridge learns the secret some seconds after the first.
        for number in self._numbers("events"):
            data = {"repo_key": "docker-local", "image_name": f"app{number % IMAGES}", "tag": "1"}
            event = {"domain": "docker", "event_type": "pushed", "data": data}
            headers = {"X-JFrog-Event-Auth": self.secret}
            self._check(requests.post(url, json=event, headers=headers, timeout=30), 202, 401)
            time.sleep(0.01)

    def change(self) -> None:
        for number in self._numbers("changes"):
            self.standin.push_image("docker-local", f"new{number}", "1", content=str(number))
            gone = f"{self.standin.url}/docker-local/app{number % IMAGES}/1"
            requests.delete(gone, auth=ADMIN, timeout=30)
            time.sleep(0.1)

    def _numbers(self, what: str) -> Iterator[int]:
        for number in itertools.count():
            if time.monotonic() > self.stop_at:
                return
            self.done[what] += 1
            yield number

    def _check(self, answer: requests.Response, *expected: int) -> None:
        if answer.status_code not in expected:
            self.refused.append(f"{answer.status_code} {answer.text}")
