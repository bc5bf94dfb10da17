"""The events of a registry: the numbered steps of docs/how-to/webhooks.md, and what they cost."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest

from portshift_bridge.access import Role
from portshift_bridge.api import events as api
from tests.conftest import REPOSITORY
from tests.fakes.bridge_services import FakeBridge

SECRET = "f00d" * 16
PUSHED = {
    "domain": "docker",
    "event_type": "pushed",
    "data": {"repo_key": "docker-local", "image_name": "app", "tag": "1"},
}


@pytest.fixture
def registry(bridge: FakeBridge) -> FakeBridge:
    """A bridge with a registry whose webhook has a secret; nothing is asked of it."""
    body = {"name": "acme", "url": "https://acme.example/artifactory"}
    assert bridge.call("POST", "registries", json=body).status_code == 201
    bridge.services.watcher.know_webhook("acme", made_at=1, secret=SECRET)
    return bridge


def send(
    bridge: FakeBridge, body: Any = PUSHED, *, name: str = "acme", auth: str | None = SECRET, **headers: str
) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {**headers, **({} if auth is None else {"X-JFrog-Event-Auth": auth})}
    return bridge.call("POST", f"registries/{name}/events", role=None, content=content, headers=given)


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def counted(bridge: FakeBridge) -> dict[str, float]:
    text = bridge.services.metrics.exposition().decode()
    found = re.findall(r'^portshift_registry_events_total\{outcome="(\w+)"\} ([\d.]+)$', text, re.MULTILINE)
    return {outcome: float(count) for outcome, count in found}


def test_step_1_the_body_is_bounded(registry: FakeBridge) -> None:
    whole = json.dumps(PUSHED).encode()

    assert send(registry, whole.ljust(api.MAX_EVENT)).status_code == 202
    refused = send(registry, whole.ljust(api.MAX_EVENT + 1))

    assert (refused.status_code, refused.json()["type"]) == (413, "urn:portshift:problem:too-large")


@pytest.mark.parametrize("form", ["plain", "signed", "prefixed"])
def test_step_2_the_secret_or_a_signature_authenticates(registry: FakeBridge, form: str) -> None:
    body = json.dumps(PUSHED).encode()
    auth = {"plain": SECRET, "signed": signature(body), "prefixed": f"sha256={signature(body)}"}[form]

    assert send(registry, body, auth=auth).status_code == 202


@pytest.mark.parametrize("auth", [None, "", "wrong", signature(b"other"), SECRET.upper()])
def test_step_2_a_wrong_secret_and_an_unknown_registry_are_the_same(
    registry: FakeBridge, auth: str | None
) -> None:
    wrong, unknown = send(registry, auth=auth), send(registry, auth=auth, name="elsewhere")

    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.content == unknown.content
    assert dict(wrong.headers) == dict(unknown.headers)


def test_step_2_comes_before_the_body_is_looked_at(registry: FakeBridge) -> None:
    assert send(registry, b"garbage", auth="wrong").status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 50_000])
def test_step_3_what_is_no_object_is_refused(registry: FakeBridge, body: bytes) -> None:
    answer = send(registry, body)

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:portshift:problem:invalid-request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"domain": "build", "event_type": "uploaded", "data": {}},
        {"domain": "docker", "event_type": "invented", "data": PUSHED["data"]},
        {
            "domain": "artifact_property",
            "event_type": "added",
            "data": {"repo_key": "r", "path": "app/1/manifest.json", "property_key": "portshift.inUse"},
        },
    ],
    ids=["empty", "domain", "type", "own property"],
)
def test_step_4_what_names_no_place_is_taken_and_causes_nothing(
    registry: FakeBridge, body: dict[str, Any]
) -> None:
    assert send(registry, body).status_code == 202
    assert counted(registry) == {"ignored": 1.0}


def test_step_5_what_cannot_be_noted_is_left_to_the_poller_and_counted(registry: FakeBridge) -> None:
    """Nobody watches here, as when too many places wait."""
    answer = send(registry)

    assert (answer.status_code, answer.content) == (202, b"")
    assert counted(registry) == {"dropped": 1.0}


def test_refused_events_are_counted(registry: FakeBridge) -> None:
    for _ in range(3):
        send(registry, auth="wrong")

    assert counted(registry) == {"refused": 3.0}


def test_the_steps_are_those_of_the_page() -> None:
    page = (REPOSITORY / "docs" / "how-to" / "webhooks.md").read_text()
    described = re.findall(r"^ *(\d)\. (.*)$", str(api.receive_event.__doc__), re.MULTILINE)
    tested = set(re.findall(r"def test_step_(\d)_", Path(__file__).read_text()))

    assert [number for number, _ in described] == ["1", "2", "3", "4", "5"]
    assert tested == {number for number, _ in described}
    for number, text in described:
        assert f"{number}. **" in page, text


def test_how_far_a_registry_was_read_is_shown_to_readers(registry: FakeBridge) -> None:
    progress = registry.services.progress
    progress.lease("acme", holder="a", seconds=60)
    progress.polled("acme", holder="a", modified_until=1_000_000_000_000_000)
    progress.failed("acme", holder="a", problem="it does not answer")
    made_in = {"registry_url": "https://acme.example/artifactory", "actor": "test"}
    progress.webhook_created("acme", url="https://bridge.example/x", **made_in)

    shown = registry.call("GET", "registries/acme/watch", role=Role.VIEWER).json()

    assert shown["readUntil"] == "2001-09-09T01:46:40.000000Z"
    assert shown["problem"] == "it does not answer"
    assert shown["webhook"]["keys"] == [
        "portshift-issuer1-acme-docker",
        "portshift-issuer1-acme-artifact_property",
    ]
    assert registry.call("GET", "registries/none/watch").status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"adminToken": ""}, {"adminToken": 1}, {"adminToken": "t"}, {"adminToken": "t", "url": "ftp://x"}],
    ids=["none", "empty", "number", "nowhere", "no address"],
)
def test_a_webhook_needs_a_token_and_an_address(registry: FakeBridge, body: dict[str, Any]) -> None:
    assert registry.call("PUT", "registries/acme/webhook", json=body).status_code == 400
    assert registry.services.progress.get("acme").webhook_url is None


def test_removing_a_registry_ends_its_webhook(registry: FakeBridge) -> None:
    registry.call("DELETE", "registries/acme?force=true")
    registry.services.watcher.refresh()

    assert send(registry).status_code == 401
