"""Test Connection: every check in its order, with cause and cure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

import pytest
import requests

from portshift_bridge.registries import connection
from portshift_bridge.registries.artifactory import Artifactory
from portshift_bridge.registries.connection import CHECKS, Check
from portshift_bridge.registries.model import Login, LoginKind, Registry
from tests.fakes.http import Reply, Scripted, ScriptedAdapter

PASSWORD = Login(LoginKind.PASSWORD, "bob", "swordfish")
REPOSITORIES = [{"key": "docker-local"}, {"key": "docker-remote"}]


def check(
    *replies: Scripted | Reply | Exception,
    login: Login = PASSWORD,
    url: str = "https://acme.example.com/artifactory",
    addresses: Callable[[str], Collection[str]] = lambda _: ["192.0.2.1"],
    **more: Any,
) -> dict[str, Check]:
    registry = Registry.from_json({"name": "acme", "url": url, **more})
    adapter = ScriptedAdapter(*replies)
    checks = connection.test_connection(
        registry,
        login,
        addresses=addresses,
        connect=lambda registry, login: Artifactory(registry, login, adapter=adapter, sleep=lambda _: None),
    )
    assert [each.name for each in checks] == list(CHECKS)
    return {each.name: each for each in checks}


def statuses(checks: dict[str, Check]) -> str:
    """``+`` passed, ``-`` failed, ``.`` not applicable, in the order of ``CHECKS``."""
    signs = {"passed": "+", "failed": "-", "not-applicable": "."}
    return "".join(signs[each.status] for each in checks.values())


VERSION = Scripted.json({"version": "7.119.5"})


def test_a_good_connection_passes_everything() -> None:
    checks = check(VERSION, Scripted.json(REPOSITORIES), Scripted.json({"results": []}))
    assert statuses(checks) == "+++++++"
    assert checks["artifactory"].cause == "Artifactory 7.119.5"
    assert checks["docker-repositories"].cause == "2 visible: docker-local, docker-remote"


def test_plain_http_has_no_tls_and_anonymous_no_login() -> None:
    refused = Scripted.json({"errors": [{"message": "forbidden"}]}, status=403)
    checks = check(VERSION, Scripted.json(REPOSITORIES), refused, login=Login(), url="http://127.0.0.1:1")
    assert statuses(checks) == "++.+.+-"
    assert checks["aql"].cure == "use a login: Artifactory allows AQL to logins only"


@pytest.mark.parametrize(
    ("first", "expected", "cause", "cure"),
    [
        (requests.ConnectionError("Connection refused"), "+-.....", "cannot be reached", "see that it runs"),
        (requests.ConnectTimeout("slow"), "+-.....", "did not answer in time", "see that it runs"),
        (Scripted(503), "+-.....", "answers 503", "log of Artifactory"),
        (requests.exceptions.SSLError("self-signed"), "++-....", "TLS failed", "certificate"),
        (Scripted(404, b"<html>"), "+++-...", "no Artifactory: .* answers 404", "Artifactory's own address"),
        (Scripted(200, b"<html>"), "+++-...", "no Artifactory: .*no JSON", "Artifactory's own address"),
        (Scripted.json({"ok": 1}), "+++-...", "version cannot be read", "Artifactory's own address"),
        (Scripted(302, headers={"Location": "/ui"}), "+++-...", "redirects", "Artifactory's own address"),
        (Scripted(401), "++++-..", "answers 401", "correct the registry's login"),
        (Scripted(403), "++++-..", "answers 403", "may read the version"),
    ],
)
def test_a_failure_is_named_and_what_follows_is_not_tried(
    first: Scripted | Exception, expected: str, cause: str, cure: str
) -> None:
    checks = check(first)
    failed = next(each for each in checks.values() if each.status == "failed")
    assert statuses(checks) == expected
    assert re.search(cause, str(failed.cause))
    assert re.search(cure, str(failed.cure))


def test_a_login_that_sees_no_docker_repository_is_told() -> None:
    checks = check(VERSION, Scripted.json([]))
    assert statuses(checks) == "+++++-."
    assert checks["docker-repositories"].cause == "none visible"


def test_repositories_that_are_all_left_out_are_told() -> None:
    checks = check(VERSION, Scripted.json(REPOSITORIES), repositories={"include": ["prod-*"]})
    assert checks["docker-repositories"].cause == "2 visible, but none is included"


def test_no_check_shows_the_secret() -> None:
    checks = check(Scripted.json({"errors": [{"message": "Bad credentials"}]}, status=401))
    assert "swordfish" not in str([each.to_json() for each in checks.values()])


def test_a_name_that_does_not_resolve_ends_the_test() -> None:
    def unknown(_: str) -> Collection[str]:
        raise OSError("Name or service not known")

    checks = check(Scripted(), addresses=unknown)
    assert statuses(checks) == "-......"
    assert checks["name"].cause == "acme.example.com does not resolve (Name or service not known)"


def test_a_name_that_leads_to_a_metadata_service_is_not_asked() -> None:
    checks = check(Scripted(), addresses=lambda _: ["192.0.2.1", "169.254.169.254"])
    assert statuses(checks) == "-......"
    assert "169.254.169.254, a link-local or metadata address" in str(checks["name"].cause)
