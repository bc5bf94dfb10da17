"""Test Connection: every check in its order, with cause and cure."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

import pytest
import requests

from portshift_bridge.registries.model import Login, LoginKind, Registry, UnavailableLogin
from portshift_bridge.registries.session import open_session
from portshift_bridge.registries.testing import connection
from portshift_bridge.registries.testing.checks import CHECKS, Check, passed
from tests.fakes.http import Reply, Scripted, ScriptedAdapter

PASSWORD = Login(LoginKind.PASSWORD, "bob", "swordfish")
REPOSITORIES = [{"key": "docker-local"}, {"key": "docker-remote"}]


def check(
    *replies: Scripted | Reply | Exception,
    login: Login | UnavailableLogin = PASSWORD,
    url: str = "https://acme.example.com/artifactory",
    addresses: Callable[[str], Collection[str]] = lambda _: ["192.0.2.1"],
    seconds: float = 5.0,
    **more: Any,
) -> dict[str, Check]:
    registry = Registry.from_json({"name": "acme", "url": url, **more})
    adapter = ScriptedAdapter(*replies)
    checks = connection.test_connection(
        registry,
        login,
        deadline_seconds=seconds,
        dns_seconds=0.2,
        addresses=addresses,
        connect=lambda registry, login: open_session(registry, login, adapter=adapter, sleep=lambda _: None),
    )
    assert [each.name for each in checks] == list(CHECKS)
    return {each.name: each for each in checks}


def statuses(checks: dict[str, Check]) -> str:
    """``+`` passed, ``-`` failed, ``.`` not applicable, in the order of ``CHECKS``."""
    signs = {"passed": "+", "failed": "-", "not-applicable": "."}
    return "".join(signs[each.status] for each in checks.values())


VERSION = Scripted.json({"version": "7.119.5", "addons": ["build", "docker"], "license": "hash"})
ONLY_ADMINISTRATORS = Scripted.json({"errors": [{"message": "Forbidden"}]}, status=403)
NO_ROWS = Scripted.json({"results": []})
NO_PLUGIN = Scripted.json({})
ROW = {"repo": "docker-local", "path": "app/1", "name": "manifest.json"}
ROWS = Scripted.json({"results": [{**ROW, "repo": "docker-remote-cache"}, ROW]})
PROPERTIES = Scripted.json({"properties": {"build.name": ["app"], "build.number": ["7"]}})
PLUGIN = Scripted.json({"executions": [{"name": "other"}, {"name": "portshiftBatch", "version": "1.2"}]})
SEEN = (VERSION, ONLY_ADMINISTRATORS, Scripted.json(REPOSITORIES))


def test_a_good_connection_passes_everything() -> None:
    asked = (ROWS, PROPERTIES, Scripted(204), ROWS, PROPERTIES, Scripted.json({"buildInfo": {}}), PLUGIN)
    checks = check(*SEEN, *asked)
    assert statuses(checks) == "+++++++++++"
    assert [each.cause for each in checks.values()][3:] == [
        "Artifactory 7.119.5, licensed with 2 add-ons (only administrators see which licence)",
        "the password is accepted",
        "2 visible: docker-local, docker-remote",
        "searches are allowed",
        "2 on docker-local/app/1/manifest.json",
        "a property that docker-local/app/1/manifest.json does not have could be deleted",
        "build app 7 can be read",
        "portshift 1.2",
    ]


def test_a_registry_without_images_has_nothing_to_try_rights_on() -> None:
    checks = check(*SEEN, NO_ROWS, NO_ROWS, NO_PLUGIN)
    assert statuses(checks) == "+++++++...."
    assert checks["properties-writable"].cause == "there is no image yet that the login sees"
    assert passed(list(checks.values()))


def test_an_administrator_is_told_the_licence() -> None:
    licence = Scripted.json({"type": "Enterprise Plus"})
    checks = check(VERSION, licence, Scripted.json(REPOSITORIES), NO_ROWS, NO_ROWS, NO_PLUGIN)
    assert checks["artifactory"].cause == "Artifactory 7.119.5, licence Enterprise Plus"


def test_an_unlicensed_artifactory_is_told() -> None:
    unlicensed = Scripted.json({"version": "7.119.5", "addons": []})
    checks = check(unlicensed, ONLY_ADMINISTRATORS, Scripted.json(REPOSITORIES), NO_ROWS, NO_ROWS, NO_PLUGIN)
    assert "not a licensed Pro" in str(checks["artifactory"].cause)


def test_what_is_optional_fails_without_failing_the_test() -> None:
    checks = check(*SEEN, ROWS, PROPERTIES, Scripted(403), ROWS, PROPERTIES, Scripted(404), Scripted(403))
    assert statuses(checks) == "++++++++--."
    assert "annotate permission on docker-local" in str(checks["properties-writable"].cure)
    assert "deleted or hidden" in str(checks["build-info"].cause)
    assert "may not list user plugins" in str(checks["user-plugin"].cause)
    assert passed(list(checks.values()))


def test_properties_that_are_hidden_fail_the_test() -> None:
    checks = check(*SEEN, ROWS, Scripted(404), Scripted(204), NO_ROWS, NO_PLUGIN)
    assert statuses(checks) == "+++++++-+.."
    assert not passed(list(checks.values()))


def test_no_property_is_touched_in_a_repository_that_is_excluded() -> None:
    member = Scripted.json({"results": [{**ROW, "repo": "prod-local"}, {**ROW, "repo": "hub-cache"}]})
    excluded = {"exclude": ["prod-*", "hub"]}
    checks = check(*SEEN, member, member, NO_PLUGIN, repositories=excluded)
    assert statuses(checks) == "+++++++...."


def test_plain_http_has_no_tls_and_anonymous_neither_login_nor_aql() -> None:
    refused = Scripted.json({"errors": [{"message": "forbidden"}]}, status=403)
    checks = check(*SEEN, refused, NO_PLUGIN, login=Login(), url="http://127.0.0.1:1")
    assert statuses(checks) == "++.+.+....."
    assert checks["aql"].cure == "use a login"
    assert passed(list(checks.values()))


def test_a_login_that_may_not_use_aql_fails() -> None:
    checks = check(*SEEN, Scripted(403), NO_PLUGIN)
    assert statuses(checks) == "++++++-...."


def test_a_login_that_the_secret_store_does_not_give_fails_by_itself() -> None:
    unavailable = UnavailableLogin("Vault is sealed", "unseal it")
    for version in (VERSION, Scripted(401)):
        checks = check(version, ONLY_ADMINISTRATORS, login=unavailable)
        assert statuses(checks) == "++++-......"
        assert checks["login"].cause == "the secret store does not give it: Vault is sealed"
        assert checks["login"].cure == "unseal it"


def test_a_hanging_registry_is_cut_off_with_the_check_that_hung() -> None:
    go_on = threading.Event()

    def hang(_: requests.PreparedRequest) -> Scripted:
        go_on.wait(10)
        return NO_PLUGIN

    started = time.monotonic()
    checks = check(*SEEN, hang, seconds=0.3)
    assert time.monotonic() - started < 3
    go_on.set()
    assert statuses(checks) == "++++++-...."
    assert checks["aql"].cause == "no answer within the 0.3 seconds of the whole test"
    assert checks["build-info"].cause == "not tried, because the time was over"


def test_a_hanging_dns_is_cut_off() -> None:
    go_on = threading.Event()

    def hang(_: str) -> Collection[str]:
        go_on.wait(10)
        return []

    checks = check(Scripted(), addresses=hang)
    go_on.set()
    assert statuses(checks) == "-.........."
    assert checks["name"].cause == "acme.example.com does not resolve within 0.2 seconds"


def unknown(_: str) -> Collection[str]:
    raise OSError("Name or service not known")


def test_through_a_proxy_the_name_need_not_resolve_here() -> None:
    proxy = "http://proxy.example.com:3128"
    checks = check(*SEEN, NO_ROWS, NO_ROWS, NO_PLUGIN, addresses=unknown, proxy=proxy)
    assert statuses(checks) == ".++++++...."
    assert "the proxy resolves it" in str(checks["name"].cause)
    assert checks["reachable"].cause == f"https://acme.example.com/artifactory answers through {proxy}"


def test_through_a_proxy_a_name_that_leads_to_a_metadata_service_is_refused_all_the_same() -> None:
    checks = check(Scripted(), addresses=lambda _: ["fd00:ec2::254"], proxy="http://proxy.example.com:3128")
    assert statuses(checks) == "-.........."


@pytest.mark.parametrize(
    ("first", "expected", "cause", "cure"),
    [
        (
            requests.ConnectionError("Connection refused"),
            "+-.........",
            "cannot be reached",
            "see that it runs",
        ),
        (requests.ConnectTimeout("slow"), "+-.........", "did not answer in time", "see that it runs"),
        (Scripted(503), "+-.........", "answers 503", "log of Artifactory"),
        (requests.exceptions.SSLError("self-signed"), "++-........", "TLS failed", "certificate"),
        (
            Scripted(404, b"<html>"),
            "+++-.......",
            "no Artifactory: .* answers 404",
            "Artifactory's own address",
        ),
        (Scripted(200, b"<html>"), "+++-.......", "no Artifactory: .*no JSON", "Artifactory's own address"),
        (Scripted.json({"ok": 1}), "+++-.......", "version cannot be read", "Artifactory's own address"),
        (Scripted(302, headers={"Location": "/ui"}), "+++-.......", "redirects", "Artifactory's own address"),
        (Scripted(401), "++++-......", "answers 401", "correct the registry's login"),
        (Scripted(403), "++++-......", "answers 403", "may read the version"),
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
    checks = check(VERSION, ONLY_ADMINISTRATORS, Scripted.json([]))
    assert statuses(checks) == "+++++-....."
    assert checks["docker-repositories"].cause == "none visible"


def test_repositories_that_are_all_left_out_are_told() -> None:
    checks = check(*SEEN, repositories={"include": ["prod-*"]})
    assert checks["docker-repositories"].cause == "2 visible, but none is included"


def test_no_check_shows_the_secret() -> None:
    checks = check(Scripted.json({"errors": [{"message": "Bad credentials"}]}, status=401))
    assert "swordfish" not in str([each.to_json() for each in checks.values()])


def test_a_name_that_does_not_resolve_ends_the_test() -> None:
    checks = check(Scripted(), addresses=unknown)
    assert statuses(checks) == "-.........."
    assert checks["name"].cause == "acme.example.com does not resolve (Name or service not known)"


def test_a_name_that_leads_to_a_metadata_service_is_not_asked() -> None:
    checks = check(Scripted(), addresses=lambda _: ["192.0.2.1", "169.254.169.254"])
    assert statuses(checks) == "-.........."
    assert "169.254.169.254, a link-local or metadata address" in str(checks["name"].cause)
