"""What manifests are, from their own bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.outbound.transport import Transport
from portshift_bridge.registries.errors import Forbidden
from portshift_bridge.registries.inspecting.contents import (
    Child,
    Content,
    parse_manifest,
    read_content,
    with_config,
)
from portshift_bridge.registries.model import Login
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.session import Session
from tests.fakes.http import Scripted
from tests.fakes.registry_answers import AnswersByPath, digest_of, image, index, refusal, stores

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
FOLDER = "docker-local/team/app/1.0"


def read(adapter: AnswersByPath, manifest: bytes, **properties: str) -> Content:
    asked = Session(
        Transport("https://acme.example.com/artifactory", adapter=adapter, sleep=lambda _: None), Login()
    )
    held = {key: (value,) for key, value in properties.items()}
    name = "list.manifest.json" if b'"manifests"' in manifest else "manifest.json"
    place = ManifestPath("docker-local", "team/app/1.0", name, digest_of(manifest), properties=held)
    return read_content(asked, place, deadline=Deadline.after(5))


def test_an_image_has_size_platform_labels_and_its_own_time() -> None:
    adapter = AnswersByPath()
    manifest, config = image("linux/arm/v7", config={"Labels": {"team": "x"}}, created="2026-05-01T10:00:00Z")
    stores(adapter, manifest, config, FOLDER)

    content = read(adapter, manifest)

    assert content == Content(
        "application/vnd.oci.image.manifest.v1+json",
        size=1_000 + len(config),
        platforms=("linux/arm/v7",),
        labels={"team": "x"},
        created=1_777_629_600_000_000,
    )
    assert all(request.url and "skipUpdateStats=true" in request.url for request in adapter.requests)


def test_a_list_has_its_children_with_platforms_and_no_attestations() -> None:
    manifest = index(
        {"digest": "one", "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": "two", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        {
            "digest": "proof",
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        },
        {"digest": "bare"},
        {"digest": "one"},
    )
    adapter = AnswersByPath()
    stores(adapter, manifest, None, FOLDER)

    content = read(adapter, manifest)

    assert content.children == (Child("one", "linux/amd64"), Child("two", "linux/arm64/v8"), Child("bare"))
    assert (content.media_type, content.size) == (OCI_INDEX, None)
    assert content.platforms == ("linux/amd64", "linux/arm64/v8")


@pytest.mark.parametrize("status", [403, 404])
def test_a_configuration_that_is_not_handed_out_leaves_properties_labels(status: int) -> None:
    adapter = AnswersByPath()
    manifest, config = image()
    stores(adapter, manifest, None, FOLDER)
    adapter.answers[f"GET /artifactory/{FOLDER}/{digest_of(config).replace(':', '__')}"] = refusal(
        status, "no"
    )

    content = read(adapter, manifest, **{"docker.label.team": "x", "other": "y"})

    assert (content.platforms, content.labels) == ((), {"team": "x"})
    assert "the configuration could not be read" in str(content.incomplete)


def test_other_bytes_than_the_digests_are_refused() -> None:
    adapter = AnswersByPath({f"GET /artifactory/{FOLDER}/manifest.json": Scripted(200, b"{}")})

    with pytest.raises(UnexpectedAnswer, match=f"found {digest_of(b'{}')} at {FOLDER}/manifest.json"):
        read(adapter, image()[0])


def test_a_blocked_manifest_is_forbidden() -> None:
    adapter = AnswersByPath({f"GET /artifactory/{FOLDER}/manifest.json": refusal(403, "blocked by Xray")})

    with pytest.raises(Forbidden, match="blocked by Xray"):
        read(adapter, image()[0])


def test_a_chart_in_an_oci_repository_has_no_platform_and_its_configuration_is_not_read() -> None:
    manifest = json.dumps(
        {
            "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": "x", "size": 3},
            "layers": [{"size": 4}],
        }
    ).encode()
    adapter = AnswersByPath()
    stores(adapter, manifest, None, FOLDER)

    content = read(adapter, manifest)

    assert (content.size, content.platforms, content.incomplete) == (7, (), None)
    assert len(adapter.requests) == 1


@pytest.mark.parametrize(
    ("document", "properties", "expected"),
    [
        ({"manifests": []}, {}, OCI_INDEX),
        ({"config": {"size": 1}, "layers": []}, {}, "application/vnd.oci.image.manifest.v1+json"),
        ({"schemaVersion": 1}, {}, "application/vnd.docker.distribution.manifest.v1+json"),
        ({"schemaVersion": 1}, {"docker.manifest.type": ("stated",)}, "stated"),
        ({"mediaType": "own", "manifests": []}, {"docker.manifest.type": ("stated",)}, "own"),
    ],
)
def test_the_media_type_is_its_own_the_propertys_or_that_of_its_form(
    document: dict[str, Any], properties: dict[str, tuple[str, ...]], expected: str
) -> None:
    assert parse_manifest(document, properties).media_type == expected


@pytest.mark.parametrize(
    "document",
    [
        {"manifests": 3},
        {"manifests": [3]},
        {"manifests": [{}]},
        {"manifests": [{"digest": "x", "platform": 3}]},
        {"manifests": [{"digest": str(number)} for number in range(1_001)]},
        {"config": {}, "layers": []},
        {"config": {"size": "many"}, "layers": []},
        {"config": {"size": 1}},
    ],
)
def test_what_is_no_manifest_is_told(document: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_manifest(document, {})


def test_labels_are_bounded() -> None:
    labels = {f"label-{number}": "x" * 10_000 for number in range(1_000)}

    content = with_config(Content("m"), {"config": {"Labels": labels}})

    assert len(content.labels) == 500
    assert {len(value) for value in content.labels.values()} == {4_096}


@pytest.mark.parametrize(
    "config", [{}, {"config": None}, {"config": {"Labels": None}}, {"os": 3, "architecture": ""}]
)
def test_a_configuration_that_says_nothing_adds_nothing(config: dict[str, Any]) -> None:
    content = with_config(Content("m", labels={"from": "property"}), config)

    assert content == Content("m", labels={"from": "property"})
