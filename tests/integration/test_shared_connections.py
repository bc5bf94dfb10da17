"""A bridge that registers, watches and shows artifacts at once asks a registry within its limits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.bridge_services import rendering
from tests.integration.bridge_process import environment, running
from tests.integration.listener import Listener
from tests.standin import Standin, Switches

pytestmark = pytest.mark.integration

IMAGES = 120
LOGIN = {"kind": "password", "username": "admin", "secret": "password"}


@pytest.fixture
def standin() -> Iterator[Standin]:
    # A fourth query at once would be refused at once.
    with Standin(switches=Switches(aql_pending=0.0, aql_seconds=0.02)) as running_standin:
        running_standin.add_repository("docker-local")
        yield running_standin


def test_no_more_than_sixteen_connections_and_three_queries_at_once(tmp_path: Path, standin: Standin) -> None:
    images = [standin.push_image("docker-local", f"app-{number}", "1") for number in range(IMAGES)]
    standin.delay(0.02)
    with Listener(standin) as listener, running(environment(tmp_path / "data")) as bridge:
        registry = {"name": "acme", "url": f"http://{listener.host}/artifactory", "login": LOGIN}
        assert bridge.call("POST", "registries", json=registry).status_code == 201
        references = [f"{listener.host}/docker-local/app-{number}:1" for number in range(IMAGES)]

        def show(digest: str) -> Any:
            return bridge.call("GET", f"artifacts/{digest}").json()

        with ThreadPoolExecutor(7) as others:
            registered = [
                others.submit(bridge.call, "POST", "registrations", json=rendering(*part))
                for part in (references[::2], references[1::2], references)
            ]
            shown = list(others.map(show, [image.digest for image in images[:12]]))
        assert [each.result().status_code for each in registered] == [200, 200, 200]
        tokens = [item for each in registered for item in each.result().json()["workloads"]]
        bridge.stop()
    assert [each["registries"][0]["paths"]["state"] for each in shown] == ["known"] * 12
    assert len(tokens) == 3
    assert {each.status for each in standin.requests if each.path.endswith("/search/aql")} == {200}
    assert listener.connections <= 16
