"""The OpenAPI document is complete, and says what the messages really hold."""

from __future__ import annotations

from typing import Any

import pytest

from portshift.core.identity import Build, PlannedImage, Workload
from portshift.core.wire import (
    ImageRequest,
    ImageResult,
    Intent,
    Outcome,
    RegistrationRequest,
    RegistrationResponse,
    WorkloadRequest,
    WorkloadResult,
)
from portshift_bridge.api.docs import documentation_page
from portshift_bridge.api.schemas import SCHEMAS
from portshift_bridge.app import create_app
from tests.fakes.bridge_services import FakeBridge, rendering
from tests.fakes.resolver import resolved
from tests.unit.bridge.described import differences
from tests.unit.bridge.oidc.logins import SHOP, log_in
from tests.unit.bridge.test_api_access import needs_token

DOCUMENT = create_app(None).openapi()
OPERATIONS = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=lambda value: str(value)[:40])
def test_every_operation_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert ("security" in operation) == (needs_token(path) or path.endswith("/events"))
    assert "default" in operation["responses"]
    names = [name for name in _references(operation) if name not in DOCUMENT["components"]["schemas"]]
    assert names == []
    if method in {"post", "patch"} and not path.endswith(("/restore", "{name}/test")):
        assert "requestBody" in operation


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]

    assert len(set(names)) == len(names)


def test_the_page_names_every_operation_and_needs_no_other_host() -> None:
    page = documentation_page(DOCUMENT)

    for method, path, _ in OPERATIONS:
        assert f"{method.upper()} {path}" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


def test_registration_messages_are_as_described() -> None:
    image = PlannedImage(
        "web", "app:1", "sha256:" + "a" * 64, ("sha256:" + "b" * 64,), "a/b/c", Build("x", "1")
    )
    request = RegistrationRequest(
        (WorkloadRequest(Workload("apps", "Deployment", "shop", "web"), (ImageRequest("web", "app:1"),)),),
        intent=Intent.DEPLOY,
    )
    response = RegistrationResponse(
        "r", (WorkloadResult((ImageResult(image, Outcome.RESOLVED, "why", "app@x"),), "id", "token"),)
    )

    assert differences(request.to_json(), SCHEMAS["RegistrationRequest"]) == []
    assert differences(response.to_json(), SCHEMAS["RegistrationResponse"]) == []


def test_answers_are_as_described(bridge: FakeBridge) -> None:
    bridge.resolver.images["app:1"] = resolved("a")
    id_ = bridge.call("POST", "registrations", json=rendering("app:1")).json()["workloads"][0]["id"]
    registry = {"name": "acme", "url": "https://acme.example/artifactory"}
    answers = {
        "Identity": bridge.call("POST", f"identities/{id_}/revoke", json={"reason": "x"}),
        "Identities": bridge.call("GET", "identities"),
        "Registry": bridge.call("POST", "registries", json=registry),
        "Registries": bridge.call("GET", "registries"),
        "ConnectionTest": bridge.call("POST", "registries/acme/test"),
        "Watch": bridge.call("GET", "registries/acme/watch"),
        "Changes": bridge.call("GET", "audit"),
        "Removal": bridge.call("DELETE", "registries/acme?force=true"),
        "CreatedAccess": bridge.call("POST", "access", json={"name": "ci", "role": "viewer"}),
        "Accesses": bridge.call("GET", "access"),
        "Trust": bridge.call("POST", "access/trusts", json=SHOP),
        "Trusts": bridge.call("GET", "access/trusts"),
        "JobLogin": log_in(bridge, bridge.issuer.token()),
        "Status": bridge.call("GET", "status"),
        "KeySet": bridge.call("GET", "/.well-known/jwks.json"),
        "Health": bridge.call("GET", "/healthz"),
        "Problem": bridge.call("GET", "identities/x"),
    }

    assert {
        name: found
        for name, answer in answers.items()
        if (found := differences(answer.json(), SCHEMAS[name]))
    } == {}


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"].rpartition("/")[2]] if "$ref" in node else []
        return own + [name for value in node.values() for name in _references(value)]
    if isinstance(node, list):
        return [name for value in node for name in _references(value)]
    return []
