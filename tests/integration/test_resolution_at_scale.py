"""A thousand images of one registration: how long, how many requests, and nothing older than the truth."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portshift.core.wire import Outcome
from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.resolving.resolution import Resolution, Resolver
from tests.bench.slow_registry import slow_registry
from tests.standin import Permission, Standin, Switches, build_image

pytestmark = pytest.mark.integration

ADMIN = Login(LoginKind.PASSWORD, "admin", "password")
_TRIES = 3


@contextmanager
def resolver(registry: Registry, login: Login = ADMIN, *, seconds: float = 20.0) -> Iterator[Resolver]:
    made = Resolver(lambda: [(registry, login)], deadline_seconds=seconds)
    try:
        yield made
    finally:
        made.close()


def timed(made: Resolver, references: list[str]) -> tuple[float, list[Resolution]]:
    started = time.perf_counter()
    found = list(made.resolve(references).values())
    return time.perf_counter() - started, found


@pytest.mark.parametrize(("one_in", "virtual_from"), [(0, None), (10, 500)], ids=["single", "mixed"])
def test_a_thousand_images_20_ms_away(one_in: int, virtual_from: int | None) -> None:
    first, second = [], []
    with slow_registry(1_000, milliseconds=20, one_in=one_in) as slow:
        references = slow.references(virtual_from=virtual_from)
        # What else the machine does slows one try or the other down.
        for _ in range(_TRIES):
            with resolver(slow.registry) as made:
                seconds, found = timed(made, references)
                again, same = timed(made, references)
            first.append(seconds)
            second.append(again)
            names = [
                "list.manifest.json" if one_in and n % one_in == 0 else "manifest.json" for n in range(1_000)
            ]
            assert [each.artifact for each in found] == [
                f"acme/docker-local/team/app-{n}/1.{n}/{name}" for n, name in enumerate(names)
            ]
            assert same == found
            if min(first) <= 3.0 and min(second) <= 0.3:
                break
    assert min(first) <= 3.0
    assert min(second) <= 0.3


def test_fifteen_hundred_lists_never_seen_before_are_in_well_before_the_deadline() -> None:
    with slow_registry(1_500, milliseconds=5, one_in=1) as slow, resolver(slow.registry) as made:
        seconds, found = timed(made, slow.references())
    assert {(each.outcome, len(each.children)) for each in found} == {(Outcome.RESOLVED, 2)}
    assert seconds < 15


@pytest.fixture
def standin() -> Iterator[Standin]:
    with Standin() as running:
        for key in ("docker-local", "docker-prod"):
            running.add_repository(key)
        running.add_repository("hub", "remote", remote_url="https://registry-1.docker.io")
        running.add_repository("docker", "virtual", members=("docker-prod", "docker-local", "hub"))
        yield running


def connected(standin: Standin) -> Registry:
    return Registry.from_json({"name": "acme", "url": standin.url})


def asked(standin: Standin) -> Counter[str]:
    """How often what was asked since the last time."""
    kinds = Counter("aql" if each.path.endswith("/aql") else each.method for each in standin.requests)
    standin.clear_requests()
    return kinds


def test_the_second_time_takes_queries_only(standin: Standin) -> None:
    for number in range(300):
        standin.push_image("docker-local", f"team/app-{number}", "1.0")
    keys = ("docker-local", "docker")
    references = [f"{standin.host}/{keys[number % 2]}/team/app-{number}:1.0" for number in range(300)]
    with resolver(connected(standin)) as made:
        made.resolve(references)
        first = asked(standin)
        made.resolve(references)
        second = asked(standin)
    assert first["HEAD"] == 300
    assert first["aql"] <= 6
    assert second == {"aql": 2}


@pytest.mark.parametrize("key", ["docker-local", "docker"])
@pytest.mark.parametrize("pushed_to", ["docker-local", "docker-prod"])
def test_a_push_between_two_registrations_is_seen_by_the_second(
    standin: Standin, key: str, pushed_to: str
) -> None:
    old = standin.push_image("docker-local", "app", "1.0", content="old")
    reference = f"{standin.host}/{key}/app:1.0"
    with resolver(connected(standin)) as made:
        before = made.resolve([reference])[reference]
        new = standin.push_image(pushed_to, "app", "1.0", content="new")
        after = made.resolve([reference])[reference]
    assert before.digest == old.digest
    # A member that comes before has the tag now; a local repository asked for itself knows nothing of it.
    seen = new if key == "docker" or pushed_to == key else old
    where = pushed_to if seen is new else "docker-local"
    assert (after.digest, after.artifact) == (seen.digest, f"acme/{where}/app/1.0/manifest.json")


def test_a_tag_that_moved_upstream_is_seen_though_the_cache_stays_as_it_is(standin: Standin) -> None:
    standin.push_image("hub", "team/app", "1.0", content="old", cached=True)
    reference = f"{standin.host}/hub/team/app:1.0"
    with resolver(connected(standin)) as made:
        made.resolve([reference])
        asked(standin)
        made.resolve([reference])
    assert asked(standin)["HEAD"] == 1


def test_a_thousand_digests_without_tags_take_few_queries_too(standin: Standin) -> None:
    images = [build_image(f"app-{number}") for number in range(200)]
    for number, image in enumerate(images):
        standin.push_image("docker-local", f"team/app-{number}", "1.0", image=image)
    references = [
        f"{standin.host}/docker/team/app-{number}@{image.digest}" for number, image in enumerate(images)
    ]
    with resolver(connected(standin)) as made:
        found = made.resolve(references)
        first = asked(standin)
        assert made.resolve(references) == found
    assert [each.artifact for each in found.values()] == [
        f"acme/docker-local/team/app-{number}/1.0/manifest.json" for number in range(200)
    ]
    assert first["aql"] <= 7
    assert asked(standin)["HEAD"] == 0


@pytest.mark.parametrize("status", [400, 408])
def test_a_query_that_artifactory_does_not_run_is_asked_in_parts(standin: Standin, status: int) -> None:
    for number in range(20):
        standin.push_image("docker-local", f"app-{number}", "1.0")
    standin.fail(status, times=1, path="*/api/search/aql")
    with resolver(connected(standin)) as made:
        found = made.resolve([f"{standin.host}/docker-local/app-{number}:1.0" for number in range(20)])
    assert {each.artifact for each in found.values()} == {
        f"acme/docker-local/app-{number}/1.0/manifest.json" for number in range(20)
    }


def test_while_queries_are_refused_for_long_nothing_is_signed_without_its_place(standin: Standin) -> None:
    standin.push_image("docker-local", "app", "1.0")
    standin.fail(429, times=None, path="*/api/search/aql")
    with resolver(connected(standin), seconds=5) as made:
        (found,) = made.resolve([f"{standin.host}/docker-local/app:1.0"]).values()
    assert (found.outcome, "429" in str(found.reason)) == (Outcome.UNREACHABLE, True)


def test_a_pause_that_is_asked_for_is_waited_for(standin: Standin) -> None:
    for number in range(64):
        standin.push_image("docker-local", f"app-{number}", "1.0")
    standin.fail(429, times=1, headers={"Retry-After": "1"})
    with resolver(connected(standin)) as made:
        references = [f"{standin.host}/docker-local/app-{number}:1.0" for number in range(64)]
        seconds, found = timed(made, references)
    assert {each.outcome for each in found} == {Outcome.RESOLVED}
    assert 1.0 <= seconds < 6


def test_no_worker_asks_while_another_was_told_to_wait(standin: Standin) -> None:
    standin.fail(429, times=None, headers={"Retry-After": "60"})
    references = [f"{standin.host}/docker-local/app-{number}:1.0" for number in range(64)]
    with resolver(connected(standin)) as made:
        seconds, found = timed(made, references)
    assert {each.outcome for each in found} == {Outcome.UNREACHABLE}
    assert len(standin.requests) <= 16
    assert seconds < 5


def test_an_anonymous_login_finds_many_images_without_a_query() -> None:
    with Standin(switches=Switches(anonymous=True)) as standin:
        standin.add_repository("docker-local")
        standin.add_user("anonymous", permissions=[Permission.of("read")])
        for number in range(40):
            standin.push_image("docker-local", f"app-{number}", "1.0")
        references = [f"{standin.host}/docker-local/app-{number}:1.0" for number in range(40)]
        with resolver(connected(standin), Login()) as made:
            found = made.resolve(references)
        kinds = asked(standin)
    assert {each.artifact for each in found.values()} == {
        f"acme/docker-local/app-{number}/1.0/manifest.json" for number in range(40)
    }
    assert "aql" not in kinds
