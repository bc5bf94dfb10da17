"""Sessions of one process with one server and login keep its limits together."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import requests

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.sessions import Sessions
from tests.fakes.http import Scripted, ScriptedAdapter

ACME = Registry("acme", "https://acme.example.com/artifactory")
BOB = Login(LoginKind.PASSWORD, "bob", "swordfish")


class Slow(ScriptedAdapter):
    """Holds every answer back until ``go``, and counts how many it holds."""

    def __init__(self) -> None:
        super().__init__(Scripted.json({}))
        self.go = threading.Event()
        self.closed = 0
        self.most = 0
        self._held = 0
        self._lock = threading.Lock()

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        with self._lock:
            self._held += 1
            self.most = max(self.most, self._held)
        self.go.wait(5)
        with self._lock:
            self._held -= 1
        return super().send(request, *args, **kwargs)

    def close(self) -> None:
        self.closed += 1


def test_what_one_session_is_told_to_wait_holds_for_the_others() -> None:
    adapter = ScriptedAdapter(Scripted(429, headers={"Retry-After": "9"}))
    sessions = Sessions(lambda *_: adapter)
    one, other = sessions.open(ACME, BOB), sessions.open(ACME, BOB)
    for asked in (one, other):
        with pytest.raises(Unreachable):
            asked.get("api/x", deadline=Deadline.after(5))
    assert len(adapter.requests) == 1


@pytest.mark.parametrize(("kind", "most"), [("query", 3), ("get", 16)])
def test_sessions_together_ask_no_more_at_once_than_one(kind: str, most: int) -> None:
    adapter = Slow()
    sessions = Sessions(lambda *_: adapter)
    asked = [sessions.open(ACME, BOB) for _ in range(5)]

    def ask(number: int) -> None:
        session = asked[number % len(asked)]
        if kind == "query":
            session.query("items.find()", deadline=Deadline.after(5))
        else:
            session.get("api/x", deadline=Deadline.after(5))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    # Those that are held must be as many as may be before the first is let go.
    threads[-1].join(0.2)
    adapter.go.set()
    for thread in threads:
        thread.join()
    assert (adapter.most, len(adapter.requests)) == (most, 40)


def test_who_gets_no_turn_by_the_deadline_is_told() -> None:
    adapter = Slow()
    sessions = Sessions(lambda *_: adapter)
    held = [
        threading.Thread(target=lambda: sessions.open(ACME, BOB).get("api/x", deadline=Deadline.after(5)))
        for _ in range(16)
    ]
    for thread in held:
        thread.start()
    late = sessions.open(ACME, BOB)
    with pytest.raises(Unreachable, match="earlier requests in time"):
        late.get("api/x", deadline=Deadline.after(0.3))
    adapter.go.set()
    for thread in held:
        thread.join()


@pytest.mark.parametrize(
    ("registry", "login"),
    [
        (replace(ACME, url="https://other.example.com/artifactory"), BOB),
        (replace(ACME, proxy="http://proxy:3128"), BOB),
        (ACME, replace(BOB, secret="marlin")),
        (ACME, Login()),
    ],
    ids=["url", "proxy", "secret", "login"],
)
def test_another_server_or_login_has_connections_of_its_own(registry: Registry, login: Login) -> None:
    sessions = Sessions(lambda *_: ScriptedAdapter(Scripted()))
    sessions.open(ACME, BOB)
    sessions.open(registry, login)
    assert len(sessions) == 2


def test_a_registry_that_only_includes_other_repositories_keeps_its_connections() -> None:
    sessions = Sessions(lambda *_: ScriptedAdapter(Scripted()))
    sessions.open(ACME, BOB)
    sessions.open(replace(ACME, include=("docker-*",)), BOB)
    assert len(sessions) == 1


def test_connections_are_closed_with_the_last_session_and_not_before() -> None:
    adapters: list[Slow] = []

    def connect(*_: object) -> Slow:
        adapters.append(Slow())
        return adapters[-1]

    sessions = Sessions(connect)
    one, other = sessions.open(ACME, BOB), sessions.open(ACME, BOB)
    one.close()
    one.close()
    assert adapters[0].closed == 0
    other.close()
    assert (adapters[0].closed, len(sessions)) == (1, 0)
    sessions.open(ACME, BOB).close()
    assert [adapter.closed for adapter in adapters] == [1, 1]
