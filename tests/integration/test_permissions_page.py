"""docs/permissions.md is true: each row works with its rights, and without the last one does what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries import changes
from portshift_bridge.registries.errors import Forbidden, LoginRefused
from portshift_bridge.registries.inspecting.builds import builds_of
from portshift_bridge.registries.inspecting.bundles import bundles_of
from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.resolving.resolution import Resolution, Resolver
from portshift_bridge.registries.session import Session, open_session
from portshift_bridge.registries.subscriptions import subscribe, subscription_keys
from portshift_bridge.registries.testing.connection import test_connection as run_checks
from tests.conftest import REPOSITORY
from tests.standin import Image, Permission, Standin, Switches

pytestmark = pytest.mark.integration

PAGE = (REPOSITORY / "docs" / "permissions.md").read_text()
LOGIN = Login(LoginKind.PASSWORD, "portshift", "secret")
IN_A_BUILD = {"build.name": ("shop",), "build.number": ("17",)}


@dataclass(frozen=True)
class Row:
    """A row of the table; ``given`` and ``lacking`` are the first words in code of the last two columns."""

    feature: str
    rights: tuple[str, ...]
    given: str
    lacking: str


def rows() -> list[Row]:
    lines = [line.strip("|").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    return [
        Row(cells[0].strip(), tuple(cells[1].split("; ")), first_code(cells[2]), first_code(cells[3]))
        for cells in lines[1:]
    ]


def first_code(cell: str) -> str:
    found = re.search(r"`([a-z-]+)`", cell)
    assert found, f"no word in code in {cell!r}"
    return found[1]


@dataclass(frozen=True)
class Scene:
    """A stand-in with an image that a build and a bundle name, and the login as the row gives it."""

    standin: Standin
    login: Login
    image: Image

    @property
    def registry(self) -> Registry:
        return Registry.from_json({"name": "acme", "url": self.standin.url})

    def resolve(self, reference: str) -> Resolution:
        with closing(Resolver(lambda: [(self.registry, self.login)])) as resolver:
            (found,) = resolver.resolve([f"{self.standin.host}/{reference}"]).values()
        return found

    def check(self, name: str) -> tuple[str, str]:
        """How a check of the connection test ended, and its cause."""
        found = {check.name: check for check in run_checks(self.registry, self.login)}
        return found[name].status.value, str(found[name].cause)

    def session(self) -> closing[Session]:
        return closing(open_session(self.registry, self.login))


# Rights as the page calls them. "a login" is the user, the others what the user may do.
A_LOGIN, ADMINISTRATOR = "a login", "administrator"
TO_ANONYMOUS = "read on the repository to anonymous"
PLUGIN_USER = "named as user of the plugin's execution"
PERMISSIONS = {
    "read on the repository": Permission.of("read", repo="docker-*"),
    TO_ANONYMOUS: Permission.of("read", repo="docker-*"),
    "annotate on the repository": Permission.of("annotate", repo="docker-*"),
    "read on the builds": Permission.of("read", repo="artifactory-build-info"),
    "read on the release bundles": Permission.of("read", repo="release-bundles-v2"),
}


def grant(standin: Standin, rights: tuple[str, ...]) -> Login:
    """Make the users that have these rights and no others; return what to log in with."""
    unknown = set(rights) - {A_LOGIN, ADMINISTRATOR, PLUGIN_USER, *PERMISSIONS}
    assert not unknown, f"the page names rights that no test knows: {unknown}"
    permissions = [PERMISSIONS[right] for right in rights if right in PERMISSIONS]
    if TO_ANONYMOUS in rights:
        standin.switches.anonymous = True
        standin.add_user("anonymous", permissions=[PERMISSIONS[TO_ANONYMOUS]])
    if PLUGIN_USER in rights:
        standin.add_plugin("portshift", "1.2", users=["portshift"])
    if A_LOGIN not in rights:
        return Login()
    standin.add_user("portshift", "secret", permissions=permissions, admin=ADMINISTRATOR in rights)
    return LOGIN


def catalogue(scene: Scene) -> str:
    with scene.session() as session:
        try:
            watched = changes.repositories(session, scene.registry)
        except UnexpectedAnswer:
            return "hidden"
        return "listed" if changes.changed(session, watched, since=0).rows else "hidden"


def properties(scene: Scene) -> str:
    status, _ = scene.check("properties-readable")
    # Where nothing is seen, the check before has failed and this one is not tried.
    return scene.check("docker-repositories")[0] if status == "not-applicable" else status


def served_by(scene: Scene) -> str:
    return str(scene.resolve("docker/app:1").artifact).split("/")[1]


def build_info(scene: Scene) -> str:
    place = ManifestPath("docker-local", "app/1", "manifest.json", scene.image.digest, properties=IN_A_BUILD)
    with scene.session() as session:
        (build,) = builds_of(session, [place], deadline=Deadline.after(5)).items
    return build.state.value


def bundles(scene: Scene) -> str:
    with scene.session() as session:
        found = bundles_of(session, scene.image.digest, version=(7, 119), deadline=Deadline.after(5))
    return "listed" if found.items else "hidden"


def licence(scene: Scene) -> str:
    status, cause = scene.check("artifactory")
    assert status == "passed"
    return "shown" if "Enterprise Plus" in cause else "hidden"


def webhook(scene: Scene) -> str:
    keys = subscription_keys("acme", issuer="test")
    with scene.session() as session:
        try:
            subscribe(session, keys, url="https://bridge.example/events", secret="s" * 32)
        except (Forbidden, LoginRefused):
            return "refused"
    return "made"


FEATURES: dict[str, Callable[[Scene], str]] = {
    "find an image: digest, media type, platforms": lambda s: s.resolve("docker-local/app:1").outcome.value,
    "say that a tag does not exist": lambda s: s.resolve("docker-local/app:9").outcome.value,
    "find an image through a virtual repository": lambda s: s.resolve("docker/app:1").outcome.value,
    "resolve anonymously, where Artifactory serves it": lambda s: (
        s.resolve("docker-local/app:1").outcome.value
    ),
    "search by AQL: properties of many images, the catalogue": lambda s: s.check("aql")[0],
    "know what was pushed before it is deployed (catalogue)": catalogue,
    "read properties, labels and the build's name and number": properties,
    "which member of a virtual serves an image that several hold": served_by,
    "build-info: agent, URL, VCS, promotions of the build": build_info,
    "release bundles that contain an image": bundles,
    "write properties: annotate": lambda s: s.check("properties-writable")[0],
    "user plugin": lambda s: s.check("user-plugin")[0],
    "licence by name": licence,
    "make the webhook subscriptions (`--webhook`)": webhook,
}


@pytest.fixture
def standin() -> Iterator[Standin]:
    with Standin(switches=Switches(build_permissions=True)) as running:
        for key in ("docker-local", "docker-prod"):
            running.add_repository(key)
        running.add_repository(
            "docker",
            "virtual",
            members=["docker-local", "docker-prod"],
            default_deployment_repo="docker-prod",
        )
        yield running


def scene(standin: Standin, rights: tuple[str, ...]) -> Scene:
    image = standin.push_image("docker-local", "app", "1")
    standin.push_image("docker-prod", "app", "1", image=image)
    standin.publish_build("shop", "17", [("docker-local", "app", "1")])
    standin.add_release_bundle("shop", "2.0", [("docker-local", "app", "1")])
    standin.add_plugin("portshift", "1.2")
    return Scene(standin, grant(standin, rights), image)


def test_the_page_and_the_tests_name_the_same_features() -> None:
    assert [row.feature for row in rows()] == list(FEATURES)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.feature[:30])
def test_with_its_rights_the_feature_works(standin: Standin, row: Row) -> None:
    assert FEATURES[row.feature](scene(standin, row.rights)) == row.given


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.feature[:30])
def test_without_the_last_right_happens_what_the_page_says(standin: Standin, row: Row) -> None:
    assert FEATURES[row.feature](scene(standin, row.rights[:-1])) == row.lacking
