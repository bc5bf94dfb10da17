"""Properties written in both ways and read back, on the three versions of the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portshift.core.errors import InvalidInput
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.properties import read_properties, write_properties
from portshift_bridge.registries.property_rules import Changes, Way
from portshift_bridge.registries.session import Session, open_session
from tests.standin import Permission, Standin, Switches
from tests.standin.switches import CURRENT, GROOVY_3, OLD

pytestmark = pytest.mark.integration

ADMIN = Login(LoginKind.PASSWORD, "admin", "password")
AWKWARD = [
    "a,b", "a|b", "a=b=c", "a;b", "back\\slash", "1+1", "50%", "%2B", "ünï – 漢字 \N{GRINNING FACE}",
    '"quoted"', "'single'", " leading", "trailing ", "Male, | And Female = Love",
    "2026-01-02T03:04:05.000+0300", "x" * 2_400, "#?&/", "null",
]  # fmt: skip


class World:
    """A stand-in of one version with one image, and a session at it."""

    def __init__(self, standin: Standin, session: Session) -> None:
        self.standin = standin
        self.session = session
        self.version = standin.switches.version

    def write(self, changes: Changes, way: Way, *, place: ManifestPath | None = None) -> None:
        write_properties(
            self.session,
            place or manifest(),
            changes,
            way=way,
            version=self.version,
            deadline=Deadline.after(10),
        )

    def read(self, *keys: str) -> dict[str, tuple[str, ...]]:
        found = read_properties(self.session, manifest(), deadline=Deadline.after(10))
        return {key: values for key, values in found.items() if key in keys}


def manifest(repository: str = "docker-local") -> ManifestPath:
    return ManifestPath(repository, "app/1.0", "manifest.json", "sha256:" + "a" * 64)


@pytest.fixture(scope="module", params=[OLD, GROOVY_3, CURRENT])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with Standin(switches=Switches(version=request.param)) as standin:
        standin.add_repository("docker-local")
        standin.add_repository("docker", "virtual", members=("docker-local",))
        standin.push_image("docker-local", "app", "1.0")
        registry = Registry.from_json({"name": "acme", "url": standin.url})
        with closing(open_session(registry, ADMIN)) as session:
            yield World(standin, session)


BOTH = pytest.mark.parametrize("way", list(Way))


@BOTH
@pytest.mark.parametrize("value", AWKWARD, ids=range(len(AWKWARD)))
def test_an_awkward_value_survives(world: World, way: Way, value: str) -> None:
    world.write({"awkward": [value], "several": ["1", value]}, way)
    assert world.read("awkward", "several") == {"awkward": (value,), "several": ("1", value)}


@BOTH
@pytest.mark.parametrize("value", ["", "x" * 2_401, "a\nb", "\x00", "ends with \\", "a\\,b"], ids=range(6))
def test_what_might_not_survive_does_or_is_refused_before_anything_is_sent(
    world: World, way: Way, value: str
) -> None:
    world.standin.clear_requests()
    try:
        world.write({"first": ["1"], "doubtful": [value]}, way)
    except InvalidInput:
        assert world.standin.requests == []
    else:
        assert world.read("doubtful") == {"doubtful": (value,)}


@BOTH
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9._-]{0,12}", fullmatch=True).map("our.{}".format),
        st.none() | st.lists(st.text(max_size=20) | st.text(",=|;\\+% ", max_size=6), min_size=1, max_size=4),
        max_size=5,
    )
)
def test_whatever_is_not_refused_is_read_back(
    world: World, way: Way, changes: dict[str, list[str] | None]
) -> None:
    try:
        world.write(changes, way)
    except InvalidInput:
        return
    assert world.read(*changes) == {
        key: tuple(values) for key, values in changes.items() if values is not None
    }


@BOTH
def test_other_properties_stay_and_what_is_none_goes(world: World, way: Way) -> None:
    before = world.read("docker.manifest", "docker.manifest.digest", "sha256")
    world.write({"one": ["1"], "two": ["2"]}, way)
    world.write({"one": None, "never.there": None, "two": ["3"]}, way)
    assert world.read("one", "two") == {"two": ("3",)}
    assert world.read("docker.manifest", "docker.manifest.digest", "sha256") == before
    assert len(before) == 3


@BOTH
def test_a_list_s_folder_is_not_written_below(world: World, way: Way) -> None:
    world.standin.clear_requests()
    world.write({"one": ["1"], "two": None}, way)
    options = {Way.STORAGE: "recursive=0", Way.METADATA: "recursiveProperties=0&atomicProperties=0"}
    assert all(options[way] in request.query for request in world.standin.requests)


def test_many_properties_take_several_urls_and_the_last_comes_last(world: World) -> None:
    world.standin.clear_requests()
    changes = {f"many.{number:03}": ["x" * 100] for number in range(200)} | {"many.updated": ["2026-01-02"]}
    world.write(changes, Way.STORAGE)
    sent = world.standin.requests
    assert 1 < len(sent) < 10
    assert "many.updated" in sent[-1].query
    assert max(len(f"{request.path}?{request.query}") for request in sent) <= 7_100
    assert world.read(*changes) == {key: tuple(values) for key, values in changes.items()}
    world.write(dict.fromkeys(changes), Way.STORAGE)
    assert world.read(*changes) == {}


@BOTH
def test_a_virtual_repository_is_refused_with_the_place_to_write_to(world: World, way: Way) -> None:
    with pytest.raises(InvalidInput, match="write to docker-local/app"):
        world.write({"through": ["virtual"]}, way, place=manifest("docker"))
    assert world.read("through") == {}


@BOTH
def test_a_missing_permission_and_a_missing_item_are_told_apart_from_that(world: World, way: Way) -> None:
    reader = Permission.of("read", repo="docker-local")
    world.standin.add_user("reader", "pass", permissions=[reader])
    registry = Registry.from_json({"name": "acme", "url": world.standin.url})
    with closing(open_session(registry, Login(LoginKind.PASSWORD, "reader", "pass"))) as session:
        as_reader = World(world.standin, session)
        with pytest.raises(Forbidden, match="annotate"):
            as_reader.write({"one": ["1"]}, way)
    with pytest.raises(NotFound):
        world.write({"one": ["1"]}, way, place=manifest("docker-dev"))


def test_five_thousand_properties_of_full_length_are_read_whole(world: World) -> None:
    values = {f"big.{number:04}": [str(number).zfill(2_400)] for number in range(5_000)}
    world.standin.push_image("docker-local", "big", "1.0")
    world.standin.set_properties("docker-local", "big/1.0/manifest.json", values)
    place = ManifestPath("docker-local", "big/1.0", "manifest.json", "sha256:" + "a" * 64)
    found = read_properties(world.session, place, deadline=Deadline.after(30))
    assert {key: list(found[key]) for key in values} == values
