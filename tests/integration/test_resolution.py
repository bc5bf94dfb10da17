"""Resolving on the stand-in: every kind of repository, every outcome, and nothing counted as a download."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from portshift.core.identity import Build
from portshift.core.wire import Outcome
from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.resolving.resolution import Resolution, Resolver
from portshift_bridge.registries.testing.connection import test_connection as run_checks
from tests.standin import Permission, Standin, Switches, build_image

pytestmark = pytest.mark.integration

ADMIN = Login(LoginKind.PASSWORD, "admin", "password")


@pytest.fixture
def standin() -> Iterator[Standin]:
    with Standin() as running:
        for key in ("docker-local", "docker-prod", "docker-secret"):
            running.add_repository(key)
        running.add_repository("docker-shared", "federated")
        running.add_repository(
            "docker-remote", "remote", remote_url="https://registry-1.docker.io", library=True
        )
        running.add_repository(
            "docker", "virtual", members=("docker-local", "docker-prod", "docker-remote"),
            default_deployment_repo="docker-prod",
        )  # fmt: skip
        yield running


def resolve(
    standin: Standin, *references: str, login: Login = ADMIN, seconds: float = 20.0, **more: Any
) -> list[Resolution]:
    """Resolve references of the stand-in's own host (``REPO/IMAGE…``) or, with a mirror, of any."""
    registry = Registry.from_json({"name": "acme", "url": standin.url, **more})
    resolver = Resolver(lambda: [(registry, login)], deadline_seconds=seconds)
    try:
        found = resolver.resolve([reference.replace("HOST", standin.host) for reference in references])
    finally:
        resolver.close()
    return list(found.values())


def test_an_image_of_a_local_repository_has_place_and_build(standin: Standin) -> None:
    image = standin.push_image("docker-local", "team/app", "1.0")
    standin.publish_build("shop", "17", [("docker-local", "team/app", "1.0")])
    (found,) = resolve(standin, "HOST/docker-local/team/app:1.0")
    assert (found.outcome, found.digest) == (Outcome.RESOLVED, image.digest)
    assert found.artifact == "acme/docker-local/team/app/1.0/manifest.json"
    assert found.build == Build("shop", "17")


def test_an_image_of_a_federated_repository_lies_in_it(standin: Standin) -> None:
    standin.push_image("docker-shared", "app", "1.0")
    (found,) = resolve(standin, "HOST/docker-shared/app:1.0")
    assert found.artifact == "acme/docker-shared/app/1.0/manifest.json"


@pytest.mark.parametrize("cached", [True, False])
def test_an_image_of_a_remote_lies_in_its_cache(standin: Standin, cached: bool) -> None:
    image = standin.push_image("docker-remote", "library/nginx", "1.27", cached=cached)
    (found,) = resolve(standin, "nginx:1.27", mirrors=["docker.io=docker-remote"])
    assert found.digest == image.digest
    assert found.artifact == "acme/docker-remote-cache/library/nginx/1.27/manifest.json"


def test_an_official_image_is_found_however_it_is_asked_for(standin: Standin) -> None:
    standin.push_image("docker-remote", "nginx", "1.27", cached=True)
    (found,) = resolve(standin, "HOST/docker-remote/nginx:1.27")
    assert found.artifact == "acme/docker-remote-cache/library/nginx/1.27/manifest.json"


def test_a_remote_that_stores_nothing_on_head_keeps_a_list_once_it_was_read() -> None:
    with Standin(switches=Switches(remote_head_caches=False)) as standin:
        standin.add_repository("docker-remote", "remote", remote_url="https://registry-1.docker.io")
        single = standin.push_image("docker-remote", "team/one", "1")
        index = standin.push_image("docker-remote", "team/two", "1", platforms=("linux/amd64", "linux/arm64"))
        one, two = resolve(standin, "HOST/docker-remote/team/one:1", "HOST/docker-remote/team/two:1")
    assert (one.outcome, one.digest, one.artifact) == (Outcome.RESOLVED, single.digest, None)
    assert two.children == tuple(child.digest for child in index.children)
    assert two.artifact == "acme/docker-remote-cache/team/two/1/list.manifest.json"


@pytest.mark.parametrize(
    ("visible", "serving"), [("full", "docker-prod"), ("403", "docker-local"), ("404", "docker-local")]
)
def test_of_several_members_the_default_deployment_repository_is_named_if_it_can_be_known(
    visible: Any, serving: str
) -> None:
    with Standin(switches=Switches(repository_configuration=visible)) as standin:
        standin.add_repository("docker-local")
        standin.add_repository("docker-prod")
        standin.add_repository(
            "docker",
            "virtual",
            members=("docker-local", "docker-prod"),
            default_deployment_repo="docker-prod",
        )
        image = build_image("app")
        standin.push_image("docker-local", "app", "1.0", image=image)
        standin.push_image("docker-prod", "app", "1.0", image=image)
        standin.add_user("reader", "pass", permissions=[Permission.of("read")])
        login = Login(LoginKind.PASSWORD, "reader", "pass")
        (found,) = resolve(standin, "HOST/docker/app:1.0", login=login)
    assert found.artifact == f"acme/{serving}/app/1.0/manifest.json"


def test_a_virtual_repository_finds_what_only_a_remote_has(standin: Standin) -> None:
    standin.push_image("docker-remote", "bitnami/redis", "7", cached=True)
    (found,) = resolve(standin, "HOST/docker/bitnami/redis:7")
    assert found.artifact == "acme/docker-remote-cache/bitnami/redis/7/manifest.json"


@pytest.mark.parametrize("docker", [True, False])
def test_an_index_is_resolved_with_its_children_and_without_attestations(
    standin: Standin, docker: bool
) -> None:
    image = build_image("app", platforms=("linux/amd64", "linux/arm64"), docker=docker, attestations=True)
    standin.push_image("docker-local", "app", "1.0", image=image)
    (found,) = resolve(standin, "HOST/docker-local/app:1.0")
    assert found.children == tuple(child.digest for child in image.children if not child.annotations)
    assert len(found.children) == 2
    assert found.artifact == "acme/docker-local/app/1.0/list.manifest.json"


def test_a_child_is_found_in_its_own_folder(standin: Standin) -> None:
    image = standin.push_image("docker-local", "app", "1.0", platforms=("linux/amd64", "linux/arm64"))
    child = image.children[1].digest
    (found,) = resolve(standin, f"HOST/docker-local/app@{child}")
    assert (found.digest, found.artifact) == (child, f"acme/docker-local/app/{child}/manifest.json")


def test_a_moved_tag_is_another_digest_and_an_overwritten_digest_is_absent(standin: Standin) -> None:
    old = standin.push_image("docker-local", "app", "1.0", content="old")
    (before,) = resolve(standin, "HOST/docker-local/app:1.0")
    new = standin.push_image("docker-local", "app", "1.0", content="new")
    after, gone = resolve(standin, "HOST/docker-local/app:1.0", f"HOST/docker-local/app:1.0@{old.digest}")
    assert (before.digest, after.digest) == (old.digest, new.digest)
    assert gone.outcome is Outcome.ABSENT


def test_absent_is_said_only_where_the_login_can_look(standin: Standin) -> None:
    standin.push_image("docker-local", "app", "1.0")
    standin.push_image("docker-secret", "app", "1.0")
    standin.add_user("reader", "pass", permissions=[Permission.of("read", repo="docker-local")])
    outcomes = resolve(
        standin,
        "HOST/docker-local/app:9.9",
        "HOST/docker-local/nothing:1.0",
        "HOST/docker-secret/app:9.9",
        "HOST/no-such-repository/app:1.0",
        login=Login(LoginKind.PASSWORD, "reader", "pass"),
    )
    assert [found.outcome for found in outcomes] == [
        Outcome.ABSENT,
        Outcome.NOT_VISIBLE,
        Outcome.NOT_VISIBLE,
        Outcome.NOT_VISIBLE,
    ]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_image_that_the_login_may_not_read_is_neither_absent_nor_blocked(status: Any) -> None:
    with Standin(switches=Switches(docker_unreadable=status)) as standin:
        standin.add_repository("docker-secret")
        standin.push_image("docker-secret", "app", "1.0")
        standin.add_user("nobody", "pass")
        login = Login(LoginKind.PASSWORD, "nobody", "pass")
        (found,) = resolve(standin, "HOST/docker-secret/app:1.0", login=login)
    assert found.outcome is Outcome.NOT_VISIBLE


def test_an_image_that_xray_blocks_is_forbidden(standin: Standin) -> None:
    standin.push_image("docker-local", "app", "1.0")
    standin.block("docker-local", "app")
    (found,) = resolve(standin, "HOST/docker-local/app:1.0")
    assert found.outcome is Outcome.FORBIDDEN
    assert "Xray or another policy blocks it" in str(found.reason)


def test_a_block_is_seen_without_aql_too() -> None:
    with Standin(switches=Switches(anonymous=True)) as standin:
        standin.add_repository("docker-local")
        standin.add_user("anonymous", permissions=[Permission.of("read")])
        standin.push_image("docker-local", "app", "1.0")
        standin.block("docker-local", "app")
        (found,) = resolve(standin, "HOST/docker-local/app:1.0", login=Login())
    assert found.outcome is Outcome.FORBIDDEN


@pytest.mark.parametrize(
    "login",
    [
        Login(LoginKind.PASSWORD, "admin", "wr0ng"),
        Login(LoginKind.TOKEN, secret="wr0ng"),
        Login(LoginKind.API_KEY, secret="wr0ng"),
        Login(),
    ],
    ids=lambda login: login.kind.value,
)
def test_a_wrong_or_missing_login_is_refused(standin: Standin, login: Login) -> None:
    standin.push_image("docker-local", "app", "1.0")
    (found,) = resolve(standin, "HOST/docker-local/app:1.0", login=login)
    assert found.outcome is Outcome.LOGIN_REFUSED
    assert "wr0ng" not in str(found.reason)


@pytest.mark.parametrize(
    "login",
    [Login(LoginKind.TOKEN, secret="t0ken"), Login(LoginKind.API_KEY, secret="k3y")],
    ids=lambda login: login.kind.value,
)
def test_tokens_and_api_keys_are_logins_too(standin: Standin, login: Login) -> None:
    standin.add_user("robot", "pass", permissions=[Permission.of("read")], token="t0ken", api_key="k3y")
    standin.push_image("docker-local", "app", "1.0")
    (found,) = resolve(standin, "HOST/docker-local/app:1.0", login=login)
    assert found.outcome is Outcome.RESOLVED


def test_without_aql_an_anonymous_login_still_finds_the_place() -> None:
    with Standin(switches=Switches(anonymous=True)) as standin:
        standin.add_repository("docker-local")
        standin.add_user("anonymous", permissions=[Permission.of("read")])
        image = standin.push_image("docker-local", "app", "1.0", platforms=("linux/amd64", "linux/arm64"))
        standin.publish_build("shop", "17", [("docker-local", "app", "1.0")])
        (found,) = resolve(standin, "HOST/docker-local/app:1.0", login=Login())
    assert found.artifact == "acme/docker-local/app/1.0/list.manifest.json"
    assert found.build == Build("shop", "17")
    assert len(found.children) == len(image.children)


def test_resolving_never_counts_as_a_download(standin: Standin) -> None:
    standin.push_image("docker-local", "app", "1.0", platforms=("linux/amd64", "linux/arm64"))
    standin.push_image("docker-local", "one", "1.0")
    standin.push_image("docker-remote", "nginx", "1", platforms=("linux/amd64", "linux/arm64"), cached=True)
    references = [
        "HOST/docker-local/app:1.0",
        "HOST/docker/app:1.0",
        "HOST/docker-local/one:1.0",
        "HOST/docker-remote/nginx:1",
        "HOST/docker-local/app:none",
    ]
    found = resolve(standin, *references)
    assert [each.outcome for each in found[:4]] == [Outcome.RESOLVED] * 4
    assert [len(each.children) for each in found[:4]] == [2, 2, 0, 2]
    assert standin.total_downloads == 0


def test_a_list_is_read_once_for_each_digest(standin: Standin) -> None:
    image = build_image("app", platforms=("linux/amd64", "linux/arm64"))
    for tag in ("1", "2", "3"):
        standin.push_image("docker-local", "app", tag, image=image)
    registry = Registry.from_json({"name": "acme", "url": standin.url})
    resolver = Resolver(lambda: [(registry, ADMIN)])
    for _ in range(2):
        resolver.resolve([f"{standin.host}/docker-local/app:{tag}" for tag in ("1", "2", "3")])
    resolver.close()
    read = [request for request in standin.requests if request.path.endswith("list.manifest.json")]
    assert [request.query for request in read] == ["skipUpdateStats=true"]


def test_the_checks_pass_on_a_good_connection_and_name_what_fails(standin: Standin) -> None:
    registry = Registry.from_json({"name": "acme", "url": standin.url})
    good = {check.name: check for check in run_checks(registry, ADMIN)}
    assert {check.status.value for check in good.values()} == {"passed", "not-applicable"}
    assert good["tls"].status == "not-applicable"
    assert str(good["artifactory"].cause).startswith("Artifactory 7.")
    wrong = Login(LoginKind.PASSWORD, "admin", "wr0ng")
    assert [check.name for check in run_checks(registry, wrong) if check.status == "failed"] == ["login"]
