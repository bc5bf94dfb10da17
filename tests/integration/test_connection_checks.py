"""Test Connection on the stand-in: logins with more and fewer rights, and nothing changed by asking."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from portshift_bridge.outbound.guard import GuardedAdapter
from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.session import open_session
from portshift_bridge.registries.testing.checks import CHECKS, Check, passed
from portshift_bridge.registries.testing.connection import test_connection as run_checks
from tests.standin import Permission, Standin
from tests.standin.switches import OLD

pytestmark = pytest.mark.integration

BOB = Login(LoginKind.PASSWORD, "bob", "secret")
READ = Permission.of("read", repo="docker-*")
ANNOTATE = Permission.of("annotate", repo="docker-*")
BUILDS = Permission.of("read", repo="artifactory-build-info")


@pytest.fixture
def standin() -> Iterator[Standin]:
    with Standin() as running:
        running.add_repository("docker-local")
        running.add_repository("docker-remote", "remote", remote_url="https://registry-1.docker.io")
        running.add_repository("docker", "virtual", members=["docker-local", "docker-remote"])
        running.push_image("docker-remote", "library/nginx", "1", cached=True)
        running.push_image("docker-local", "app", "1", platforms=("linux/amd64", "linux/arm64"))
        running.publish_build("shop", "17", [("docker-local", "app", "1")])
        yield running


def check(standin: Standin, *permissions: Permission, login: Login = BOB, **more: Any) -> dict[str, Check]:
    standin.add_user("bob", "secret", permissions=permissions)
    registry = Registry.from_json({"name": "acme", "url": standin.url, **more})
    return {each.name: each for each in run_checks(registry, login)}


def not_passed(checks: dict[str, Check]) -> dict[str, str]:
    return {name: each.status.value for name, each in checks.items() if each.status.value != "passed"}


def test_a_login_with_every_right_passes_every_check(standin: Standin) -> None:
    standin.add_plugin("portshift", "1.2", users=["bob"])
    checks = check(standin, READ, ANNOTATE, BUILDS)
    assert list(checks) == list(CHECKS)
    assert not_passed(checks) == {"tls": "not-applicable"}
    assert "docker-local/app/" in str(checks["properties-writable"].cause)
    assert checks["build-info"].cause == "build shop 17 can be read"


def test_asking_changes_and_counts_nothing(standin: Standin) -> None:
    path = "app/1/list.manifest.json"
    before = (standin.item("docker-local", path).properties, standin.item("docker-local", path).modified)
    check(standin, READ, ANNOTATE, BUILDS)
    after = (standin.item("docker-local", path).properties, standin.item("docker-local", path).modified)
    assert after == before
    assert standin.total_downloads == 0
    writes = [each for each in standin.requests if each.method in {"PUT", "PATCH", "DELETE"}]
    assert [each.query for each in writes] == ["properties=portshift.connection-test&recursive=0"]


def test_a_login_that_may_only_read_is_told_and_passes(standin: Standin) -> None:
    checks = check(standin, READ)
    assert not_passed(checks) == {
        "tls": "not-applicable",
        "properties-writable": "failed",
        "build-info": "failed",
        "user-plugin": "not-applicable",
    }
    assert "annotate" in str(checks["properties-writable"].cure)
    assert passed(list(checks.values()))


def test_no_write_is_tried_where_the_registry_excludes(standin: Standin) -> None:
    checks = check(standin, READ, ANNOTATE, repositories={"exclude": ["docker-local", "docker-remote"]})
    assert checks["docker-repositories"].cause == "1 visible: docker"
    assert checks["properties-writable"].status.value == "not-applicable"
    assert not [each for each in standin.requests if each.method == "DELETE"]


def test_a_remote_s_cache_is_the_place_where_only_remotes_are(standin: Standin) -> None:
    checks = check(standin, READ, ANNOTATE, repositories={"include": ["docker-remote"]})
    assert "docker-remote-cache/library/nginx" in str(checks["properties-writable"].cause)


def test_an_old_artifactory_answers_the_same_checks(standin: Standin) -> None:
    standin.switches.version = OLD
    checks = check(standin, READ, ANNOTATE, BUILDS)
    assert str(checks["artifactory"].cause).startswith("Artifactory 6.20.0")
    assert passed(list(checks.values()))


@pytest.mark.parametrize(
    "login",
    [
        Login(LoginKind.PASSWORD, "bob", "wrong"),
        Login(LoginKind.TOKEN, secret="wrong"),
        Login(LoginKind.API_KEY, secret="wrong"),
    ],
    ids=lambda login: login.kind.value,
)
def test_a_wrong_login_of_each_kind_is_the_login_s_failure(standin: Standin, login: Login) -> None:
    checks = check(standin, READ, login=login)
    assert [name for name, each in checks.items() if each.status.value == "failed"] == ["login"]
    assert "wrong" not in str([each.to_json() for each in checks.values()])


@pytest.mark.parametrize("hanging", ["*/api/system/version", "*/api/search/aql", "*/api/plugins*"])
def test_a_check_that_hangs_is_cut_off(standin: Standin, hanging: str) -> None:
    standin.add_user("bob", "secret", permissions=[READ])
    standin.delay(4, path=hanging)
    registry = Registry.from_json({"name": "acme", "url": standin.url})
    started = time.monotonic()
    checks = run_checks(registry, BOB, deadline_seconds=0.7)
    assert time.monotonic() - started < 2
    assert [each.name for each in checks] == list(CHECKS)
    assert any(each.status.value == "failed" for each in checks)


def test_a_name_that_leads_elsewhere_after_its_check_gets_nothing(standin: Standin) -> None:
    """DNS said a good address to the check and another one to the connection."""
    port = standin.host.rpartition(":")[2]
    registry = Registry.from_json({"name": "acme", "url": f"http://localhost:{port}"})
    rebound = GuardedAdapter(permitted=lambda address: address not in {"127.0.0.1", "::1"})
    checks = run_checks(
        registry,
        BOB,
        addresses=lambda _: ["192.0.2.7"],
        connect=lambda registry, login: open_session(registry, login, adapter=rebound),
    )
    found = {each.name: each for each in checks}
    assert (found["name"].status.value, found["reachable"].status.value) == ("passed", "failed")
    assert "a link-local or metadata address" in str(found["reachable"].cause)
    assert standin.requests == []
