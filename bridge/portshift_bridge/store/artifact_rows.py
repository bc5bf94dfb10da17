"""A place of a manifest as a row of ``artifact_paths``, in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from portshift_bridge.registries.paths import ManifestPath

_COMPARED = ("artifact_key", "created", "modified", "properties")


def manifest_path(row: Row[Any], digest: str) -> ManifestPath:
    """What a row of ``artifact_paths`` says of the artifact's place."""
    return ManifestPath(
        repository=row.repository,
        path=row.path,
        name=row.name,
        digest=digest,
        created=row.created,
        modified=row.modified,
        properties={key: tuple(values) for key, values in row.properties.items()},
    )


def place_row(registry: str, item: ManifestPath, *, artifact_key: int, seen_at: int) -> dict[str, Any]:
    """The row to write; ``seen_at`` in microseconds."""
    return {
        "artifact_key": artifact_key,
        "registry": registry,
        "repository": item.repository,
        "path": item.path,
        "name": item.name,
        "image": item.image,
        "tag": item.tag,
        "created": item.created,
        "modified": item.modified,
        "properties": {key: list(values) for key, values in item.properties.items()},
        "build_name": next(iter(item.properties.get("build.name", ())), None),
        "build_number": next(iter(item.properties.get("build.number", ())), None),
        "seen_at": seen_at,
    }


def says_the_same(before: Row[Any], row: Mapping[str, Any]) -> bool:
    """Whether writing ``row`` over ``before`` tells nothing new but that it is still there."""
    if row["modified"] is None and before.artifact_key == row["artifact_key"]:
        return True
    kept = before._mapping
    return all(kept[name] == row[name] for name in _COMPARED)
