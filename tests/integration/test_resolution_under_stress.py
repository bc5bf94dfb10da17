"""Resolving while the registry misbehaves: storms, hangs, cut connections, many images at once."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portshift.core.errors import Unreachable
from portshift.core.wire import Outcome
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.guard import GuardedAdapter
from portshift_bridge.registries.artifactory import Artifactory
from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.resolving.resolution import Resolver
from portshift_bridge.registries.session import open_session
from tests.integration.listener import Listener
from tests.standin import Standin

pytestmark = pytest.mark.integration

ADMIN = Login(LoginKind.PASSWORD, "admin", "password")


@pytest.fixture
def standin() -> Iterator[Standin]:
    with Standin() as running:
        running.add_repository("docker-local")
        running.push_image("docker-local", "app", "1.0", platforms=("linux/amd64", "linux/arm64"))
        yield running


def connection(url: str, name: str = "acme") -> tuple[Registry, Login]:
    return Registry.from_json({"name": name, "url": url}), ADMIN


@contextmanager
def resolver(*connections: tuple[Registry, Login], seconds: float = 10.0) -> Iterator[Resolver]:
    made = Resolver(lambda: connections, deadline_seconds=seconds)
    yield made
    made.close()


def app(standin: Standin) -> str:
    return f"{standin.host}/docker-local/app:1.0"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_short_storm_is_ridden_out(standin: Standin, status: int) -> None:
    standin.fail(status, times=3, headers={"Retry-After": "0"})
    with resolver(connection(standin.url)) as made:
        assert made.resolve([app(standin)])[app(standin)].outcome is Outcome.RESOLVED


@pytest.mark.parametrize("status", [429, 500])
def test_a_long_storm_is_inconclusive_and_over_with_its_end(standin: Standin, status: int) -> None:
    standin.fail(status, times=None)
    with resolver(connection(standin.url)) as made:
        during = made.resolve([app(standin)])[app(standin)]
        standin.heal()
        after = made.resolve([app(standin)])[app(standin)]
    assert (during.outcome, after.outcome) == (Outcome.UNREACHABLE, Outcome.RESOLVED)
    assert f"answers {status}" in str(during.reason)


def test_a_connection_cut_in_the_middle_of_a_body_is_tried_again(standin: Standin) -> None:
    standin.cut(times=2, path="*/aql")
    standin.cut(times=1, path="*/list.manifest.json")
    with resolver(connection(standin.url)) as made:
        found = made.resolve([app(standin)])[app(standin)]
    assert (found.outcome, len(found.children)) == (Outcome.RESOLVED, 2)


def test_a_registry_that_always_cuts_is_unreachable(standin: Standin) -> None:
    standin.cut(times=None, path="*/aql")
    with resolver(connection(standin.url)) as made:
        found = made.resolve([app(standin)])[app(standin)]
    assert found.outcome is Outcome.UNREACHABLE


def test_a_registry_that_hangs_costs_the_deadline_and_only_its_own_images(standin: Standin) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        stuck = [f"{host}/docker-local/app:{number}" for number in range(40)]
        connections = connection(f"http://{host}", "silent"), connection(standin.url)
        with resolver(*connections, seconds=1.5) as made:
            started = time.monotonic()
            found = made.resolve([*stuck, app(standin)])
            elapsed = time.monotonic() - started
    assert found[app(standin)].outcome is Outcome.RESOLVED
    assert {found[reference].outcome for reference in stuck} == {Outcome.UNREACHABLE}
    assert elapsed < 3


def test_nobody_listening_is_unreachable_at_once(standin: Standin) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        host = f"127.0.0.1:{gone.getsockname()[1]}"
    references = [f"{host}/docker-local/app:{number}" for number in range(50)]
    started = time.monotonic()
    with resolver(connection(f"http://{host}")) as made:
        found = made.resolve(references)
    assert {each.outcome for each in found.values()} == {Outcome.UNREACHABLE}
    assert "refused" in str(found[references[0]].reason)
    assert time.monotonic() - started < 5


def test_two_hundred_images_take_a_bounded_time_and_few_connections(standin: Standin) -> None:
    for number in range(200):
        standin.push_image("docker-local", f"team/app-{number}", "1.0")
    references = [f"{standin.host}/docker-local/team/app-{number}:1.0" for number in range(200)]
    with Listener(standin) as listener, resolver(connection(f"http://{listener.host}")) as made:
        asked = [reference.replace(standin.host, listener.host) for reference in references]
        started = time.monotonic()
        found = made.resolve(asked)
        elapsed = time.monotonic() - started
    assert {each.outcome for each in found.values()} == {Outcome.RESOLVED}
    assert len({each.digest for each in found.values()}) == 200
    assert elapsed < 15
    assert listener.connections <= 16


def test_an_address_that_is_not_permitted_gets_a_connection_but_no_request(standin: Standin) -> None:
    registry, login = connection(standin.url)
    asked: list[str] = []

    def nowhere(address: str) -> bool:
        asked.append(address)
        return False

    client = Artifactory(open_session(registry, login, adapter=GuardedAdapter(permitted=nowhere)))
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1, a link-local or metadata address"):
        client.head("docker-local", "app", "1.0", deadline=Deadline.after(5))
    client.close()
    assert asked == ["127.0.0.1"]
    assert standin.requests == []
