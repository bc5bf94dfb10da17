"""The Docker API: challenge, token, manifests by tag and digest, layout, remotes (facts §1, §2, §8.6)."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.standin import Permission, Standin, build_image
from tests.standin.images import DOCKER_LIST, OCI_INDEX, OCI_MANIFEST
from tests.unit.standin.client import Client

API = "api/docker/docker-local/v2"
BOTH = ("linux/amd64", "linux/arm64")


def test_a_request_without_credentials_is_sent_to_the_token_endpoint(client: Client) -> None:
    answer = client("GET", f"{API}/team/app/manifests/1.0", auth=None)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="http://standin.test/artifactory/api/docker/docker-local/v2/token",'
        'service="standin.test",scope="repository:team/app:pull"'
    )
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert answer.json() == {
        "errors": [{"code": "UNAUTHORIZED", "message": "authentication required", "detail": None}]
    }


def test_the_challenge_of_a_head_names_no_scope(client: Client) -> None:
    challenge = client("HEAD", f"{API}/team/app/manifests/1.0", auth=None).headers["WWW-Authenticate"]

    assert challenge.startswith("Bearer realm=")
    assert "scope" not in challenge


def test_a_token_is_given_for_basic_credentials_by_get_only(client: Client, standin: Standin) -> None:
    standin.push_image("docker-local", "team/app", "1.0")
    assert client("POST", f"{API}/token").status_code == 405
    assert client("GET", f"{API}/token", auth=("admin", "wrong")).status_code == 401

    token = client("GET", f"{API}/token?service=standin.test&scope=repository:team/app:pull").json()["token"]

    bearer = {"Authorization": f"Bearer {token}"}
    assert client("HEAD", f"{API}/team/app/manifests/1.0", auth=None, headers=bearer).status_code == 200


def test_a_token_that_is_not_known_is_challenged_again(client: Client) -> None:
    answer = client("GET", f"{API}/a/manifests/1", auth=None, headers={"Authorization": "Bearer old"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=")


@pytest.mark.parametrize(
    ("host", "path", "registry"),
    [
        ("standin.test", "/artifactory/api/docker/docker-local/v2/team/app", "docker-local"),
        ("standin.test", "/v2/docker-local/team/app", "docker-local"),
        ("docker-local.standin.test", "/v2/team/app", "docker-local"),
        ("standin.test", "/v2/docker/team/app", "docker"),
    ],
)
def test_every_way_to_write_a_reference_finds_the_manifest(
    client: Client, standin: Standin, host: str, path: str, registry: str
) -> None:
    image = standin.push_image("docker-local", "team/app", "1.0", platforms=BOTH)

    for reference in ("1.0", image.digest):
        answer = client("GET", f"{path}/manifests/{reference}", host=host)
        assert answer.content == image.top.content
        assert answer.headers["Docker-Content-Digest"] == image.digest
        assert answer.headers["X-Artifactory-Docker-Registry"] == registry
        assert answer.headers["Content-Type"] == OCI_INDEX


def test_an_index_and_its_children_have_folders_of_their_own(standin: Standin) -> None:
    image = standin.push_image("docker-local", "team/app", "1.0", platforms=BOTH, docker=True)

    assert image.top.media_type == DOCKER_LIST
    assert standin.item("docker-local", "team/app/1.0/list.manifest.json").properties == {
        "docker.manifest": ["1.0"],
        "docker.manifest.digest": [image.digest],
        "docker.manifest.type": [DOCKER_LIST],
        "docker.repoName": ["team/app"],
        "sha256": [image.digest.removeprefix("sha256:")],
    }
    for child in image.children:
        folder = standin.item("docker-local", f"team/app/{child.digest}")
        layers = {f"sha256__{hashlib.sha256(blob).hexdigest()}" for blob in child.blobs}
        assert set(folder.children) == {"manifest.json", *layers}


def test_an_attestation_is_a_child_of_its_own(standin: Standin) -> None:
    image = standin.push_image("docker-local", "app", "1", attestations=True)

    entries = json.loads(image.top.content)["manifests"]
    assert [entry.get("annotations", {}).get("vnd.docker.reference.type") for entry in entries] == [
        None,
        "attestation-manifest",
    ]
    assert entries[1]["annotations"]["vnd.docker.reference.digest"] == entries[0]["digest"]


@pytest.mark.parametrize(("accept", "status"), [(OCI_MANIFEST, 404), (f"{OCI_MANIFEST}, {OCI_INDEX}", 200)])
def test_a_type_that_is_not_accepted_is_not_found(
    client: Client, standin: Standin, accept: str, status: int
) -> None:
    standin.push_image("docker-local", "app", "1", platforms=BOTH)

    assert client("GET", f"{API}/app/manifests/1", headers={"Accept": accept}).status_code == status


def test_only_a_get_is_a_download(client: Client, standin: Standin) -> None:
    standin.push_image("docker-local", "app", "1", platforms=BOTH)
    place = "app/1/list.manifest.json"

    client("HEAD", f"{API}/app/manifests/1")
    client.aql('items.find({"repo":"docker-local"})')
    client("GET", f"docker-local/{place}?skipUpdateStats=true")
    assert standin.total_downloads == 0

    client("GET", f"{API}/app/manifests/1")
    client("GET", f"docker-local/{place}")
    assert standin.downloads("docker-local", place) == standin.total_downloads == 2


def test_a_remote_passes_on_and_stores_in_its_cache_below_library(client: Client, standin: Standin) -> None:
    image = standin.push_image("hub", "web", "2", platforms=BOTH)
    child = image.children[0]
    cache = standin.store.trees["hub-cache"]
    assert list(cache) == [""]

    assert (
        client("HEAD", "api/docker/docker/v2/web/manifests/2").headers["Docker-Content-Digest"]
        == image.digest
    )
    client("GET", f"api/docker/hub/v2/web/manifests/{child.digest}")

    assert "library/web/2/list.manifest.json" in cache
    assert f"library/web/{child.digest.replace(':', '__')}/manifest.json" in cache


def test_a_head_may_leave_the_cache_alone(client: Client, standin: Standin) -> None:
    standin.switches.remote_head_caches = False
    standin.push_image("hub", "web", "2")

    assert client("HEAD", "api/docker/hub/v2/web/manifests/2").status_code == 200
    assert list(standin.store.trees["hub-cache"]) == [""]


@pytest.mark.parametrize(("switch", "status"), [(401, 401), (403, 403), (404, 404)])
def test_a_manifest_that_may_not_be_read(client: Client, standin: Standin, switch: int, status: int) -> None:
    standin.push_image("docker-local", "secret/app", "1")
    standin.switches.docker_unreadable = switch  # type: ignore[assignment]

    answer = client("HEAD", f"{API}/secret/app/manifests/1", auth=("reader", "reads"))

    assert answer.status_code == status


def test_xray_blocks_an_image(client: Client, standin: Standin) -> None:
    standin.push_image("docker-local", "team/app", "1")
    standin.push_image("docker-local", "team/app", "2")
    standin.block("docker-local", "team/app", "1")

    assert client("HEAD", "api/docker/docker/v2/team/app/manifests/1").status_code == 403
    assert client("HEAD", "api/docker/docker/v2/team/app/manifests/2").status_code == 200


def test_a_manifest_without_its_properties_cannot_be_pulled(client: Client, standin: Standin) -> None:
    standin.push_image("docker-local", "app", "1")

    client("DELETE", "api/metadata/docker-local/app/1/manifest.json")

    assert client("GET", f"{API}/app/manifests/1").status_code == 404


def test_catalog_and_tags_leave_out_children_and_what_may_not_be_read(
    client: Client, standin: Standin
) -> None:
    standin.push_image("docker-local", "team/app", "1", platforms=BOTH)
    standin.push_image("docker-local", "team/app", "2")
    standin.push_image("docker-local", "secret/app", "1")

    assert client("GET", f"{API}/_catalog").json() == {"repositories": ["secret/app", "team/app"]}
    assert client("GET", f"{API}/_catalog", auth=("reader", "reads")).json() == {"repositories": ["team/app"]}
    assert client("GET", f"{API}/team/app/tags/list").json() == {"name": "team/app", "tags": ["1", "2"]}
    assert client("GET", f"{API}/team/app/tags/list?n=1&last=1").json()["tags"] == ["2"]
    standin.switches.tag_paging = False
    assert client("GET", f"{API}/team/app/tags/list?n=1&last=1").json()["tags"] == ["1", "2"]


def test_a_manifest_needs_its_blobs_and_children(client: Client) -> None:
    image = build_image("app", platforms=BOTH)

    for manifest in (image.children[0], image.top):
        answer = client(
            "PUT",
            f"{API}/app/manifests/1",
            content=manifest.content,
            headers={"Content-Type": manifest.media_type},
        )
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "BLOB_UNKNOWN")


@pytest.mark.parametrize("chunks", [1, 3])
def test_a_blob_is_uploaded_whole_or_in_parts_and_mounted(client: Client, chunks: int) -> None:
    content = b"abcdef"
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if chunks == 1:
        assert client("POST", f"{API}/app/blobs/uploads/?digest={digest}", content=content).status_code == 201
    else:
        place = client("POST", f"{API}/app/blobs/uploads/").headers["Location"]
        assert client("PATCH", place, content=content[:2]).headers["Range"] == "0-1"
        assert client("PATCH", place, content=content[2:4]).headers["Range"] == "0-3"
        assert client("PUT", f"{place}?digest={digest}", content=content[4:]).status_code == 201

    mounted = client("POST", f"{API}/other/blobs/uploads/?mount={digest}&from=app")
    assert mounted.status_code == 201
    assert client("POST", f"{API}/app/blobs/uploads/?digest={digest}", content=b"x").status_code == 400


def test_moving_a_tag_needs_the_delete_permission(client: Client, standin: Standin) -> None:
    standin.push_image("docker-local", "app", "1")
    moved = build_image("app", content="moved")
    for blob in moved.top.blobs:
        standin.store.contents.add(blob)
    standin.add_user("pusher", "p", permissions=[Permission.of("read", "deploy")])
    standin.add_user("mover", "m", permissions=[Permission.of("read", "deploy", "delete")])

    def push(user: tuple[str, str]) -> int:
        kind = {"Content-Type": moved.top.media_type}
        path = f"{API}/app/manifests/1"
        return client("PUT", path, auth=user, content=moved.top.content, headers=kind).status_code

    assert push(("pusher", "p")) == 403
    assert push(("mover", "m")) == 201


@pytest.mark.parametrize("survive", [True, False])
def test_whether_properties_survive_a_push_is_a_switch(
    client: Client, standin: Standin, survive: bool
) -> None:
    image = standin.push_image("docker-local", "app", "1")
    standin.set_properties("docker-local", "app/1/manifest.json", {"qa": "passed"})
    standin.switches.properties_survive_repush = survive

    kind = {"Content-Type": image.top.media_type}
    client("PUT", f"{API}/app/manifests/1", content=image.top.content, headers=kind)

    assert ("qa" in standin.item("docker-local", "app/1/manifest.json").properties) is survive


def test_a_push_to_a_virtual_goes_to_its_default_deployment_repository(
    client: Client, standin: Standin
) -> None:
    assert client("POST", "api/docker/docker/v2/app/blobs/uploads/").status_code == 202
    standin.add_repository("closed", "virtual", members=["docker-local"])
    assert client("POST", "api/docker/closed/v2/app/blobs/uploads/").status_code == 403


def test_delete_removes_the_tag(client: Client, standin: Standin) -> None:
    standin.push_image("docker-local", "app", "1")

    assert client("DELETE", f"{API}/app/manifests/1").status_code == 202
    assert client("HEAD", f"{API}/app/manifests/1").status_code == 404


def test_promotion_carries_children_and_properties_along(client: Client, standin: Standin) -> None:
    standin.add_repository("prod")
    image = standin.push_image("docker-local", "app", "1", platforms=BOTH)
    standin.set_properties("docker-local", "app/1/list.manifest.json", {"portshift.x": "1"})

    body = {"targetRepo": "prod", "dockerRepository": "app", "tag": "1", "targetTag": "live", "copy": True}
    assert client("POST", f"{API}/promote", json=body).status_code == 200

    copied = standin.item("prod", "app/live/list.manifest.json")
    assert copied.properties["portshift.x"] == ["1"]
    assert copied.properties["docker.manifest"] == ["live"]
    assert client("GET", f"api/docker/prod/v2/app/manifests/{image.children[1].digest}").status_code == 200
    assert client("GET", f"{API}/app/manifests/1").status_code == 200
    assert client("POST", f"{API}/promote", json={**body, "copy": False}).status_code == 200
    assert client("GET", f"{API}/app/manifests/1").status_code == 404


def test_the_lists_that_hold_a_child(client: Client, standin: Standin) -> None:
    image = standin.push_image("docker-local", "app", "1", platforms=BOTH)
    body = {"dockerRepository": "app", "tag": image.children[0].digest}

    expected = {"dockerRepository": "app", "digest": image.digest, "tags": ["1"]}
    answer = client("POST", f"{API}/parentManifests", json=body)
    assert answer.json() == {"parentManifestLists": [expected]}
    standin.switches.version = "7.118.0"
    assert client("POST", f"{API}/parentManifests", json=body).status_code == 404


def test_other_repositories_other_digests_and_the_base_of_the_api(client: Client, standin: Standin) -> None:
    standin.add_repository("files", package_type="generic")

    assert client("GET", "api/docker/files/v2/a/manifests/1").json()["errors"][0]["code"] == "NAME_UNKNOWN"
    assert client("GET", f"{API}/a/manifests/sha256:12").json()["errors"][0]["code"] == "DIGEST_INVALID"
    assert client("GET", "/v2/").json() == {}
    assert "api/docker/null/v2/token" in client("GET", "/v2/", auth=None).headers["WWW-Authenticate"]
