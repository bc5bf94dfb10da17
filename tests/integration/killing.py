"""A bridge that is killed with SIGKILL at random moments, again and again, and what it must still know."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import requests

from portshift.core.jwks import KeySet
from portshift.core.token import verify_token
from portshift_bridge.secrets import FileSecretStore
from tests.fakes.bridge_services import rendering
from tests.integration.bridge_process import PROGRAM, BridgeProcess, environment, listening, start

WORKERS = 4
ROUND_SECONDS = 60
_REGISTRY = {"name": "acme", "url": "http://127.0.0.1:9/artifactory", "hosts": ["acme.example.com"]}


@dataclass
class Killing:
    """What the bridge on ``folder`` accepted so far: tokens by identity, and the login it was last told."""

    folder: Path
    random: Random
    tokens: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    logins: list[str] = field(default_factory=lambda: ["first"])
    starts_killed: int = 0

    def __post_init__(self) -> None:
        self._variables = environment(self.folder)

    def round(self, number: int) -> None:
        """Start, check what earlier rounds accepted, load from all sides, kill; at times kill a start too."""
        if number % 3 == 0:
            self._kill_a_start()
        with self._bridge() as bridge:
            self.check(bridge)
            moment = self.random.uniform(0.1, 2.5)
            with ThreadPoolExecutor(WORKERS + 1) as threads:
                stop = time.monotonic() + ROUND_SECONDS
                loads = [
                    threads.submit(self._register, bridge, f"{number}-{worker}", stop)
                    for worker in range(WORKERS)
                ]
                loads.append(threads.submit(self._change_login, bridge, number, stop))
                rotating = self._rotate()
                time.sleep(moment)
                bridge.process.kill()
                rotating.kill()
                rotating.communicate()
                for load in loads:
                    load.result(timeout=ROUND_SECONDS)

    def check(self, bridge: BridgeProcess) -> None:
        """Assert that every accepted token is there, byte for byte and verifiable, and every secret opens."""
        kept = {item["id"]: item["token"] for item in _all_identities(bridge)}
        lost = [id_ for id_, token in self.tokens.items() if kept.get(id_) != token]
        assert lost == []
        keys = KeySet.from_jwks(bridge.call("GET", "/.well-known/jwks.json").json())
        status = bridge.call("GET", "status").json()
        for token in kept.values():
            verify_token(token, keys=keys, issuer=status["issuer"], trust_domain=status["trustDomain"])
        for id_, name in list(self.names.items())[-5:]:
            answer = bridge.call("POST", "registrations", json=rendering("app:1", name=name))
            assert answer.json()["workloads"][0]["token"] == self.tokens[id_]
        self._check_login(bridge)

    def finish(self) -> None:
        """Check a last time, and the database's own consistency once nothing runs."""
        with self._bridge() as bridge:
            self.check(bridge)
            assert bridge.stop() == 0
        with contextlib.closing(sqlite3.connect(self.folder / "portshift.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            half = connection.execute(
                "SELECT count(*) FROM identities WHERE key NOT IN (SELECT identity_key FROM identity_images)"
                " OR key NOT IN (SELECT identity_key FROM registration_identities)"
            )
            assert half.fetchone() == (0,)

    @contextlib.contextmanager
    def _bridge(self) -> Iterator[BridgeProcess]:
        with _ended(start(self._variables)) as process:
            yield listening(process)

    def _kill_a_start(self) -> None:
        with _ended(start(self._variables)):
            time.sleep(self.random.uniform(0.3, 2.0))
        self.starts_killed += 1

    def _register(self, bridge: BridgeProcess, worker: str, stop: float) -> None:
        def one(number: int) -> None:
            name = f"web-{worker}-{number}"
            answer = bridge.call("POST", "registrations", json=rendering("app:1", name=name))
            assert answer.status_code == 200, answer.text
            result = answer.json()["workloads"][0]
            self.tokens[result["id"]] = result["token"]
            self.names[result["id"]] = name

        _until_killed(one, stop)

    def _change_login(self, bridge: BridgeProcess, round_: int, stop: float) -> None:
        def one(number: int) -> None:
            secret = f"secret-{round_}-{number}"
            self.logins.append(secret)
            login = {"kind": "password", "username": "portshift", "secret": secret}
            answer = bridge.call("PATCH", "registries/acme", json={"login": login})
            if answer.status_code == 404:
                answer = bridge.call("POST", "registries", json={**_REGISTRY, "login": login})
            assert answer.ok, answer.text
            # What was accepted is the least that must survive; what was on its way may have.
            self.logins = [secret]

        _until_killed(one, stop)

    def _check_login(self, bridge: BridgeProcess) -> None:
        answer = bridge.call("GET", "registries/acme")
        if answer.status_code == 404:
            assert self.logins[0] == "first"
            return
        assert answer.status_code == 200, answer.text
        assert FileSecretStore.open(self.folder).get("registries/acme")["secret"] in self.logins

    def _rotate(self) -> subprocess.Popen[bytes]:
        command: list[str | Path] = [PROGRAM, "keys", "rotate", "--data", self.folder]
        return subprocess.Popen(command, env=self._variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _until_killed(one: Callable[[int], None], stop: float) -> None:
    for number in range(100_000):
        try:
            one(number)
        except (requests.RequestException, json.JSONDecodeError):
            return
        assert time.monotonic() < stop, "nobody killed it"


def _all_identities(bridge: BridgeProcess) -> Iterator[Mapping[str, Any]]:
    query: dict[str, str] = {"limit": "500"}
    for _ in range(10_000):
        answer = bridge.call("GET", "identities", params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield from page["items"]
        if page["next"] is None:
            return
        query["cursor"] = page["next"]
    raise AssertionError("pages without end")
