"""Every rendered manifest of the corpora goes through unharmed, and none of its images is lost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from portshift.core.kinds import BUILT_IN
from portshift.core.manifests import ANNOTATION, Manifests, read_manifests, write_manifests

CORPORA = Path(__file__).resolve().parents[2].parent / "shared" / "corpora" / "rendered"
FILES = sorted(path for path in CORPORA.rglob("*") if path.is_file()) if CORPORA.is_dir() else []

# The kinds whose pod templates the oracle below knows, found without our table.
WORKLOADS = {
    "Pod", "PodTemplate", "ReplicationController", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet",
    "Job", "CronJob", "DeploymentConfig",
}  # fmt: skip

pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(not FILES, reason=f"no corpora in {CORPORA}"),
]


def read(data: bytes) -> Manifests:
    return read_manifests(data, kinds=BUILT_IN, namespace="shop")


def tokens(manifests: Manifests) -> list[str | None]:
    return [hashlib.sha256(repr((c.workload, c.images)).encode()).hexdigest() for c in manifests.carriers]


class Loader(yaml.CSafeLoader):
    """Keeps every scalar as it is written: ``=`` and dates mean nothing here."""


Loader.yaml_implicit_resolvers = {}


def documents(data: bytes) -> list[Any]:
    return list(yaml.load_all(data, Loader))


def without_tokens(value: Any) -> Any:
    """A document without our annotations, nor the empty mappings and nulls that may have held them."""
    if isinstance(value, list):
        return [without_tokens(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: without_tokens(inner) for key, inner in value.items() if key != ANNOTATION}
    return {
        key: inner
        for key, inner in kept.items()
        if not (key in {"annotations", "metadata"} and inner in ({}, "", "null", "~", None))
    }


def pod_specs(value: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(value, dict):
        return
    if isinstance(value.get("items"), list):
        for item in value["items"]:
            yield from pod_specs(item)
    elif value.get("kind") in WORKLOADS:
        spec: Any = value
        path = {"Pod": ["spec"], "PodTemplate": ["template", "spec"]}.get(
            value["kind"],
            ["spec", "jobTemplate", "spec", "template", "spec"]
            if value["kind"] == "CronJob"
            else ["spec", "template", "spec"],
        )
        for key in path:
            spec = spec.get(key) if isinstance(spec, dict) else None
        if isinstance(spec, dict):
            yield spec


def images(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(key) or []:
            if container.get("image") and (container["image"], container.get("name")) != (
                "auto",
                "istio-proxy",
            ):
                yield container["name"], container["image"]
    for volume in spec.get("volumes") or []:
        if isinstance(volume.get("image"), dict):
            yield f"volume/{volume['name']}", volume["image"]["reference"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORPORA)))
def test_a_rendered_file_gets_its_tokens_and_nothing_else(path: Path) -> None:
    data = path.read_bytes()
    manifests = read(data)
    written = write_manifests(manifests, tokens(manifests))

    assert without_tokens(documents(written)) == without_tokens(documents(data))
    assert written.count(b"portshift.io/identity") == len(manifests.carriers)

    again = read(written)
    assert [(c.workload, c.images) for c in again.carriers] == [
        (c.workload, c.images) for c in manifests.carriers
    ]
    assert write_manifests(again, tokens(again)) == written


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORPORA)))
def test_lines_are_only_added(path: Path) -> None:
    data = path.read_bytes()
    manifests = read(data)
    written = write_manifests(manifests, tokens(manifests)).splitlines(keepends=True)
    kept = written_lines_of(data, written)
    lost = [line for line, found in kept if not found]
    assert all(b"{" in line or b"annotations:" in line for line in lost), lost[0]
    assert len(lost) <= len(manifests.carriers)


def written_lines_of(data: bytes, written: list[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each line of the input, and whether the output has it, in the same order."""
    position = 0
    for line in data.splitlines(keepends=True):
        try:
            position = written.index(line, position) + 1
            yield line, True
        except ValueError:
            yield line, False


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORPORA)))
def test_every_image_is_in_exactly_one_token(path: Path) -> None:
    data = path.read_bytes()
    manifests = read(data)
    expected = sorted(
        image
        for value in documents(data)
        for spec in pod_specs(value)
        for image in dict.fromkeys(images(spec))
    )
    known = [carrier for carrier in manifests.carriers if carrier.workload.kind in WORKLOADS]
    assert sorted(image for carrier in known for image in carrier.images) == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORPORA)))
def test_cutting_and_keeping_little_finds_what_a_full_parse_finds(path: Path) -> None:
    data = path.read_bytes()
    # A directive makes the whole stream one chunk that is composed in full.
    whole = read(b"%YAML 1.1\n" + (b"" if data.startswith(b"---") else b"---\n") + data)
    manifests = read(data)
    assert manifests.carriers == whole.carriers
    assert [(p.field, p.reference, p.token, p.reason) for p in manifests.places] == [
        (p.field, p.reference, p.token, p.reason) for p in whole.places
    ]
