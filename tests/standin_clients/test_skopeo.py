"""skopeo pushes into the stand-in and pulls from it, by token and with every digest kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.standin import Image, Standin, build_image
from tests.standin.images import digest_of
from tests.standin_clients.conftest import Skopeo

pytestmark = pytest.mark.integration


def write_oci_layout(folder: Path, image: Image) -> None:
    """An OCI image layout with one image, named ``1.0``."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for manifest in image.manifests:
        for content in (manifest.content, *manifest.blobs):
            (blobs / digest_of(content).removeprefix("sha256:")).write_bytes(content)
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    entry = {
        "mediaType": image.top.media_type,
        "digest": image.digest,
        "size": len(image.top.content),
        "annotations": {"org.opencontainers.image.ref.name": "1.0"},
    }
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))


def digests_in_layout(folder: Path) -> set[str]:
    return {path.name for path in (folder / "blobs" / "sha256").iterdir()}


@pytest.mark.parametrize("place", ["docker-local", "docker"])
def test_a_multi_arch_image_is_pushed_and_pulled_with_its_digests(
    standin: Standin, skopeo: Skopeo, tmp_path: Path, place: str
) -> None:
    image = build_image("team/app", platforms=("linux/amd64", "linux/arm64"), attestations=True)
    write_oci_layout(tmp_path / "in", image)
    reference = f"docker://{standin.host}/{place}/team/app:1.0"

    skopeo(
        "copy",
        "--all",
        "--dest-tls-verify=false",
        "--dest-creds=admin:password",
        f"oci:{tmp_path / 'in'}:1.0",
        reference,
    )
    skopeo(
        "copy",
        "--all",
        "--src-tls-verify=false",
        "--src-creds=reader:reads",
        reference,
        f"oci:{tmp_path / 'out'}:1.0",
    )

    assert digests_in_layout(tmp_path / "out") == digests_in_layout(tmp_path / "in")
    stored = standin.item("docker-local", "team/app/1.0/list.manifest.json")
    assert stored.properties["docker.manifest.digest"] == [image.digest]
    for child in image.children:
        item = standin.item("docker-local", f"team/app/{child.digest}/manifest.json")
        assert f"sha256:{item.sha256}" == child.digest
    tokens = [request for request in standin.requests if request.path.endswith("/v2/token")]
    assert {request.user for request in tokens} == {"admin", "reader"}
    assert {request.method for request in tokens} == {"GET"}


def test_a_single_image_carries_its_labels_as_properties(
    standin: Standin, skopeo: Skopeo, tmp_path: Path
) -> None:
    image = build_image("app", labels={"maintainer": "team"})
    write_oci_layout(tmp_path / "in", image)

    skopeo(
        "copy",
        "--dest-tls-verify=false",
        "--dest-creds=writer:writes",
        f"oci:{tmp_path / 'in'}:1.0",
        f"docker://{standin.host}/docker-local/app:1.0",
    )

    assert any((tmp_path / "home").rglob("blob-info-cache*")), "skopeo's cache went elsewhere"
    properties = standin.item("docker-local", "app/1.0/manifest.json").properties
    assert properties["docker.label.maintainer"] == ["team"]
    assert properties["docker.repoName"] == ["app"]
    assert properties["docker.manifest"] == ["1.0"]


def test_a_remote_serves_its_upstream_and_caches_it(standin: Standin, skopeo: Skopeo, tmp_path: Path) -> None:
    image = standin.push_image("docker-remote", "library/web", "2", docker=True)

    inspected = skopeo(
        "inspect",
        "--raw",
        "--tls-verify=false",
        "--creds=reader:reads",
        f"docker://{standin.host}/docker/library/web:2",
    )

    assert inspected.encode() == image.top.content
    assert standin.item("docker-remote-cache", "library/web/2/manifest.json").downloads == 1


def test_a_reader_cannot_push(standin: Standin, skopeo: Skopeo, tmp_path: Path) -> None:
    write_oci_layout(tmp_path / "in", build_image("app"))

    said = skopeo(
        "copy",
        "--dest-tls-verify=false",
        "--dest-creds=reader:reads",
        f"oci:{tmp_path / 'in'}:1.0",
        f"docker://{standin.host}/docker-local/app:1.0",
        fails=True,
    )

    assert "denied" in said.lower()
    assert standin.store.find("docker-local", "app") is None


def test_a_tag_is_moved_by_pushing_it_again(standin: Standin, skopeo: Skopeo, tmp_path: Path) -> None:
    standin.push_image("docker-local", "app", "1.0")
    moved = build_image("app", content="changed")
    write_oci_layout(tmp_path / "in", moved)

    skopeo(
        "copy",
        "--dest-tls-verify=false",
        "--dest-creds=writer:writes",
        f"oci:{tmp_path / 'in'}:1.0",
        f"docker://{standin.host}/docker-local/app:1.0",
    )

    listed = skopeo(
        "list-tags", "--tls-verify=false", "--creds=reader:reads", f"docker://{standin.host}/docker-local/app"
    )
    assert json.loads(listed)["Tags"] == ["1.0"]
    assert f"sha256:{standin.item('docker-local', 'app/1.0/manifest.json').sha256}" == moved.digest


@pytest.fixture
def strict(standin: Standin) -> Standin:
    """Takes tokens only, each for its image."""
    standin.switches.docker_basic = False
    return standin


def test_skopeo_lists_inspects_and_deletes_with_tokens_only(strict: Standin, skopeo: Skopeo) -> None:
    strict.switches.docker_page = 2
    image = strict.push_image("docker-local", "team/app", "1.0")
    for tag in ("1.1", "1.2", "1.3", "1.4"):
        strict.push_image("docker-local", "team/app", tag, content=tag)
    place = f"docker://{strict.host}/docker-local/team/app"

    listed = skopeo("list-tags", "--tls-verify=false", "--creds=writer:writes", place)
    inspected = skopeo("inspect", "--tls-verify=false", "--creds=writer:writes", f"{place}:1.0")
    skopeo("delete", "--tls-verify=false", "--creds=writer:writes", f"{place}:1.0")

    assert json.loads(listed)["Tags"] == ["1.0", "1.1", "1.2", "1.3", "1.4"]
    assert json.loads(inspected)["Digest"] == image.digest
    assert strict.store.find("docker-local", "team/app/1.0") is None
    assert all(request.path.endswith("/token") or request.status != 403 for request in strict.requests)


def test_a_reader_cannot_delete(strict: Standin, skopeo: Skopeo) -> None:
    strict.push_image("docker-local", "app", "1.0")

    skopeo(
        "delete",
        "--tls-verify=false",
        "--creds=reader:reads",
        f"docker://{strict.host}/docker-local/app:1.0",
        fails=True,
    )

    assert strict.item("docker-local", "app/1.0/manifest.json")


def test_one_port_is_one_repository(skopeo: Skopeo, tmp_path: Path) -> None:
    server = Standin()
    server.add_repository("docker-local")
    host = server.add_port("docker-local")
    image = build_image("app")
    write_oci_layout(tmp_path / "in", image)

    with server:
        creds = "--dest-creds=admin:password"
        source, target = f"oci:{tmp_path / 'in'}:1.0", f"docker://{host}/team/app:1.0"
        skopeo("copy", "--dest-tls-verify=false", creds, source, target)
        raw = skopeo("inspect", "--raw", "--tls-verify=false", "--creds=admin:password", target)

    assert raw.encode() == image.top.content
    assert server.item("docker-local", "team/app/1.0/manifest.json")
