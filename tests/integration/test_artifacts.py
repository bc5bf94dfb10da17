"""Artifacts on the stand-in, as a login that is no administrator: states, copies, bounds, no download."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from portshift_bridge.cataloguing import Cataloguer
from portshift_bridge.inspecting import Inspector, ShownArtifact
from portshift_bridge.registries.inspecting.inspection import Inspection
from portshift_bridge.registries.inspecting.states import State
from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.settings import Settings
from portshift_bridge.starting import open_database
from portshift_bridge.store.artifact_lists import ArtifactFilter, ArtifactLists
from portshift_bridge.store.artifacts import ArtifactStore
from portshift_bridge.store.registries import ConnectedRegistry
from tests.fakes.bridge_services import FakeClock
from tests.fakes.connected import connected
from tests.standin import Image, Permission, Standin

pytestmark = pytest.mark.integration

LOGIN = Login(LoginKind.PASSWORD, "ci", "secret")
APP = ("docker-local", "team/app", "1.0")
READS = [
    Permission.of("read", repo="docker-*", path="**"),
    Permission.of("read", repo="hub*", path="**"),
    Permission.of("read", repo="artifactory-build-info", path="shop/**"),
    Permission.of("read", repo="release-bundles-v2", path="shop*/**"),
]


class Catalogue:
    """The parts of a bridge that know artifacts, on registries that a test connects."""

    def __init__(self, folder: Path) -> None:
        self.connected: list[ConnectedRegistry] = []
        self.database, _ = open_database(Settings(data=folder))
        self.store, self.lists = ArtifactStore(self.database, FakeClock()), ArtifactLists(self.database)
        self.cataloguer = Cataloguer(registries=lambda: self.connected, artifacts=self.store)

    def connect(self, standin: Standin, name: str = "acme", login: Login = LOGIN, **more: Any) -> None:
        registry = Registry.from_json({"name": name, "url": standin.url, **more})
        self.connected.append(ConnectedRegistry(registry, login))
        connected(self.database, name)

    def show(self, digest: str, *, seconds: float = 20.0) -> ShownArtifact:
        inspector = Inspector(
            registries=lambda: self.connected, lists=self.lists, artifacts=self.store, seconds=seconds
        )
        return inspector.show(digest)

    def only(self, digest: str, **more: Any) -> Inspection:
        (inspection,) = self.show(digest, **more).inspections
        return inspection


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue(tmp_path)
    yield opened
    opened.database.close()


def prepared(standin: Standin) -> Standin:
    for key in ("docker-local", "docker-prod", "secret"):
        standin.add_repository(key)
    standin.add_repository("hub", "remote", remote_url="https://registry-1.docker.io", library=True)
    standin.add_repository("docker", "virtual", members=("docker-local", "docker-prod", "hub"))
    standin.add_user("ci", "secret", permissions=READS)
    return standin


@pytest.fixture
def standin() -> Iterator[Standin]:
    with Standin() as running:
        yield prepared(running)


def push_list(standin: Standin, **more: Any) -> Image:
    return standin.push_image(*APP, platforms=("linux/amd64", "linux/arm64/v8"), **more)


def test_everything_about_a_list(standin: Standin, catalogue: Catalogue) -> None:
    image = push_list(standin, attestations=True)
    standin.publish_build(
        "shop",
        "7/1",
        [APP],
        url="https://ci/7",
        vcs_url="https://git/shop",
        vcs_revision="abc",
        vcs_branch="main",
    )
    standin.promote_build("shop", "7/1", "Released", repository="docker-prod")
    standin.add_release_bundle("shop", "3", [APP])
    standin.promote_release_bundle("shop", "3", "PROD")
    catalogue.connect(standin)

    told = catalogue.only(image.digest)

    assert [path.full_path for path in told.paths.items] == ["docker-local/team/app/1.0/list.manifest.json"]
    assert told.paths.items[0].properties["docker.repoName"] == ("team/app",)
    (content,) = told.content.items
    assert content.platforms == ("linux/amd64", "linux/arm64/v8")
    assert [child.digest for child in content.children] == [child.digest for child in image.children[:2]]
    (build,) = told.builds.items
    assert (build.agent, build.url, build.vcs[0].revision, build.vcs[0].branch) == (
        "Jenkins 2.479", "https://ci/7", "abc", "main",
    )  # fmt: skip
    assert [(each.status, each.repository) for each in build.promotions] == [("Released", "docker-prod")]
    (bundle,) = told.bundles.items
    assert (bundle.name, bundle.version, bundle.promotions[0].environment) == ("shop", "3", "PROD")
    groups = (told.paths, told.content, told.pull, told.builds, told.bundles)
    assert {group.state for group in groups} == {State.KNOWN}
    assert standin.total_downloads == 0


def test_a_child_has_platform_size_labels_and_parents(standin: Standin, catalogue: Catalogue) -> None:
    image = push_list(standin, labels={"team": "x"})
    catalogue.connect(standin)

    told = catalogue.only(image.children[1].digest)

    (content,) = told.content.items
    assert (content.platforms, content.labels) == (("linux/arm64/v8",), {"team": "x"})
    assert content.size is not None
    assert content.size > 0
    assert [(parent.digest, parent.tags) for parent in told.parents.items] == [(image.digest, ("1.0",))]
    assert (told.parents.state, told.paths.items[0].tag) == (State.KNOWN, None)
    assert standin.total_downloads == 0


def test_an_old_artifactory_leaves_parents_to_what_the_bridge_has_read(
    standin: Standin, catalogue: Catalogue
) -> None:
    standin.switches.version = "7.98.1"
    image = push_list(standin)
    catalogue.connect(standin)
    catalogue.show(image.digest)

    told = catalogue.only(image.children[0].digest)

    assert (told.parents.state, told.parents.items[0].tags) == (State.UNKNOWN, ("1.0",))
    assert told.bundles.state is State.KNOWN
    standin.switches.version = "6.20.0"
    assert catalogue.only(image.digest).bundles.state is State.NOT_APPLICABLE


def test_copies_are_all_shown_and_hidden_repositories_are_not(standin: Standin, catalogue: Catalogue) -> None:
    image = standin.push_image(*APP)
    for repository in ("docker-prod", "secret"):
        standin.push_image(repository, "team/app", "stable", image=image)
    catalogue.connect(standin)

    told = catalogue.only(image.digest)

    assert [path.full_path for path in told.paths.items] == [
        "docker-local/team/app/1.0/manifest.json",
        "docker-prod/team/app/stable/manifest.json",
    ]


def test_two_registries_with_one_digest_are_both_shown(standin: Standin, catalogue: Catalogue) -> None:
    image = standin.push_image(*APP)
    with ExitStack() as stack:
        other = prepared(stack.enter_context(Standin()))
        other.push_image("docker-prod", "mirror/app", "2.0", image=image)
        catalogue.connect(standin)
        catalogue.connect(other, "beta")

        shown = catalogue.show(image.digest)

    assert [(each.registry, each.paths.items[0].full_path) for each in shown.inspections] == [
        ("acme", "docker-local/team/app/1.0/manifest.json"),
        ("beta", "docker-prod/mirror/app/2.0/manifest.json"),
    ]
    # The other is gone now: it is not empty for that.
    acme, beta = catalogue.show(image.digest, seconds=3).inspections
    assert (acme.paths.state, beta.paths.state) == (State.KNOWN, State.UNREACHABLE)
    assert beta.paths.items[0].full_path == "docker-prod/mirror/app/2.0/manifest.json"
    assert beta.content.items[0].platforms == ("linux/amd64",)
    (item,) = catalogue.lists.page(ArtifactFilter(), after=None, limit=10).items
    assert [registry for registry, _ in item.paths] == ["acme", "beta"]


def test_a_remote_cache_is_shown_by_its_physical_key(standin: Standin, catalogue: Catalogue) -> None:
    image = standin.push_image("hub", "library/nginx", "1.27", cached=True)
    catalogue.connect(standin, repositories={"include": ["hub"]})

    told = catalogue.only(image.digest)

    assert [path.full_path for path in told.paths.items] == ["hub-cache/library/nginx/1.27/manifest.json"]
    assert (told.pull.state, told.content.state) == (State.KNOWN, State.KNOWN)
    assert standin.total_downloads == 0


def test_a_build_that_is_hidden_is_not_absent(standin: Standin, catalogue: Catalogue) -> None:
    image = standin.push_image(*APP)
    standin.publish_build("hidden", "1", [APP], vcs_revision="abc")
    catalogue.connect(standin)

    told = catalogue.only(image.digest)

    (build,) = told.builds.items
    assert (told.builds.state, build.state, build.build.name) == (
        State.NOT_VISIBLE,
        State.NOT_VISIBLE,
        "hidden",
    )
    assert build.started is not None


def test_a_blocked_image_is_shown_as_blocked(standin: Standin, catalogue: Catalogue) -> None:
    image = standin.push_image(*APP)
    standin.block("docker-local", "team/app", image.digest)
    catalogue.connect(standin)

    told = catalogue.only(image.digest)

    assert told.paths.state is State.KNOWN
    assert (told.pull.state, told.pull.items) == (State.BLOCKED, ("docker-local/team/app/1.0/manifest.json",))


def test_the_one_bundle_of_fifty_is_found(standin: Standin, catalogue: Catalogue) -> None:
    image = standin.push_image(*APP)
    standin.push_image("docker-local", "other", "1")
    for number in range(50):
        held = APP if number == 31 else ("docker-local", "other", "1")
        standin.add_release_bundle(f"shop-{number}", "1", [held])
    standin.add_release_bundle("private", "1", [APP])
    catalogue.connect(standin)

    told = catalogue.only(image.digest)

    assert (told.bundles.state, [bundle.name for bundle in told.bundles.items]) == (State.KNOWN, ["shop-31"])


def test_bundles_that_hang_delay_nothing_beyond_their_bound(standin: Standin, catalogue: Catalogue) -> None:
    image = standin.push_image(*APP)
    standin.delay(30, path="/lifecycle/*")
    catalogue.connect(standin)
    start = time.monotonic()

    told = catalogue.only(image.digest, seconds=2)

    assert time.monotonic() - start < 4
    assert (told.paths.state, told.content.state, told.bundles.state) == (
        State.KNOWN, State.KNOWN, State.UNKNOWN,
    )  # fmt: skip


def test_a_registry_that_hangs_delays_no_other(standin: Standin, catalogue: Catalogue) -> None:
    image = standin.push_image(*APP)
    with ExitStack() as stack:
        other = prepared(stack.enter_context(Standin()))
        other.delay(30)
        catalogue.connect(standin)
        catalogue.connect(other, "hangs")
        start = time.monotonic()

        acme, hangs = catalogue.show(image.digest, seconds=2).inspections

        assert time.monotonic() - start < 4
        other.heal()
    assert (acme.paths.state, hangs.paths.state) == (State.KNOWN, State.UNREACHABLE)


def test_new_manifests_are_described_in_the_background(standin: Standin, catalogue: Catalogue) -> None:
    image = push_list(standin, attestations=True)
    catalogue.connect(standin)
    places = [
        ManifestPath("docker-local", "team/app/1.0", "list.manifest.json", image.digest),
        *(
            ManifestPath("docker-local", f"team/app/{child.digest}", "manifest.json", child.digest)
            for child in image.children
        ),
    ]
    catalogue.store.record("acme", places)

    assert not catalogue.cataloguer.work()

    (item,) = catalogue.lists.page(ArtifactFilter(), after=None, limit=10).items
    assert item.platforms == ("linux/amd64", "linux/arm64/v8")
    assert catalogue.store.undescribed(registry="acme", limit=10) == ()
    assert standin.total_downloads == 0
