"""A HEAD is spared where AQL shows that nothing moved, and a tag that moved is seen at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portshift_bridge.registries.model import Login, Registry
from portshift_bridge.registries.resolving.resolution import Resolution, Resolver
from tests.fakes.artifactory import FakeArtifactory, FakeManifest

HOST = "acme.example.com"
DIGESTS = tuple(f"sha256:{letter * 64}" for letter in "1234")
ONE, TWO = DIGESTS[:2]


class World:
    """A resolver that goes on, at a virtual ``all`` of ``first``, ``second`` and the cache of a remote."""

    def __init__(self) -> None:
        self.fake = FakeArtifactory(virtuals={"all": ("first", "second", "hub-cache"), "hub": ("hub-cache",)})
        self.resolver = self.another()

    def another(self) -> Resolver:
        registry = Registry.from_json({"name": "acme", "url": f"https://{HOST}"})
        return Resolver(lambda: [(registry, Login())], connect=lambda *_: self.fake, parallel=2)

    def push(self, repository: str, tag: str = "1", digest: str = ONE, **properties: str) -> None:
        own = {key: (value,) for key, value in properties.items()}
        self.fake.push(repository, "app", tag, FakeManifest(digest, properties=own))

    def resolve(self, *references: str) -> list[Resolution]:
        return list(self.resolver.resolve([f"{HOST}/{reference}" for reference in references]).values())

    def heads(self, *references: str) -> int:
        """How many HEADs another registration of these takes."""
        self.fake.asked.clear()
        self.resolve(*references)
        return self.fake.asked.count("head")


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("stored", "asked", "heads"),
    [
        ("first", "first/app:1", 0),
        ("first", "all/app:1", 0),
        ("second", "all/app:1", 0),
        ("first", f"first/app@{ONE}", 0),
        ("first", f"first/app:1@{ONE}", 0),
        ("hub-cache", "hub/app:1", 1),
        ("hub-cache", "all/app:1", 1),
    ],
)
def test_only_what_local_repositories_hold_is_not_asked_for_again(
    world: World, stored: str, asked: str, heads: int
) -> None:
    world.push(stored)
    before = world.resolve(asked)
    assert world.heads(asked) == heads
    assert world.resolve(asked) == before


Change = Callable[[World], None]


@pytest.mark.parametrize(
    ("change", "digest"),
    [
        (lambda world: world.push("second", digest=TWO), TWO),
        (lambda world: world.push("first", digest=TWO), TWO),
        (lambda world: world.push("first", digest=ONE), ONE),
        (lambda world: world.fake.manifests.clear(), None),
        (lambda world: world.fake.hidden.add("second"), None),
    ],
    ids=["overwritten", "in a member before it", "there with the same digest", "deleted", "hidden"],
)
def test_a_tag_that_moved_is_seen_at_once_through_a_virtual(
    world: World, change: Change, digest: str | None
) -> None:
    world.push("second")
    world.resolve("all/app:1")
    change(world)
    assert [found.digest for found in world.resolve("all/app:1")] == [digest]


def test_members_that_differ_are_asked_for_each_time(world: World) -> None:
    world.push("first")
    world.push("second", digest=TWO)
    assert [found.digest for found in world.resolve("all/app:1")] == [ONE]
    assert world.heads("all/app:1") == 1


def test_a_tag_that_moved_between_head_and_query_is_not_remembered(world: World) -> None:
    class Moving(FakeArtifactory):
        def rows(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
            self.push("first", "app", "1", FakeManifest(TWO))
            return super().rows(*args, **kwargs)  # type: ignore[arg-type]

    world.fake = Moving()
    world.resolver = world.another()
    world.push("first")
    world.resolve("first/app:1")
    assert [found.digest for found in world.resolve("first/app:1")] == [TWO]


def test_a_query_that_fails_confirms_nothing(world: World) -> None:
    world.push("first")
    world.resolve("first/app:1")
    world.fake.aql = False
    assert world.heads("first/app:1") == 1


REPOSITORIES = ("first", "second", "hub-cache")
REFERENCES = [
    f"{repository}/app{end}"
    for repository in ("first", "second", "all", "hub")
    for end in (":1", ":2", f"@{ONE}", f":1@{TWO}")
]
PUSHES = st.tuples(st.sampled_from(REPOSITORIES), st.sampled_from("12"), st.sampled_from(DIGESTS))


@given(
    steps=st.lists(
        st.tuples(st.lists(PUSHES, max_size=4), st.lists(st.sampled_from(REFERENCES), max_size=8)), max_size=4
    )
)
def test_what_is_remembered_and_batched_is_what_would_be_found_one_by_one(
    steps: list[tuple[list[tuple[str, str, str]], list[str]]],
) -> None:
    world = World()
    for pushes, asked in steps:
        for repository, tag, digest in pushes:
            world.push(repository, tag, digest)
        together = world.resolve(*asked)
        alone: list[Resolution] = []
        for reference in dict.fromkeys(asked):
            fresh = world.another()
            alone += fresh.resolve([f"{HOST}/{reference}"]).values()
            fresh.close()
        assert together == alone
    world.resolver.close()
