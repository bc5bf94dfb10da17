"""Rows of AQL become places of manifests."""

from __future__ import annotations

import pytest

from portshift_bridge.clock import SECOND
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.paths import manifest_paths

ROW = {
    "repo": "docker-local",
    "path": "team/app/1.0",
    "name": "manifest.json",
    "sha256": "ab" * 32,
    "created": "2026-05-01T12:00:00.000Z",
    "modified": "1970-01-01T02:00:01.5+02:00",
    "properties": [{"key": "k", "value": "a"}, {"key": "k", "value": "b"}],
}


def test_a_row_becomes_a_place() -> None:
    (place,) = manifest_paths({"results": [ROW]})
    assert (place.image, place.tag, place.digest) == ("team/app", "1.0", f"sha256:{'ab' * 32}")
    assert place.modified == 3 * SECOND // 2
    assert place.properties == {"k": ("a", "b")}
    assert place.full_path == "docker-local/team/app/1.0/manifest.json"


@pytest.mark.parametrize("folder", ["sha256:00", "sha256__00"])
def test_the_folder_of_a_child_is_no_tag(folder: str) -> None:
    (place,) = manifest_paths({"results": [{**ROW, "path": f"team/app/{folder}"}]})
    assert (place.image, place.tag) == ("team/app", None)


@pytest.mark.parametrize("change", [{"sha256": None}, {"path": "."}])
def test_what_is_no_manifest_of_an_image_is_left_out(change: dict[str, object]) -> None:
    assert manifest_paths({"results": [{**ROW, **change}]}) == ()


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"results": [{}]}, {"results": [{**ROW, "created": "now"}]}]
)
def test_anything_else_is_no_answer_of_artifactory(answer: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        manifest_paths(answer)
