"""The fake registry and the real client on the stand-in, held to the same answers.

Resolution is tested on the fake; this is what makes those tests mean something.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from portshift.core.identity import Build
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.artifactory import ImageSource, open_artifactory
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.facts import ManifestHead
from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.resolving.places import Place, batches, rows_by_place
from tests.fakes.artifactory import OCI_INDEX, OCI_MANIFEST, FakeArtifactory, FakeManifest
from tests.standin import Permission, Standin, build_image

APP = build_image("app")
MULTI = build_image("multi", platforms=("linux/amd64", "linux/arm64"), attestations=True)
MULTI_CHILDREN = tuple(child.digest for child in MULTI.children if not child.annotations)
BUILD = Build("shop", "17")


@dataclass
class World:
    """The same images, behind either implementation."""

    source: ImageSource

    @property
    def soon(self) -> Deadline:
        return Deadline.after(10)

    def head(self, repository: str, image: str, reference: str) -> ManifestHead:
        return self.source.head(repository, image, reference, deadline=self.soon)

    def rows(self, *places: Place, properties: bool = True) -> dict[Place, list[str]]:
        """The full paths at each place."""
        (batch,) = batches(places)
        found = rows_by_place(batch, self.source.rows(batch, properties=properties, deadline=self.soon))
        return {place: sorted(row.full_path for row in rows) for place, rows in found.items()}


def _fake() -> FakeArtifactory:
    fake = FakeArtifactory(virtuals={"all": ("local", "other")}, hidden={"secret"}, blocked={"blocked"})
    properties = {"build.name": (BUILD.name,), "build.number": (BUILD.number,)}
    fake.push("local", "app", "1.0", FakeManifest(APP.digest, properties=properties))
    for repository in ("local", "other"):
        fake.push(repository, "multi", "1.0", FakeManifest(MULTI.digest, children=MULTI_CHILDREN))
    fake.push("secret", "app", "1.0", FakeManifest(APP.digest))
    fake.push("local", "blocked", "1.0", FakeManifest(APP.digest))
    return fake


def _seed(standin: Standin) -> None:
    for key in ("local", "other", "secret"):
        standin.add_repository(key)
    standin.add_repository("all", "virtual", members=("local", "other"), default_deployment_repo="local")
    standin.push_image("local", "app", "1.0", image=APP)
    standin.push_image("local", "multi", "1.0", image=MULTI)
    standin.push_image("other", "multi", "1.0", image=MULTI)
    standin.push_image("secret", "app", "1.0", image=APP)
    standin.push_image("local", "blocked", "1.0", image=APP)
    standin.block("local", "blocked")
    standin.publish_build(BUILD.name, BUILD.number, [("local", "app", "1.0")])
    readable = [Permission.of("read", repo=key) for key in ("local", "other")]
    standin.add_user("reader", "pass", permissions=readable)


@pytest.fixture(params=["fake", pytest.param("standin", marks=pytest.mark.integration)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        yield World(_fake())
        return
    with Standin() as standin:
        _seed(standin)
        registry = Registry.from_json({"name": "acme", "url": standin.url})
        client = open_artifactory(registry, Login(LoginKind.PASSWORD, "reader", "pass"))
        yield World(client)
        client.close()


def test_a_tag_and_its_digest_lead_to_the_same_manifest(world: World) -> None:
    by_tag = world.head("local", "app", "1.0")
    assert (by_tag.digest, by_tag.media_type, by_tag.is_list) == (APP.digest, OCI_MANIFEST, False)
    assert world.head("local", "app", APP.digest).digest == APP.digest


def test_an_index_is_a_list(world: World) -> None:
    head = world.head("local", "multi", "1.0")
    assert (head.digest, head.media_type, head.is_list) == (MULTI.digest, OCI_INDEX, True)


@pytest.mark.parametrize(
    "place", [("local", "app", "9"), ("local", "nothing", "1.0"), ("nowhere", "app", "1.0")]
)
def test_what_is_not_there_is_not_found(world: World, place: tuple[str, str, str]) -> None:
    with pytest.raises(NotFound):
        world.head(*place)


def test_what_xray_blocks_is_forbidden(world: World) -> None:
    with pytest.raises(Forbidden):
        world.head("local", "blocked", "1.0")


def test_a_manifest_lies_in_a_folder_with_its_digest_and_properties(world: World) -> None:
    (batch,) = batches([Place("local", "app", tag="1.0")])
    (stored,) = world.source.rows(batch, properties=True, deadline=world.soon)
    assert (stored.full_path, stored.digest) == ("local/app/1.0/manifest.json", APP.digest)
    assert stored.build == BUILD
    (bare,) = world.source.rows(batch, properties=False, deadline=world.soon)
    assert (bare.full_path, bare.digest, bare.properties) == (stored.full_path, stored.digest, {})


def test_many_places_are_asked_for_at_once(world: World) -> None:
    app, multi, none = (Place("local", image, tag="1.0") for image in ("app", "multi", "none"))
    by_digest = Place("local", "app", digest=APP.digest)
    assert world.rows(app, multi, none, by_digest) == {
        app: ["local/app/1.0/manifest.json"],
        multi: ["local/multi/1.0/list.manifest.json"],
        none: [],
        by_digest: ["local/app/1.0/manifest.json"],
    }


def test_a_virtual_repository_shows_the_physical_ones(world: World) -> None:
    by_tag, by_digest = Place("all", "multi", tag="1.0"), Place("all", "multi", digest=MULTI.digest)
    both = ["local/multi/1.0/list.manifest.json", "other/multi/1.0/list.manifest.json"]
    assert world.rows(by_tag, by_digest) == {by_tag: both, by_digest: both}


def test_what_may_not_be_read_is_in_no_answer(world: World) -> None:
    hidden = Place("secret", "app", tag="1.0")
    assert world.rows(hidden) == {hidden: []}
    assert not world.source.shows_folder(hidden, deadline=world.soon)


def test_without_aql_a_folder_tells(world: World) -> None:
    place, head = Place("local", "app", tag="1.0"), world.head("local", "app", "1.0")
    stored = world.source.stored_at(place, head, deadline=world.soon)
    assert stored is not None
    assert (stored.full_path, stored.build) == ("local/app/1.0/manifest.json", BUILD)
    assert world.source.stored_at(Place("local", "app", tag="9"), head, deadline=world.soon) is None
    assert world.source.shows_folder(place, deadline=world.soon)
    assert not world.source.shows_folder(Place("local", "app", tag="9"), deadline=world.soon)


def test_the_children_of_a_list_are_its_images_without_attestations(world: World) -> None:
    head = world.head("local", "multi", "1.0")
    (batch,) = batches([Place("local", "multi", tag="1.0")])
    (stored,) = world.source.rows(batch, properties=True, deadline=world.soon)
    for place in (stored, None):
        children = world.source.children(
            "local", "multi", "1.0", digest=head.digest, stored=place, deadline=world.soon
        )
        assert children == MULTI_CHILDREN


@pytest.mark.parametrize(
    ("repository", "image", "listed"),
    [
        ("local", "app", True),
        ("all", "multi", True),
        ("local", "nothing", False),
        ("secret", "app", False),
        ("nowhere", "app", False),
    ],
)
def test_a_folder_is_listed_where_the_login_may_read(
    world: World, repository: str, image: str, listed: bool
) -> None:
    assert world.source.lists_folder(repository, image, deadline=world.soon) is listed
