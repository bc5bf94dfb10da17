"""The audit log of the API: who changed what, from what to what, and never a secret."""

from __future__ import annotations

from typing import Any

import pytest

from portshift_bridge.access import Role
from tests.fakes.bridge_services import FakeBridge

ACME: dict[str, Any] = {
    "name": "acme",
    "url": "https://acme.example/artifactory",
    "login": {"kind": "password", "username": "reader", "secret": "hunter2-hunter2"},
}


def changes(bridge: FakeBridge, query: str = "object=acme") -> list[dict[str, Any]]:
    answer = bridge.call("GET", f"audit?{query}", role=Role.VIEWER)
    assert answer.status_code == 200, answer.text
    assert "hunter2" not in answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_a_registry_s_life_is_told_newest_first(bridge: FakeBridge) -> None:
    bridge.call("POST", "registries", json=ACME)
    bridge.call("PATCH", "registries/acme", json={"hosts": ["docker.acme.example"]})
    bridge.call("DELETE", "registries/acme")

    removed, updated, added = changes(bridge)

    assert [each["action"] for each in (removed, updated, added)] == [
        "registry.remove",
        "registry.update",
        "registry.add",
    ]
    assert {each["actor"] for each in (removed, updated, added)} == {"admin"}
    assert added["detail"]["after"]["url"] == ACME["url"]
    assert added["detail"]["after"]["login"] == {"kind": "password", "username": "reader"}
    assert updated["detail"] == {
        "changed": ["hosts"],
        "before": {"hosts": []},
        "after": {"hosts": ["docker.acme.example"]},
    }
    assert removed["detail"]["before"]["hosts"] == ["docker.acme.example"]


def test_a_new_secret_of_the_same_user_is_a_change_of_the_login(bridge: FakeBridge) -> None:
    bridge.call("POST", "registries", json=ACME)
    bridge.call("PATCH", "registries/acme", json={"login": {**ACME["login"], "secret": "hunter2-new"}})
    bridge.call("PATCH", "registries/acme", json={"login": {**ACME["login"], "username": "writer"}})

    renamed, replaced, _ = changes(bridge)

    shown = {"kind": "password", "username": "reader"}
    assert replaced["detail"] == {"changed": ["login"], "before": {"login": shown}, "after": {"login": shown}}
    assert renamed["detail"]["after"] == {"login": {**shown, "username": "writer"}}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("action=registry.add", ["two", "one"]),
        ("action=registry.add&object=one", ["one"]),
        ("actor=admin", ["two", "one"]),
        ("actor=nobody", []),
        ("action=registry", []),
    ],
)
def test_filters_are_equal_all_together(bridge: FakeBridge, query: str, found: list[str]) -> None:
    for name in ("one", "two"):
        bridge.call("POST", "registries", json={**ACME, "name": name})

    assert [each["object"] for each in changes(bridge, query)] == found


def test_pages_join_without_gap_or_repetition(bridge: FakeBridge) -> None:
    for number in range(5):
        bridge.call("POST", "registries", json={**ACME, "name": f"r{number}"})
    seen: list[int] = []
    following = ""

    for _ in range(3):
        page = bridge.call("GET", f"audit?limit=2&action=registry.add{following}").json()
        seen += [each["number"] for each in page["items"]]
        following = f"&cursor={page['next']}"

    assert page["next"] is None
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 5


@pytest.mark.parametrize(("role", "status"), [(Role.DEPLOYER, 403), (Role.AGENT, 403), (None, 401)])
def test_only_viewers_and_administrators_read_it(bridge: FakeBridge, role: Role | None, status: int) -> None:
    assert bridge.call("GET", "audit", role=role).status_code == status


def test_an_unknown_filter_is_refused(bridge: FakeBridge) -> None:
    assert bridge.call("GET", "audit?colour=red").status_code == 400
