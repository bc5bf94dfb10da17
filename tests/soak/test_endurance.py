"""A bridge under load for minutes: no error, and memory and open files do not grow."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
import requests

from tests.e2e.conftest import Shop
from tests.fakes.bridge_services import rendering
from tests.integration.bridge_process import BridgeProcess, environment, running
from tests.sandbox import shop
from tests.soak.length import ENDURANCE_SECONDS, SEED
from tests.standin import Standin

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

CLIENTS = 6
SAMPLE_SECONDS = 2.0
MEBIBYTE = 1024 * 1024
# Resident memory may grow this much after the first third, and never be more than that. New images come in
# that third only: the bridge keeps the facts of 10,000 images on purpose, about 7 KiB each.
GROWTH_MIB = 8
MOST_MIB = 256
# Connections to the registry that happen to be kept alive.
SPARE_FILES = 8


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[BridgeProcess]:
    """Connected to a stand-in that makes up every image of Docker Hub."""
    with Standin(conjure=True) as standin, running(environment(tmp_path / "data")) as started:
        Shop(standin, shop.fill(standin)).connect(started)
        yield started


@dataclass
class Load:
    """What clients do to a bridge, each step at random, and how long each took, in seconds."""

    bridge: BridgeProcess
    end: float
    warm: float
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def run(self, client: int) -> None:
        """Work until the end."""
        random = Random(f"{SEED} {client}")
        steps = [self._same_again] * 5 + [self._new] * 2 + [self._list] * 2 + [self._look]
        for number in range(1_000_000):
            if time.monotonic() > self.end:
                return
            step = random.choice(steps)
            step(random, f"{client}-{number}")

    def _same_again(self, random: Random, _: str) -> None:
        number = random.randrange(200)
        self._register(f"web-{number}", f"shop/web-{number}:1.0", f"shop/side-{number % 20}:1.0")

    def _new(self, random: Random, unique: str) -> None:
        image = f"new-{unique}" if time.monotonic() < self.warm else f"web-{random.randrange(200)}"
        self._register(f"new-{unique}", f"shop/{image}:1.0")

    def _register(self, name: str, *references: str) -> None:
        body = rendering(*references, name=name)
        answer = self._timed("register", "POST", "registrations", json=body)
        (workload,) = answer.json()["workloads"]
        assert workload["token"]
        assert {image["outcome"] for image in workload["images"]} == {"resolved"}, workload

    def _list(self, random: Random, _: str) -> None:
        filters = random.choice(["", "&namespace=shop", "&name=web-7", "&status=revoked"])
        self._timed("list", "GET", f"identities?limit=100{filters}")

    def _look(self, random: Random, _: str) -> None:
        path = random.choice(["status", "registries", "/metrics", "/readyz", "/.well-known/jwks.json"])
        self._timed("look", "GET", path)

    def _timed(self, kind: str, method: str, path: str, **arguments: Any) -> requests.Response:
        started = time.monotonic()
        answer = self.bridge.call(method, path, **arguments)
        self.seconds[kind].append(time.monotonic() - started)
        assert answer.status_code == 200, answer.text
        return answer


@dataclass(frozen=True)
class Sample:
    """What the bridge holds at a moment."""

    mebibytes: float
    files: int


def test_a_bridge_under_load_grows_no_memory_and_leaks_no_files(bridge: BridgeProcess) -> None:
    process = psutil.Process(bridge.process.pid)
    started = time.monotonic()
    load = Load(bridge, started + ENDURANCE_SECONDS, warm=started + ENDURANCE_SECONDS / 3)
    samples: list[Sample] = []
    with ThreadPoolExecutor(CLIENTS) as clients:
        working = [clients.submit(load.run, number) for number in range(CLIENTS)]
        while any(not each.done() for each in working):
            time.sleep(SAMPLE_SECONDS)
            samples.append(_sampled(process))
            if len(samples) % 15 == 0:
                print(f"\nsoak: {samples[-1]}, {_count(load)} requests", end="", flush=True)
        for each in working:
            each.result()
    for kind, seconds in load.seconds.items():
        print(f"\nsoak: {kind} x{len(seconds)}: {_quantiles(seconds)}", end="", flush=True)
    _settled(samples)
    assert not [line for line in bridge.log if " ERROR " in line or "Traceback" in line]
    assert bridge.stop() == 0


def _settled(samples: list[Sample]) -> None:
    third = len(samples) // 3
    warm, rest = samples[:third], samples[third:]
    before, after = max(s.mebibytes for s in warm), max(s.mebibytes for s in rest)
    print(f"\nsoak: at most {before:.0f} MiB in the first third, {after:.0f} MiB after it", end="")
    print(f"; files {max(s.files for s in warm)}, then {max(s.files for s in rest)}")
    assert after < min(before + GROWTH_MIB, MOST_MIB)
    assert max(s.files for s in rest) <= max(s.files for s in warm) + SPARE_FILES


def _sampled(process: psutil.Process) -> Sample:
    return Sample(round(process.memory_info().rss / MEBIBYTE, 1), process.num_fds())


def _count(load: Load) -> int:
    return sum(len(seconds) for seconds in load.seconds.values())


def _quantiles(seconds: list[float]) -> str:
    hundredths = statistics.quantiles(seconds, n=100)
    return f"p50 {hundredths[49] * 1000:.0f} ms, p99 {hundredths[98] * 1000:.0f} ms"
