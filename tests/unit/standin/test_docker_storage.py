"""What else lies in Docker repositories, and pages of names (facts §1, §6)."""

from __future__ import annotations

import pytest

from tests.standin import Standin
from tests.standin.images import build_image, digest_of
from tests.unit.standin.client import Client

API = "api/docker/docker-local/v2"
BOTH = ("linux/amd64", "linux/arm64")


@pytest.mark.parametrize(("path", "title"), [("_catalog", "repositories"), ("app0/tags/list", "tags")])
def test_names_come_in_pages_that_link_to_the_next(
    client: Client, standin: Standin, path: str, title: str
) -> None:
    for number in range(5):
        standin.push_image("docker-local", f"app{number}", "0")
        standin.push_image("docker-local", "app0", f"{number}")

    found, next_page = [], f"/artifactory/{API}/{path}?n=2"
    while next_page:
        answer = client("GET", next_page)
        found.append(answer.json()[title])
        next_page = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")

    assert [len(page) for page in found] == [2, 2, 1]
    names = [name for page in found for name in page]
    assert names == sorted(names)
    assert "Link" not in client("GET", f"{API}/{path}").headers


def test_a_server_may_cut_its_pages_itself(client: Client, standin: Standin) -> None:
    for number in range(5):
        standin.push_image("docker-local", "app", f"{number}")
    standin.switches.docker_page = 3

    answer = client("GET", f"{API}/app/tags/list")

    assert answer.json()["tags"] == ["0", "1", "2"]
    assert answer.headers["Link"] == f'</artifactory/{API}/app/tags/list?last=2&n=3>; rel="next"'
    assert client("GET", f"{API}/app/tags/list?n=0").json()["tags"] == []


def test_a_blob_waits_among_the_uploads_for_its_manifest(client: Client, standin: Standin) -> None:
    image = build_image("app").top
    for blob in image.blobs:
        start = client("POST", f"{API}/app/blobs/uploads/")
        digest = digest_of(blob)
        assert client("PUT", f"{start.headers['Location']}?digest={digest}", content=blob).status_code == 201
    waiting = set(standin.item("docker-local", "app/_uploads").children)

    assert len(waiting) == 2
    assert all(name.startswith("sha256__") for name in waiting)
    put = client(
        "PUT", f"{API}/app/manifests/1", content=image.content, headers={"Content-Type": image.media_type}
    )
    assert put.status_code == 201
    assert standin.store.find("docker-local", "app/_uploads") is None
    assert set(standin.item("docker-local", "app/1").children) == {"manifest.json", *waiting}


def test_a_caches_layers_are_markers_until_they_are_pulled(client: Client, standin: Standin) -> None:
    image = standin.push_image("hub", "web", "2")
    assert client("GET", "api/docker/hub/v2/web/manifests/2").status_code == 200
    layer = digest_of(image.top.blobs[1])
    name = f"sha256__{layer.removeprefix('sha256:')}"
    folder = standin.item("hub-cache", "library/web/2")

    assert f"{name}.marker" in folder.children
    assert client("HEAD", f"api/docker/hub/v2/web/blobs/{layer}").status_code == 200
    assert name not in folder.children
    assert client("GET", f"api/docker/hub/v2/web/blobs/{layer}").content == image.top.blobs[1]
    assert name in folder.children
    assert f"{name}.marker" not in folder.children


def test_without_lazy_layers_a_cache_holds_them_at_once(client: Client, standin: Standin) -> None:
    standin.switches.lazy_layers = False
    standin.push_image("hub", "web", "2")
    client("GET", "api/docker/hub/v2/web/manifests/2")

    assert not [name for name in standin.item("hub-cache", "library/web/2").children if "marker" in name]


def test_deleting_a_list_leaves_its_children(client: Client, standin: Standin) -> None:
    image = standin.push_image("docker-local", "app", "1", platforms=BOTH)

    assert client("DELETE", f"{API}/app/manifests/{image.digest}").status_code == 202

    assert client("GET", f"{API}/app/manifests/1").status_code == 404
    for child in image.children:
        assert client("GET", f"{API}/app/manifests/{child.digest}").status_code == 200
    assert client("GET", f"{API}/app/tags/list").status_code == 404


def test_deleting_a_child_leaves_a_list_that_names_it(client: Client, standin: Standin) -> None:
    image = standin.push_image("docker-local", "app", "1", platforms=BOTH)

    assert client("DELETE", f"{API}/app/manifests/{image.children[0].digest}").status_code == 202

    assert client("GET", f"{API}/app/manifests/1").content == image.top.content
    assert client("GET", f"{API}/app/manifests/{image.children[0].digest}").status_code == 404
