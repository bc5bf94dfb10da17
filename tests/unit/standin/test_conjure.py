"""Images made up as they are asked for."""

from __future__ import annotations

import json

import pytest

from tests.standin import Standin
from tests.standin.conjure import conjured
from tests.unit.standin.client import Client


@pytest.fixture
def standin() -> Standin:
    server = Standin(conjure=True)
    server.add_repository("hub", "remote", remote_url="https://hub.example.com", library=True)
    server.add_repository("docker-local")
    server.add_repository("docker", "virtual", members=["docker-local", "hub"])
    return server


def head(client: Client, key: str, place: str) -> str | None:
    answer = client("HEAD", f"api/docker/{key}/v2/{place}")
    digest: str | None = answer.headers.get("Docker-Content-Digest")
    return digest


def test_the_same_reference_gives_the_same_digest_everywhere(client: Client) -> None:
    other = Standin(conjure=True)
    other.add_repository("docker-local")

    digests = {
        head(client, "hub", "team/app/manifests/1.0"),
        head(client, "docker", "team/app/manifests/1.0"),
        head(Client(other), "docker-local", "team/app/manifests/1.0"),
    }

    assert digests == {conjured("team/app", "1.0").digest}
    assert head(client, "hub", "team/app/manifests/1.1") not in digests


def test_some_have_several_platforms_whose_children_are_there(client: Client) -> None:
    tag = next(str(n) for n in range(50) if conjured("app", str(n)).children)

    index = client("GET", f"api/docker/hub/v2/app/manifests/{tag}").json()

    for entry in index["manifests"]:
        child = client("GET", f"api/docker/hub/v2/app/manifests/{entry['digest']}")
        assert child.headers["Docker-Content-Digest"] == entry["digest"]


def test_a_query_finds_what_was_never_asked_for(client: Client, standin: Standin) -> None:
    tag = next(str(n) for n in range(50) if not conjured("team/app", str(n)).children)
    digest = "sha256:" + "ab" * 32

    by_folder = client.rows(f'items.find({{"repo":"docker","path":"team/app/{tag}","name":"manifest.json"}})')
    by_digest = client.rows(
        'items.find({"$or":[{"repo":"hub"},{"repo":"hub-cache"}],'
        f'"path":{{"$match":"other/app/*"}},"@docker.manifest.digest":"{digest}"}})'
    )

    assert [row["repo"] for row in by_folder] == ["docker-local"]
    assert [row["repo"] for row in by_digest] == ["hub-cache"]


def test_storage_has_a_manifest_that_was_never_asked_for(client: Client) -> None:
    answers = [
        client("GET", f"api/storage/docker-local/app/1/{name}").status_code
        for name in ("manifest.json", "list.manifest.json")
    ]

    assert sorted(answers) == [200, 404]


def test_an_image_by_digest_is_recorded_under_that_digest(client: Client, standin: Standin) -> None:
    digest = "sha256:" + "cd" * 32

    assert head(client, "hub", f"app/manifests/{digest}") == digest
    assert (
        client("GET", f"api/docker/hub/v2/app/manifests/{digest}").headers["Docker-Content-Digest"] == digest
    )


def test_some_come_from_a_build(client: Client, standin: Standin) -> None:
    for tag in range(8):
        head(client, "hub", f"team/app/manifests/{tag}")

    [name] = {name for name, _ in standin.store.builds}
    _, number = next(iter(standin.store.builds))
    info = client("GET", f"api/build/{name}/{number}").json()["buildInfo"]
    assert info["vcs"][0]["url"] == "https://git.example.com/team/app.git"
    assert 0 < len(standin.store.builds) < 8
    assert json.dumps(info)


def test_nothing_is_conjured_for_who_did_not_log_in(client: Client, standin: Standin) -> None:
    client("HEAD", "api/docker/hub/v2/app/manifests/1", auth=None)
    client("GET", "api/storage/docker-local/app/1/manifest.json", auth=None)

    assert list(standin.store.trees["docker-local"]) == [""]
    assert list(standin.store.trees["hub-cache"]) == [""]
