"""The registries of the API; Artifactory itself is behind a fake here."""

from __future__ import annotations

from typing import Any

import pytest

from portshift_bridge.access import Role
from portshift_bridge.registries.connection import Check, Status
from tests.fakes.bridge_services import FakeBridge, rendering
from tests.fakes.resolver import resolved

LOGIN = {"kind": "password", "username": "reader", "secret": "hunter2-hunter2"}
ACME: dict[str, Any] = {
    "name": "acme",
    "url": "https://acme.example/artifactory",
    "mirrors": ["docker.io=docker-remote"],
    "login": LOGIN,
}


def add(bridge: FakeBridge, **changes: Any) -> dict[str, Any]:
    answer = bridge.call("POST", "registries", json={**ACME, **changes})
    assert answer.status_code == 201, answer.text
    item: dict[str, Any] = answer.json()
    return item


def test_a_registry_is_shown_without_its_secret(bridge: FakeBridge) -> None:
    made = add(bridge)
    shown = bridge.call("GET", "registries/acme", role=Role.VIEWER)
    listed = bridge.call("GET", "registries", role=Role.VIEWER)

    assert made == shown.json() == listed.json()["items"][0]
    assert made["login"] == {"kind": "password", "username": "reader"}
    assert "hunter2" not in shown.text + listed.text


def test_the_resolver_sees_registry_and_login(bridge: FakeBridge) -> None:
    add(bridge)

    (connected,) = bridge.services.registries.all()

    assert connected.registry.url == ACME["url"]
    assert connected.login.secret == LOGIN["secret"]


def test_a_change_keeps_what_it_does_not_name(bridge: FakeBridge) -> None:
    add(bridge)

    changed = bridge.call("PATCH", "registries/acme", json={"hosts": ["docker.acme.example"]}).json()

    assert changed["hosts"] == ["docker.acme.example"]
    assert changed["mirrors"] == ["docker.io=docker-remote"]
    assert bridge.services.registries.get("acme").login.secret == LOGIN["secret"]


def test_null_puts_back_the_default(bridge: FakeBridge) -> None:
    add(bridge)

    changed = bridge.call("PATCH", "registries/acme", json={"mirrors": None, "login": None}).json()

    assert (changed["mirrors"], changed["login"]["kind"]) == ([], "anonymous")


def test_a_stored_secret_does_not_follow_to_another_host(bridge: FakeBridge) -> None:
    add(bridge)
    elsewhere = {"url": "https://evil.example/artifactory"}

    refused = bridge.call("PATCH", "registries/acme", json=elsewhere)
    taken = bridge.call("PATCH", "registries/acme", json={**elsewhere, "login": LOGIN})

    assert refused.status_code == 400
    assert "not sent to another host" in refused.json()["detail"]
    assert taken.json()["url"] == elsewhere["url"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "A b"},
        {"url": "ftp://x"},
        {"url": "http://169.254.169.254/"},
        {"login": {"kind": "password"}},
        {"mirrors": "docker.io"},
        {"colour": "red"},
    ],
)
def test_a_registry_that_cannot_be_is_refused(bridge: FakeBridge, changes: dict[str, Any]) -> None:
    answer = bridge.call("POST", "registries", json={**ACME, **changes})

    assert answer.status_code == 400
    assert "hunter2" not in answer.text
    assert bridge.call("GET", "registries").json()["items"] == []


def test_a_name_is_taken_once(bridge: FakeBridge) -> None:
    add(bridge)

    assert bridge.call("POST", "registries", json=ACME).status_code == 409


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "none"), ("PATCH", "none"), ("DELETE", "none"), ("POST", "none/test")],
)
def test_a_registry_that_is_not_there(bridge: FakeBridge, method: str, path: str) -> None:
    answer = bridge.call(method, f"registries/{path}", content=b"" if method == "GET" else b"{}")

    assert (answer.status_code, answer.json()["type"]) == (404, "urn:portshift:problem:not-found")


def test_a_registry_in_use_is_removed_only_by_force(bridge: FakeBridge) -> None:
    add(bridge)
    add(bridge, name="acme-two")
    bridge.resolver.images["app:1"] = resolved("a", artifact="acme/docker-local/app/1/manifest.json")
    bridge.call("POST", "registrations", json=rendering("app:1"))

    refused = bridge.call("DELETE", "registries/acme")

    assert refused.status_code == 409
    assert "1 identities name artifacts of acme" in refused.json()["detail"]
    assert bridge.call("DELETE", "registries/acme-two").status_code == 204
    assert bridge.call("DELETE", "registries/acme?force=true").status_code == 204
    assert bridge.call("GET", "registries").json()["items"] == []


def test_testing_before_connecting_keeps_nothing(bridge: FakeBridge) -> None:
    answer = bridge.call("POST", "registries/test", json=ACME).json()

    assert answer == {
        "checks": [{"name": "reachable", "status": "passed", "cause": None, "cure": None}],
        "status": "passed",
    }
    assert bridge.connection_test.tried[0].login.secret == LOGIN["secret"]
    assert bridge.call("GET", "registries").json()["items"] == []


def test_one_failed_check_fails_the_test_of_a_connected_registry(bridge: FakeBridge) -> None:
    add(bridge)
    bridge.connection_test.checks = [
        Check("reachable", Status.PASSED),
        Check("login", Status.FAILED, "refused", "give another"),
        Check("aql", Status.NOT_APPLICABLE),
    ]

    answer = bridge.call("POST", "registries/acme/test").json()

    assert answer["status"] == "failed"
    assert [check["status"] for check in answer["checks"]] == ["passed", "failed", "not-applicable"]
