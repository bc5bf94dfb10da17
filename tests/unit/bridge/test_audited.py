"""Every route that changes something leaves one entry for each change in the audit log, without a secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from portshift_bridge.access import Role
from tests.fakes.bridge_services import FakeBridge, rendering
from tests.fakes.issuer import GITHUB
from tests.unit.bridge.oidc.logins import SHOP
from tests.unit.bridge.watching.registry import READER, FakeRegistry

BOSS = "canary-of-the-administrator"
SECRETS = {READER.secret, BOSS, "canary-login", "canary-proxy"}
LOGIN = {"kind": "password", "username": "reader", "secret": READER.secret}


@dataclass(frozen=True)
class Step:
    """A call with the actions that it is to leave; ``{id}`` and ``{job}`` stand for what the test knows."""

    method: str
    path: str
    body: Any = None
    actions: tuple[str, ...] = ()


ACME = {"name": "acme", "url": "http://standin.test/artifactory", "insecure": True, "login": LOGIN}
BETA = {**ACME, "name": "beta"}
PROXIED = {
    "proxy": "http://proxy.example:3128",
    "proxyLogin": {"username": "bob", "secret": "canary-proxy"},
    "login": {"kind": "token", "secret": "canary-login"},
}
HOOK = {"adminToken": BOSS, "url": "https://bridge.example"}
STEPS = (
    Step("POST", "registries/test", ACME),
    Step("POST", "registries", ACME, ("registry.add",)),
    Step("POST", "registries", BETA, ("registry.add",)),
    Step("POST", "registries/{name}/test"),
    Step("PUT", "registries/{name}/webhook", HOOK, ("registry.webhook.add",)),
    Step("POST", "registries/{name}/webhook/removal", {"adminToken": BOSS}, ("registry.webhook.remove",)),
    Step(
        "POST",
        "registries/{name}/removal",
        {"adminToken": BOSS},
        ("registry.webhook.remove", "registry.remove"),
    ),
    Step("PATCH", "registries/beta", PROXIED, ("registry.update",)),
    Step("DELETE", "registries/beta", None, ("registry.remove",)),
    Step("POST", "registrations", rendering("app:1", cluster="dev")),
    Step("POST", "identities/{id}/revoke", {"reason": "leaked"}, ("identity.revoke",)),
    Step("POST", "identities/{id}/revoke", {"reason": "again"}),
    Step("POST", "identities/{id}/restore", None, ("identity.restore",)),
    Step("POST", "access", {"name": "ci", "role": "viewer"}, ("access.create",)),
    Step("DELETE", "access/ci", None, ("access.revoke",)),
    Step("POST", "access/trusts", SHOP, ("trust.add",)),
    Step("POST", "login/oidc", {"token": "{job}"}, ("access.login",)),
    Step("DELETE", "access/trusts/github", None, ("trust.remove",)),
)
# What a registry sends; it changes nothing by itself.
NO_CHANGE = {("POST", "registries/{name}/events")}


def test_every_writing_route_is_in_the_table(bridge: FakeBridge) -> None:
    served = {
        (method.upper(), path.removeprefix("/api/v1/"))
        for path, methods in bridge.call("GET", "/openapi.json").json()["paths"].items()
        for method in methods
        if method != "get"
    }
    named = {(step.method, _template(step.path)) for step in STEPS}

    assert named == served - NO_CHANGE


def test_each_change_is_one_entry_without_a_secret(bridge: FakeBridge) -> None:
    registry = FakeRegistry()
    registry.standin.add_user("boss", token=BOSS, admin=True)
    bridge.adapters["acme"] = registry.adapter
    known = {"name": "acme", "job": bridge.issuer.token(), "id": ""}
    for step in STEPS:
        before = len(list(_entries(bridge)))
        answer = bridge.call(step.method, _filled(step.path, known), json=_filled(step.body, known))
        assert answer.status_code < 300, (step, answer.text)
        if step.path == "registrations":
            known["id"] = answer.json()["workloads"][0]["id"]
        added = list(_entries(bridge))[before:]
        assert tuple(entry["action"] for entry in added) == step.actions, step

    told = bridge.call("GET", "audit?limit=500", role=Role.VIEWER).text
    shown = {secret for secret in {*SECRETS, known["job"]} if str(secret) in told}
    assert shown == set()
    assert GITHUB in told


@pytest.mark.parametrize(
    "step", [step for step in STEPS if step.actions and step.body], ids=lambda step: step.path
)
def test_what_is_refused_is_no_change(bridge: FakeBridge, step: Step) -> None:
    before = list(_entries(bridge))
    answer = bridge.call(step.method, _filled(step.path, {"name": "none", "id": "0" * 64}), json={"x": 1})

    assert answer.status_code >= 400
    assert list(_entries(bridge)) == before


def _entries(bridge: FakeBridge) -> Iterator[dict[str, Any]]:
    """The log, oldest first."""
    yield from reversed(bridge.call("GET", "audit?limit=500").json()["items"])


def _filled(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, str):
        for name, text in known.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    if isinstance(value, dict):
        return {key: _filled(each, known) for key, each in value.items()}
    return value


def _template(path: str) -> str:
    """The route of a path: beta, ci and github are names."""
    return "/".join("{name}" if part in {"beta", "ci", "github"} else part for part in path.split("/"))
