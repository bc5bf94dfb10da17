"""Two processes on one database, kill -9, a full disk: no token changes and nothing accepted is lost."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.fakes.bridge_services import rendering
from tests.integration.bridge_process import BridgeProcess, environment, running
from tests.integration.killing import Killing
from tests.integration.small_disk import mounted

pytestmark = pytest.mark.integration


def register(bridge: BridgeProcess, *references: str, **fields: Any) -> dict[str, Any]:
    answer = bridge.call("POST", "registrations", json=rendering(*references, **fields))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_two_processes_give_the_same_workload_the_same_token_at_the_same_moment(tmp_path: Path) -> None:
    variables = environment(tmp_path / "data")
    with running(variables) as one, running(variables) as two:
        for number in range(15):
            together = threading.Barrier(4)

            def at_once(bridge: BridgeProcess, name: str, together: threading.Barrier = together) -> Any:
                together.wait(timeout=10)
                return register(bridge, "app:1", name=name)["workloads"]

            with ThreadPoolExecutor(4) as threads:
                answers = list(threads.map(at_once, [one, two, one, two], [f"web-{number}"] * 4))
            assert answers.count(answers[0]) == 4
        items = two.call("GET", "identities?limit=500").json()["items"]
    assert len(items) == 15


def test_what_was_accepted_survives_kill_9(tmp_path: Path) -> None:
    killing = Killing(tmp_path / "data", Random())
    for number in range(3):
        killing.round(number)
    assert killing.tokens
    killing.finish()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", mebibytes=1) as folder:
        yield folder


def test_on_a_full_disk_what_was_accepted_stays_and_space_cures_it(small_disk: Path, tmp_path: Path) -> None:
    variables = {**environment(tmp_path / "unused"), "PORTSHIFT_BRIDGE_DATA": str(small_disk / "data")}
    accepted = []
    with running(variables) as bridge:
        for number in range(200):
            body = rendering("app:1", name=f"web-{number}")
            body["workloads"] += [
                rendering("app:1", name=f"w-{number}-{n}")["workloads"][0] for n in range(20)
            ]
            answer = bridge.call("POST", "registrations", json=body)
            if answer.status_code != 200:
                break
            accepted += [each["id"] for each in answer.json()["workloads"]]
        assert answer.status_code == 503, answer.text
        assert answer.json()["type"] == "urn:portshift:problem:storage-unavailable"
        assert answer.json()["cure"] == "free space on the volume of the data folder"
        assert accepted
        assert bridge.call("GET", f"identities/{accepted[-1]}").status_code == 200

        subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
        assert bridge.call("POST", "registrations", json=body).status_code == 200
        bridge.stop()
    with sqlite3.connect(small_disk / "data" / "portshift.db") as connection:
        kept = {row[0] for row in connection.execute("SELECT id FROM identities")}
    connection.close()
    assert kept >= set(accepted)
    assert len(kept) == len(accepted) + 21


def test_a_file_that_may_not_grow_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    variables = environment(folder)
    with running(variables) as bridge:
        register(bridge, "app:1", name="before")
        bridge.stop()
    # The kernel refuses to let any file grow past this, as a quota would.
    limit = (folder / "portshift.db").stat().st_size + 64 * 1024

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    big = rendering("app:1")
    big["workloads"] = [rendering("app:1", name=f"big-{number}")["workloads"][0] for number in range(2_000)]
    with running(variables, preexec=bounded) as bridge:
        refused = bridge.call("POST", "registrations", json=big)
        assert refused.status_code == 503, refused.text
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == "urn:portshift:problem:storage-unavailable"
        assert "the database did not answer" in refused.json()["detail"]
        assert refused.json()["cure"]
        assert len(bridge.call("GET", "identities").json()["items"]) == 1
    with running(variables) as bridge:
        assert len(bridge.call("GET", "identities").json()["items"]) == 1
        after = bridge.call("POST", "registrations", json=big)
        assert after.status_code == 200, after.text
        bridge.stop()
    with sqlite3.connect(folder / "portshift.db") as connection:
        assert connection.execute("SELECT count(*) FROM registrations").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM identities").fetchone() == (2_001,)
    connection.close()
