"""Who may do what, over the whole API."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from portshift_bridge.access import Role
from tests.fakes.bridge_services import TOKENS, FakeBridge, rendering

READERS = {Role.VIEWER, Role.DEPLOYER, Role.ADMIN}
ADMIN = {Role.ADMIN}
ID = "0" * 64
ROUTES: list[tuple[str, str, set[Role]]] = [
    ("POST", "registrations", {Role.DEPLOYER, Role.ADMIN}),
    ("GET", "identities", READERS),
    ("GET", f"identities/{ID}", READERS),
    ("GET", f"identities/{ID}/statement", READERS),
    ("POST", f"identities/{ID}/revoke", ADMIN),
    ("POST", f"identities/{ID}/restore", ADMIN),
    ("GET", "artifacts", READERS),
    ("GET", f"artifacts/sha256:{ID}", READERS),
    ("GET", "registries", READERS),
    ("POST", "registries", ADMIN),
    ("POST", "registries/test", ADMIN),
    ("GET", "registries/acme", READERS),
    ("PATCH", "registries/acme", ADMIN),
    ("DELETE", "registries/acme", ADMIN),
    ("POST", "registries/acme/removal", ADMIN),
    ("POST", "registries/acme/test", ADMIN),
    ("GET", "registries/acme/watch", READERS),
    ("PUT", "registries/acme/webhook", ADMIN),
    ("POST", "registries/acme/webhook/removal", ADMIN),
    ("GET", "audit", {Role.VIEWER, Role.ADMIN}),
    ("GET", "access", ADMIN),
    ("POST", "access", ADMIN),
    ("DELETE", "access/nobody", ADMIN),
    ("GET", "access/trusts", ADMIN),
    ("POST", "access/trusts", ADMIN),
    ("GET", "access/trusts/github", ADMIN),
    ("DELETE", "access/trusts/github", ADMIN),
    ("GET", "status", set(Role)),
]


def needs_token(path: str) -> bool:
    """Every route of the API does, but those that a job's own token or a webhook's secret opens."""
    others = {"/api/v1/login/oidc", "/api/v1/registries/{name}/events"}
    return path.startswith("/api/v1/") and path not in others


def test_the_table_of_roles_covers_every_route_of_the_api(bridge: FakeBridge) -> None:
    paths = bridge.call("GET", "/openapi.json").json()["paths"]
    served = sum(len(methods) for path, methods in paths.items() if needs_token(path))

    assert served == len(ROUTES)


@pytest.mark.parametrize(("method", "path", "allowed"), ROUTES)
def test_a_role_may_do_just_what_it_is_for(
    bridge: FakeBridge, method: str, path: str, allowed: set[Role]
) -> None:
    body: dict[str, Any] = {} if method == "GET" else {"json": {}}
    for role in Role:
        answer = bridge.call(method, path, role=role, **body)
        refused = answer.status_code == 403
        assert refused == (role not in allowed), (role, answer.text)
        if refused:
            assert answer.json()["type"] == "urn:portshift:problem:not-permitted"


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer wrong", "Basic YTpi", f"Bearer {'x' * 2000}", "Bearer \xe9"]
)
def test_without_a_known_token_nothing_is_served(bridge: FakeBridge, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}

    for method, path, _ in ROUTES:
        answer = bridge.client.request(method, f"/api/v1/{path}", headers=headers, content=b"{")

        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["type"] == "urn:portshift:problem:unauthenticated"


def test_a_created_access_works_until_it_is_revoked(bridge: FakeBridge) -> None:
    body = {"name": "ci", "role": "deployer", "clusters": ["prod-*"], "namespaces": ["shop"]}
    created = bridge.call("POST", "access", json=body)

    assert created.status_code == 201
    token = created.json().pop("token")
    headers = {"Authorization": f"Bearer {token}"}
    inside = rendering("app:1", cluster="prod-eu")
    assert bridge.client.post("/api/v1/registrations", json=inside, headers=headers).status_code == 200
    outside = rendering("app:1", cluster="dev")
    assert bridge.client.post("/api/v1/registrations", json=outside, headers=headers).status_code == 403
    assert bridge.client.get("/api/v1/status", headers=headers).json()["name"] == "ci"

    assert bridge.call("DELETE", "access/ci").status_code == 204
    assert bridge.client.get("/api/v1/status", headers=headers).status_code == 401


def test_a_token_is_shown_once_and_kept_nowhere(bridge: FakeBridge, tmp_path: Path) -> None:
    token = bridge.call("POST", "access", json={"name": "ci", "role": "viewer"}).json()["token"]

    listed = bridge.call("GET", "access").text
    bridge.services.database.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())

    assert token not in listed
    assert token.encode() not in kept
    assert TOKENS[Role.ADMIN].encode() not in kept


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"name": "ci"}, "role: found None"),
        (
            {"name": "ci", "role": "root"},
            "role: found 'root', expected one of deployer, agent, viewer, admin",
        ),
        ({"name": "a b", "role": "viewer"}, "name: found 'a b'"),
        ({"name": 3, "role": "viewer"}, "name: found 3"),
        ({"name": "ci", "role": "viewer", "clusters": ["a"]}, "a viewer has no scope"),
        ({"name": "ci", "role": "agent"}, "an agent has exactly one cluster"),
        ({"name": "ci", "role": "agent", "clusters": ["a-*"]}, "an agent has exactly one cluster"),
        ({"name": "ci", "role": "deployer", "namespaces": "shop"}, "namespaces: expected a list"),
        ({"name": "ci", "role": "deployer", "namespaces": [""]}, "namespaces: found ''"),
        ({"name": "ci", "role": "deployer", "token": "mine"}, "found the field 'token'"),
        ([], "found no object"),
    ],
)
def test_an_access_that_cannot_be_is_refused(bridge: FakeBridge, body: Any, told: str) -> None:
    answer = bridge.call("POST", "access", json=body)

    assert answer.status_code == 400
    assert told in answer.json()["detail"]


def test_a_name_is_taken_once(bridge: FakeBridge) -> None:
    answer = bridge.call("POST", "access", json={"name": "viewer", "role": "viewer"})

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:portshift:problem:conflict")


def test_the_last_administrator_stays(bridge: FakeBridge) -> None:
    assert bridge.call("DELETE", "access/admin").status_code == 409
    bridge.call("POST", "access", json={"name": "second", "role": "admin"})
    assert bridge.call("DELETE", "access/admin").status_code == 204


def test_accesses_page_by_name(bridge: FakeBridge) -> None:
    first = bridge.call("GET", "access?limit=3").json()
    second = bridge.call("GET", f"access?limit=3&cursor={first['next']}").json()

    assert [item["name"] for item in first["items"]] == ["admin", "agent", "deployer"]
    assert [item["name"] for item in second["items"]] == ["viewer"]
    assert second["next"] is None


def test_every_change_is_in_the_audit_log_with_its_actor_and_without_secrets(
    bridge: FakeBridge, tmp_path: Path
) -> None:
    login = {"kind": "password", "username": "u", "secret": "s3cret-text"}
    registry = {"name": "acme", "url": "https://acme.example/artifactory", "login": login}
    id_ = bridge.call("POST", "registrations", json=rendering("app:1")).json()["workloads"][0]["id"]
    bridge.call("POST", "access", json={"name": "ci", "role": "viewer"})
    bridge.call("DELETE", "access/ci")
    bridge.call("POST", f"identities/{id_}/revoke", json={"reason": "x"})
    bridge.call("POST", f"identities/{id_}/restore")
    bridge.call("POST", "registries", json=registry)
    bridge.call("PATCH", "registries/acme", json={"mirrors": ["docker.io=docker-remote"]})
    bridge.call("DELETE", "registries/acme")

    with sqlite3.connect(tmp_path / "portshift.db") as connection:
        rows = connection.execute("SELECT actor, action, object, detail FROM audit ORDER BY key").fetchall()
    connection.close()

    assert [(actor, action, name) for actor, action, name, _ in rows if actor != "test"] == [
        ("admin", "access.create", "ci"),
        ("admin", "access.revoke", "ci"),
        ("admin", "identity.revoke", id_),
        ("admin", "identity.restore", id_),
        ("admin", "registry.add", "acme"),
        ("admin", "registry.update", "acme"),
        ("admin", "registry.remove", "acme"),
    ]
    assert "s3cret-text" not in str(rows)
