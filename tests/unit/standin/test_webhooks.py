"""Webhooks: subscriptions, which events they get, and how they are delivered (facts §2, §8.7)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.standin import OLD, Standin
from tests.unit.standin.client import Client

API = "/event/api/v1/subscriptions"
MANIFEST = "team/app/1.0/manifest.json"
DOCKER = ("pushed", "deleted", "promoted")


class Target:
    """Takes webhooks in place of the network; answers with the next of ``answers``, then with 200."""

    def __init__(self) -> None:
        self.answers: list[int | OSError] = []
        self.bodies: list[bytes] = []
        self.headers: list[Mapping[str, str]] = []

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.bodies.append(body)
        self.headers.append(headers)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, OSError):
            raise answer
        return answer


@pytest.fixture
def target() -> Target:
    return Target()


@pytest.fixture
def standin(target: Target) -> Iterator[Standin]:
    server = Standin(post=target)
    server.switches.webhook_retry_pause = 0.0
    server.add_repository("docker-local")
    server.add_repository("docker-prod")
    server.add_repository("hub", "remote", remote_url="https://hub.example.com", library=True)
    server.add_user("reader", "reads")
    yield server
    server.sender.close()


def subscription(
    *kinds: str, domain: str = "docker", criteria: Mapping[str, object] | None = None, **handler: object
) -> dict[str, Any]:
    return {
        "key": "portshift",
        "enabled": True,
        "event_filter": {
            "domain": domain,
            "event_types": list(kinds),
            "criteria": {"anyLocal": True, "anyRemote": True} if criteria is None else criteria,
        },
        "handlers": [{"handler_type": "webhook", "url": "https://bridge.example.com/events", **handler}],
    }


def subscribe(client: Client, document: Mapping[str, object]) -> None:
    assert client("POST", API, json=document).status_code == 201


def events(standin: Standin) -> list[dict[str, Any]]:
    return [json.loads(delivery.body) for delivery in standin.wait_for_deliveries()]


def test_a_subscription_is_made_read_replaced_and_deleted(client: Client) -> None:
    document = subscription(*DOCKER, secret="s")

    subscribe(client, document)
    assert client("POST", API, json=document).status_code == 409
    assert client("GET", f"{API}/portshift").json()["handlers"] == document["handlers"]
    replaced = client("PUT", f"{API}/portshift", json={**document, "enabled": False})
    assert (replaced.status_code, replaced.json()["enabled"]) == (200, False)
    assert client("PUT", f"{API}/portshift", json={**document, "key": "other"}).status_code == 400
    assert [one["key"] for one in client("GET", API).json()] == ["portshift"]
    assert client("DELETE", f"{API}/portshift").status_code == 204
    assert [client(method, f"{API}/portshift").status_code for method in ("GET", "DELETE")] == [404, 404]


def test_secrets_may_be_masked(client: Client, standin: Standin) -> None:
    standin.switches.webhook_secrets_shown = False
    subscribe(client, subscription(*DOCKER, secret="s"))

    assert client("GET", f"{API}/portshift").json()["handlers"][0]["secret"] == "***"


def test_only_administrators_subscribe_and_not_before_7_6(client: Client, standin: Standin) -> None:
    assert client("GET", API, auth=None).status_code == 401
    assert client("GET", API, auth=("reader", "reads")).status_code == 403
    assert client("PATCH", API).status_code == 405
    standin.switches.version = OLD
    assert client("GET", API).status_code == 404


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/e", "http://127.0.0.1:8480/e", "https://localhost/e", "http://[fd00::1]/e"]
)
def test_a_target_in_a_private_network_is_refused(client: Client, standin: Standin, url: str) -> None:
    answer = client("POST", API, json=subscription(*DOCKER, url=url))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == "Validation Error - unable to validate subscription"
    standin.switches.webhook_strict_urls = False
    assert client("POST", API, json=subscription(*DOCKER, url=url)).status_code == 201


def test_targets_are_not_looked_at_before_7_11(client: Client, standin: Standin) -> None:
    standin.switches.version = "7.10.2"

    assert client("POST", API, json=subscription(*DOCKER, url="http://10.0.0.1/e")).status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "a"},
        {"event_filter": {"domain": "none", "event_types": ["pushed"]}},
        {"event_filter": {"domain": "docker", "event_types": ["added"]}},
        {"event_filter": {"domain": "docker", "event_types": ["pushed"], "criteria": []}},
        {"event_filter": {"domain": "docker", "event_types": ["pushed"], "criteria": {"repoKeys": "a"}}},
        {"event_filter": {"domain": [], "event_types": ["pushed"]}},
        {"handlers": []},
        {"handlers": [{"handler_type": "custom"}]},
        {"handlers": [{"handler_type": "webhook", "url": "ftp://example.com"}]},
        {"handlers": [{"handler_type": "webhook", "url": "http://[x"}]},
    ],
)
def test_what_is_no_subscription_is_refused(client: Client, changes: dict[str, object]) -> None:
    assert client("POST", API, json={**subscription(*DOCKER), **changes}).status_code == 400


def test_a_pushed_tag_is_told_with_its_platforms(client: Client, standin: Standin) -> None:
    subscribe(client, subscription(*DOCKER))
    image = standin.push_image("docker-local", "team/app", "1.0", platforms=("linux/amd64", "linux/arm64"))

    [event] = events(standin)

    assert (event["domain"], event["event_type"], event["subscription_key"]) == (
        "docker",
        "pushed",
        "portshift",
    )
    assert (event["source"], event["jpd_origin"]) == ("jfrog/admin", "http://standin.test")
    assert event["data"] == {
        "repo_key": "docker-local",
        "event_type": "pushed",
        "path": "team/app/1.0/list.manifest.json",
        "name": "list.manifest.json",
        "sha256": image.digest.removeprefix("sha256:"),
        "size": len(image.top.content),
        "image_name": "team/app",
        "tag": "1.0",
        "platforms": [{"architecture": "amd64", "os": "linux"}, {"architecture": "arm64", "os": "linux"}],
    }


def test_a_single_images_platform_is_that_of_its_configuration(client: Client, standin: Standin) -> None:
    subscribe(client, subscription("pushed"))
    standin.push_image("docker-local", "team/app", "1.0", platforms=("linux/s390x",))

    assert events(standin)[0]["data"]["platforms"] == [{"architecture": "s390x", "os": "linux"}]


def test_a_remotes_cache_tells_its_first_pull(client: Client, standin: Standin) -> None:
    subscribe(client, subscription("pushed", criteria={"repoKeys": ["hub"]}))
    standin.push_image("hub", "web", "2")
    for _ in range(2):
        assert client("GET", "api/docker/hub/v2/web/manifests/2").status_code == 200

    [event] = events(standin)
    assert (event["data"]["repo_key"], event["data"]["image_name"]) == ("hub-cache", "library/web")


def test_deleted_and_promoted_tags_are_told(client: Client, standin: Standin) -> None:
    standin.push_image("docker-local", "team/app", "1.0")
    standin.push_image("docker-local", "team/app", "1.1")
    subscribe(client, subscription(*DOCKER))
    body = {"targetRepo": "docker-prod", "dockerRepository": "team/app", "tag": "1.0", "copy": True}

    client("POST", "api/docker/docker-local/v2/promote", json=body)
    client("DELETE", "api/docker/docker-local/v2/team/app/manifests/1.1")
    client("DELETE", "docker-prod/team")

    told = [(one["event_type"], one["data"]["repo_key"], one["data"]["tag"]) for one in events(standin)]
    assert told == [
        ("promoted", "docker-prod", "1.0"),
        ("deleted", "docker-local", "1.1"),
        ("deleted", "docker-prod", "1.0"),
    ]


@pytest.mark.parametrize(("fires", "kinds"), [(False, []), (True, ["pushed", "deleted"])])
def test_a_move_may_be_told_as_push_and_deletion(
    client: Client, standin: Standin, fires: bool, kinds: list[str]
) -> None:
    standin.switches.relocation_fires = fires
    standin.push_image("docker-local", "team/app", "1.0")
    subscribe(client, subscription(*DOCKER))

    client("POST", "api/move/docker-local/team?to=/docker-prod/team")

    assert [one["event_type"] for one in events(standin)] == kinds


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ({"anyLocal": True}, True),
        ({"anyRemote": True}, False),
        ({"repoKeys": ["docker-local"]}, True),
        ({"repoKeys": ["docker-prod"]}, False),
        ({"anyLocal": True, "includePatterns": ["team/**"]}, True),
        ({"anyLocal": True, "includePatterns": ["other/**"]}, False),
        ({"anyLocal": True, "excludePatterns": ["team/**"]}, False),
        ({}, False),
    ],
)
def test_criteria_say_which_repositories_and_paths(
    client: Client, standin: Standin, criteria: dict[str, object], told: bool
) -> None:
    subscribe(client, subscription("pushed", criteria=criteria))
    standin.push_image("docker-local", "team/app", "1.0")

    assert bool(events(standin)) == told


def test_every_way_to_write_a_property_tells_of_it(client: Client, standin: Standin) -> None:
    standin.push_image("docker-local", "team/app", "1.0")
    standin.switches.patch_fires_for_all = False
    subscribe(client, subscription("added", "deleted", domain="artifact_property"))
    item = f"docker-local/{MANIFEST}"

    client("PUT", f"api/storage/{item}?properties=a=1,2&recursive=0")
    client("PATCH", f"api/metadata/{item}?recursiveProperties=0", json={"props": {"b": "3", "a": None}})
    client("DELETE", f"api/storage/{item}?properties=b,none&recursive=0")

    told = [
        (one["event_type"], one["data"]["property_key"], one["data"]["property_values"])
        for one in events(standin)
    ]
    assert told == [
        ("added", "a", ["1", "2"]),
        ("deleted", "a", ["1", "2"]),
        ("added", "b", ["3"]),
        ("deleted", "b", ["3"]),
    ]


def test_patch_may_tell_of_properties_that_it_did_not_touch(client: Client, standin: Standin) -> None:
    standin.push_image("docker-local", "team/app", "1.0")
    subscribe(client, subscription("added", "deleted", domain="artifact_property"))

    client("PATCH", f"api/metadata/docker-local/{MANIFEST}?recursiveProperties=0", json={"props": {"b": "3"}})

    told = {(one["event_type"], one["data"]["property_key"]) for one in events(standin)}
    assert {("deleted", "sha256"), ("added", "sha256"), ("added", "b")} <= told


@pytest.mark.parametrize("prefix", ["", "sha256="])
def test_a_secret_is_sent_plainly_or_signs_the_body(
    client: Client, standin: Standin, target: Target, prefix: str
) -> None:
    standin.switches.webhook_signature_prefix = prefix
    header = {"name": "X-Team", "value": "shop"}
    subscribe(client, subscription("pushed", secret="s3", custom_http_headers=[header]))
    standin.push_image("docker-local", "a", "1")
    standin.wait_for_deliveries()
    signed = subscription("pushed", secret="s3", use_secret_for_signing=True)
    client("PUT", f"{API}/portshift", json=signed)
    standin.push_image("docker-local", "b", "1")
    standin.wait_for_deliveries()

    signature = hmac.new(b"s3", target.bodies[1], hashlib.sha256).hexdigest()
    assert [headers["X-JFrog-Event-Auth"] for headers in target.headers] == ["s3", f"{prefix}{signature}"]
    assert target.headers[0]["X-Team"] == "shop"


def test_a_failed_delivery_is_tried_again_and_then_given_up(
    client: Client, standin: Standin, target: Target
) -> None:
    target.answers = [500, OSError("refused"), 204, 500, 500, 500]
    subscribe(client, subscription("pushed"))
    standin.push_image("docker-local", "a", "1")
    standin.push_image("docker-local", "b", "1")

    done = standin.wait_for_deliveries()

    assert [(delivery.status, delivery.attempts) for delivery in done] == [(204, 3), (500, 3)]


def test_deliveries_can_be_lost(client: Client, standin: Standin, target: Target) -> None:
    subscribe(client, subscription("pushed"))
    standin.switches.deliver_webhooks = False
    standin.push_image("docker-local", "a", "1")

    assert standin.wait_for_deliveries() == []
    assert target.bodies == []


def test_a_disabled_subscription_gets_nothing(client: Client, standin: Standin) -> None:
    subscribe(client, {**subscription("pushed"), "enabled": False})
    standin.push_image("docker-local", "a", "1")

    assert standin.wait_for_deliveries() == []


def test_a_subscription_is_tried_out_with_a_sample(client: Client, standin: Standin) -> None:
    answer = client("POST", f"{API}/test", json=subscription("pushed", secret="s"))

    assert answer.json() == {"result": "success", "message": "Test is successful"}
    assert [one["event_type"] for one in events(standin)] == ["pushed"]
    assert client("GET", API).json() == []
