"""The identities of the API: lists, filters, cursors, revocation, export."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from portshift_bridge.access import Role
from tests.fakes.bridge_services import FakeBridge, rendering
from tests.fakes.resolver import resolved


def register(bridge: FakeBridge, *references: str, **fields: Any) -> dict[str, Any]:
    answer = bridge.call("POST", "registrations", json=rendering(*references, **fields))
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["workloads"][0]
    return result


def test_an_item_says_workload_images_release_and_token(bridge: FakeBridge) -> None:
    bridge.resolver.images["app:1"] = resolved("a")
    release = {"name": "web", "namespace": "shop", "chart": "web-1.2.3"}
    made = register(bridge, "app:1", cluster="prod", environment="live", release=release)

    (item,) = bridge.call("GET", "identities", role=Role.VIEWER).json()["items"]

    assert item == {
        "id": made["id"],
        "status": "active",
        "workload": {
            "cluster": "prod",
            "environment": "live",
            "group": "apps",
            "kind": "Deployment",
            "namespace": "shop",
            "name": "web",
            "generated": False,
        },
        "containers": [
            {
                "name": "c0",
                "reference": "app:1",
                "digest": f"sha256:{'a' * 64}",
                "children": [],
                "artifact": "acme/docker-local/app/1.0/manifest.json",
                "build": {"name": "app", "number": "7"},
            }
        ],
        "issuedAt": item["issuedAt"],
        "signedBy": "admin",
        "lastRegisteredAt": item["issuedAt"],
        "revokedAt": None,
        "revokedBy": None,
        "revokedReason": None,
        "release": release,
        "intent": "deploy",
        "token": made["token"],
    }
    assert item["issuedAt"].startswith("2027-01-15T08:00:00.")


def test_pages_follow_each_other_newest_first_without_gap_or_repetition(bridge: FakeBridge) -> None:
    made = [register(bridge, "app:1", name=f"web-{number}")["id"] for number in range(7)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = bridge.call("GET", "identities", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))
        seen += [item["id"] for item in page.json()["items"]]
        cursor = page.json()["next"]
        # What is registered meanwhile is newer than the page, and moves none.
        register(bridge, "app:1", name=f"late-{len(seen)}")

    assert seen == made[::-1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"namespace": "shop"}, {"web"}),
        ({"name": "worker"}, {"worker"}),
        ({"kind": "Deployment"}, {"web", "worker"}),
        ({"kind": "Job"}, set()),
        ({"cluster": "prod"}, {"worker"}),
        ({"environment": "live"}, {"web"}),
        ({"digest": f"sha256:{'a' * 64}"}, {"web"}),
        ({"reference": "other:1"}, {"worker"}),
        ({"status": "revoked"}, {"worker"}),
        ({"status": "active", "kind": "Deployment"}, {"web"}),
    ],
)
def test_each_filter_keeps_what_is_equal(bridge: FakeBridge, query: dict[str, str], found: set[str]) -> None:
    bridge.resolver.images["app:1"] = resolved("a")
    register(bridge, "app:1", environment="live")
    worker = register(bridge, "other:1", name="worker", namespace="back", cluster="prod")
    bridge.call("POST", f"identities/{worker['id']}/revoke", json={"reason": "old"})

    items = bridge.call("GET", "identities", params=query).json()["items"]

    assert {item["workload"]["name"] for item in items} == found


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("namesapce=shop", "found the query parameter 'namesapce', which is unknown here"),
        ("limit=0", "limit: "),
        ("limit=501", "limit: "),
        ("limit=many", "limit: "),
        ("status=gone", "status: "),
        ("cursor=%21", "cursor: found text that no page of this list gave"),
        ("cursor=WyJhIiwiYiJd", "cursor: found text that no page of this list gave"),
        ("cursor=WzEsMTAwMDAwMDAwMDAwMDAwMDAwMDAwMDBd", "cursor: found text"),
        (f"cursor={'W1tb' * 100}", "cursor: found text"),
    ],
)
def test_a_query_that_cannot_be_is_named(bridge: FakeBridge, query: str, told: str) -> None:
    answer = bridge.call("GET", f"identities?{query}")

    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:portshift:problem:invalid-request"
    assert told in answer.json()["detail"]


def test_one_identity_by_prefix_with_an_etag(bridge: FakeBridge) -> None:
    id_ = register(bridge, "app:1")["id"]

    answer = bridge.call("GET", f"identities/{id_[:8]}")

    assert answer.json()["id"] == id_
    tag = answer.headers["etag"]
    unchanged = bridge.call("GET", f"identities/{id_}", headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    bridge.call("POST", f"identities/{id_}/revoke", json={"reason": "x"})
    assert bridge.call("GET", f"identities/{id_}", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("prefix", "status"), [("abc", 400), ("zzzzzzzz", 400), ("ABCDEF01", 400), ("00000000", 404)]
)
def test_a_prefix_that_names_none(bridge: FakeBridge, prefix: str, status: int) -> None:
    register(bridge, "app:1")

    assert bridge.call("GET", f"identities/{prefix}").status_code == status


def test_revoking_names_who_and_why_and_says_what_it_reaches(bridge: FakeBridge) -> None:
    id_ = register(bridge, "app:1")["id"]

    item = bridge.call("POST", f"identities/{id_}/revoke", json={"reason": " CVE-1 "}).json()

    assert (item["status"], item["revokedBy"], item["revokedReason"]) == ("revoked", "admin", "CVE-1")
    assert item["revokedAt"] is not None
    assert "no cluster does" in item["effect"]
    again = bridge.call("POST", f"identities/{id_}/revoke", json={"reason": "other"}).json()
    assert again["revokedReason"] == "CVE-1"
    refused = bridge.call("POST", "registrations", json=rendering("app:1"))
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:portshift:problem:identity-revoked")
    assert refused.json()["cure"].endswith(f"helm portshift identities restore {id_}")


def test_restoring_clears_the_revocation(bridge: FakeBridge) -> None:
    id_ = register(bridge, "app:1")["id"]
    bridge.call("POST", f"identities/{id_}/revoke", json={"reason": "x"})

    item = bridge.call("POST", f"identities/{id_}/restore").json()

    assert (item["status"], item["revokedAt"], item["revokedBy"]) == ("active", None, None)
    assert bridge.call("POST", "registrations", json=rendering("app:1")).status_code == 200


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": 3}, {"reasons": "x"}, []])
def test_revoking_needs_a_reason(bridge: FakeBridge, body: Any) -> None:
    id_ = register(bridge, "app:1")["id"]

    assert bridge.call("POST", f"identities/{id_}/revoke", json=body).status_code == 400
    assert bridge.call("GET", f"identities/{id_}").json()["status"] == "active"


def test_an_export_is_an_envelope_of_the_tokens_facts(bridge: FakeBridge) -> None:
    bridge.resolver.images["app:1"] = resolved("a")
    id_ = register(bridge, "app:1")["id"]

    envelope = bridge.call("GET", f"identities/{id_}/statement").json()

    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["subject"] == [{"name": "app:1", "digest": {"sha256": "a" * 64}}]
    assert statement["predicate"]["identity"] == id_
    assert [each["keyid"] for each in envelope["signatures"]] == [bridge.keys.signing_kid]


def test_a_revoked_identity_is_not_exported(bridge: FakeBridge) -> None:
    bridge.resolver.images["app:1"] = resolved("a")
    id_ = register(bridge, "app:1")["id"]
    bridge.call("POST", f"identities/{id_}/revoke", json={"reason": "x"})

    answer = bridge.call("GET", f"identities/{id_}/statement")

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:portshift:problem:not-verified")
