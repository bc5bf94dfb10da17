"""Reading Artifactory's answers, and asking AQL."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portshift.core.identity import Build
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.facts import (
    StoredManifest,
    candidates_at,
    manifest_children,
    stored_manifests,
)

DIGEST = "sha256:" + "a" * 64
BUILD = Build("shop", "17")


def test_several_values_of_a_property_come_as_repeated_entries() -> None:
    rows = [
        {
            "repo": "docker-local",
            "path": "app/1",
            "name": "manifest.json",
            "properties": [
                {"key": "build.name", "value": "shop"},
                {"key": "build.number", "value": "17"},
                {"key": "team", "value": "a"},
                {"key": "team", "value": "b"},
                {"key": "empty"},
            ],
        }
    ]
    (stored,) = stored_manifests({"results": rows})
    assert stored.full_path == "docker-local/app/1/manifest.json"
    assert stored.build == BUILD
    assert stored.properties["team"] == ("a", "b")
    assert stored.properties["empty"] == ("",)


@pytest.mark.parametrize("answer", [None, [], {}, {"results": [{}]}, {"results": ["x"]}, {"results": 3}])
def test_another_answer_than_aql_s_is_told(answer: Any) -> None:
    with pytest.raises(UnexpectedAnswer, match="AQL answer"):
        stored_manifests(answer)


def test_a_manifest_without_both_build_properties_has_no_build() -> None:
    assert StoredManifest("r", "p", "n", {"build.name": ("shop",)}).build is None


def index(*entries: Any) -> bytes:
    return json.dumps({"manifests": entries}).encode()


def test_the_children_of_a_list_are_its_images() -> None:
    attestation = {
        "digest": "sha256:att",
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    assert manifest_children(
        index({"digest": "sha256:1"}, attestation, {"digest": "sha256:2", "annotations": None})
    ) == ("sha256:1", "sha256:2")


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"manifests":3}', b'{"manifests":[3]}', b'{"manifests":[{}]}', b"[" * 100_000],
)
def test_a_body_that_is_no_list_is_told(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer, match="expected an OCI index"):
        manifest_children(body)


def test_a_list_of_thousands_is_refused() -> None:
    with pytest.raises(UnexpectedAnswer, match="at most 1000"):
        manifest_children(index(*({"digest": f"sha256:{number}"} for number in range(1_001))))


def at(path: str, repository: str = "local") -> StoredManifest:
    return StoredManifest(repository, path, "manifest.json")


def best(*stored: StoredManifest, tag: str | None = None, image: str = "app") -> list[str]:
    return [f"{item.repository}/{item.path}" for item in candidates_at(stored, image=image, tag=tag)]


def test_the_folder_of_the_tag_is_the_place() -> None:
    assert best(at("app/latest"), at("app/2"), at("app/sha256:aa"), tag="2") == ["local/app/2"]


def test_a_digest_lies_at_a_tag_before_it_lies_at_a_child_s_folder() -> None:
    assert best(at("app/sha256:aa"), at("app/sha256__aa"), at("app/2"), at("app/1")) == ["local/app/1"]


def test_the_same_folder_in_several_members_is_left_open() -> None:
    assert best(at("app/1", "b"), at("app/1", "a"), tag="1") == ["a/app/1", "b/app/1"]


def test_another_image_below_the_same_folder_is_not_meant() -> None:
    assert best(at("app/sub/1"), tag="1") == []


def test_an_official_image_may_lie_below_library() -> None:
    assert best(at("library/nginx/1"), image="nginx", tag="1") == ["local/library/nginx/1"]
    assert best(at("library/team/nginx/1"), image="team/nginx", tag="1") == []
