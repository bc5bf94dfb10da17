"""A digest that lies at more places than one answer of Artifactory may hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.inspecting.inspection import Inspection, Known, inspect
from portshift_bridge.registries.inspecting.states import State
from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.session import open_session
from tests.standin import Standin, build_image

pytestmark = pytest.mark.integration

ADMIN = Login(LoginKind.PASSWORD, "admin", "password")
BASE = build_image("base")
# Together with the properties they take 12 MiB.
PLACES = 1_150
LABELS = {f"docker.label.{number}": [str(number) * 2_400] for number in range(4)}


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with Standin() as running:
        running.add_repository("docker-local")
        running.add_repository("docker-prod")
        for number in range(PLACES):
            path = f"team/base/1.{number:04}/manifest.json"
            repository = "docker-prod" if number % 2 else "docker-local"
            running.store.deploy(repository, path, BASE.top.content)
            running.set_properties(repository, path, {**LABELS, "number": [str(number)]})
        yield running


def shown(standin: Standin, **more: object) -> Inspection:
    registry = Registry.from_json({"name": "acme", "url": standin.url, **more})
    with closing(open_session(registry, ADMIN)) as session:
        return inspect(session, registry, BASE.digest, Known(), deadline=Deadline.after(20))


def test_they_are_read_in_pages_and_each_shown_one_has_its_properties(standin: Standin) -> None:
    standin.clear_requests()
    paths = shown(standin).paths
    queries = [each for each in standin.requests if each.path.endswith("/search/aql")]
    # All at once, two pages without properties, and these for forty places at a time.
    assert len(queries) == 1 + 2 + 2 * 13
    assert (paths.state, len(paths.items)) == (State.UNKNOWN, 1_000)
    assert paths.reason == f"it lies at {PLACES} paths; 1000 of them are shown"
    assert all(place.properties["number"] == (str(int(str(place.tag)[2:])),) for place in paths.items)
    assert all(place.properties.keys() >= LABELS.keys() for place in paths.items)


def test_those_of_repositories_that_are_left_out_take_nobody_s_room(standin: Standin) -> None:
    paths = shown(standin, repositories={"include": ["docker-prod"]}).paths
    assert (paths.state, len(paths.items)) == (State.KNOWN, PLACES // 2)
