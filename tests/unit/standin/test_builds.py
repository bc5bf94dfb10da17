"""Build-info: published, read by who may, and promoted (facts §1, §2)."""

from __future__ import annotations

import json

import pytest

from tests.standin import Permission, Standin
from tests.unit.standin.client import Client


@pytest.fixture(autouse=True)
def image(standin: Standin) -> None:
    standin.push_image("docker-local", "team/app", "1.0")


def test_build_info_is_put_and_read(client: Client, standin: Standin) -> None:
    item = standin.item("docker-local", "team/app/1.0/manifest.json")
    artifact = {"name": "manifest.json", "sha1": item.sha1}
    document = {
        "name": "app",
        "number": "7",
        "started": "2026-01-02T03:04:05.678+0000",
        "modules": [{"id": "app:1.0", "artifacts": [artifact]}],
    }

    assert client("PUT", "api/build", json=document).status_code == 204
    assert client("GET", "api/build/app/7").json()["buildInfo"] == document
    assert client("GET", "api/build/app").json()["buildsNumbers"] == [
        {"uri": "/7", "started": "2026-01-02T03:04:05.678+0000"}
    ]
    assert client("GET", "api/build/app/8").status_code == 404
    assert client("PUT", "api/build", json={"name": "app"}).status_code == 400
    [row] = client.rows('items.find({"artifact.module.build.name":"app"}).include("repo","path","name")')
    assert row["path"] == "team/app/1.0"


def test_publishing_a_build_marks_manifests_and_layers(standin: Standin) -> None:
    document = standin.publish_build("app", "7", [("docker", "team/app", "1.0")], started=1.5)

    for item in standin.item("docker-local", "team/app/1.0").children.values():
        assert item.properties["build.name"] == ["app"]
        assert item.properties["build.timestamp"] == ["1500"]
    assert json.loads(json.dumps(document))["started"] == "1970-01-01T00:00:01.500+0000"


def test_a_name_with_a_slash_is_one_part_of_the_path(client: Client, standin: Standin) -> None:
    standin.publish_build("team/app", "7#1")

    assert client("GET", "api/build/team%2Fapp/7%231").json()["buildInfo"]["name"] == "team/app"
    assert client("GET", "api/build/team%2Fapp").json()["buildsNumbers"][0]["uri"] == "/7%231"


def test_builds_are_seen_by_who_may_read_them(client: Client, standin: Standin) -> None:
    standin.publish_build("app", "7")
    standin.publish_build("secret", "1")
    allowed = Permission.of("read", repo="artifactory-build-info", path="app/**")
    standin.add_user("auditor", "a", permissions=[allowed])

    def status(path: str, name: str) -> int:
        return client("GET", f"api/build{path}", auth=(name, name[0])).status_code

    assert [status(path, "auditor") for path in ("", "/app/7", "/app", "/secret", "/secret/1")] == [
        200,
        200,
        200,
        404,
        404,
    ]
    standin.add_user("guest", "g")
    assert status("/app/7", "guest") == 404
    refused = client(
        "PUT", "api/build", auth=("guest", "g"), json={"name": "a", "number": "1", "started": "x"}
    )
    assert refused.status_code == 403
    standin.switches.build_permissions = False
    assert status("/app/7", "guest") == 200


def test_a_promotion_is_a_status_of_the_build(client: Client, standin: Standin) -> None:
    standin.publish_build("app", "7", [("docker-local", "team/app", "1.0")])
    standin.promote_build("app", "7", "Staged", repository="docker-stage")

    client("POST", "api/build/promote/app/7", json={"status": "Ignored", "dryRun": True})
    client("POST", "api/build/promote/app/7", json={"status": "Released", "comment": "fine"})

    statuses = client("GET", "api/build/app/7").json()["buildInfo"]["statuses"]
    assert [(one["status"], one["repository"], one["comment"]) for one in statuses] == [
        ("Staged", "docker-stage", ""),
        ("Released", "", "fine"),
    ]
    assert client("POST", "api/build/promote/app/8", json={}).status_code == 404
    assert client("POST", "api/build/promote/app/7", content="[1]").status_code == 400
    assert (
        len(client.rows('items.find({"artifact.module.build.name":"app"}).include("repo","path","name")'))
        == 3
    )
