"""What Artifactory says about an image, as values; reading its answers is pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portshift.core.identity import Build
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.aql import MANIFEST, MANIFEST_LIST

Properties = Mapping[str, tuple[str, ...]]

MANIFEST_LIST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    *MANIFEST_LIST_TYPES,
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
MAX_CHILDREN = 1_000


@dataclass(frozen=True)
class ManifestHead:
    """The answer to HEAD of a manifest. ``served_by`` may still be a virtual or remote key."""

    digest: str
    media_type: str
    served_by: str | None = None

    @property
    def is_list(self) -> bool:
        return self.media_type in MANIFEST_LIST_TYPES


@dataclass(frozen=True)
class StoredManifest:
    """Where a manifest lies: ``path`` is its folder, in a physical repository.

    ``digest`` is absent where Artifactory did not say it.
    """

    repository: str
    path: str
    name: str
    properties: Properties = field(default_factory=dict)
    digest: str | None = None

    @property
    def image(self) -> str:
        """The image's path inside the repository."""
        return self.path.rpartition("/")[0]

    @property
    def full_path(self) -> str:
        return f"{self.repository}/{self.path}/{self.name}"

    @property
    def build(self) -> Build | None:
        """The build that published the manifest."""
        return build_named(self.properties)


def build_named(properties: Properties) -> Build | None:
    """The build that ``build.name`` and ``build.number`` name, as JFrog's clients set them."""
    name, number = (next(iter(properties.get(key, ())), "") for key in ("build.name", "build.number"))
    return Build(name=name, number=number) if name and number else None


def stored_manifests(document: Any) -> tuple[StoredManifest, ...]:
    """Read the rows of an AQL answer. Several values of one property come as repeated entries.

    Raises:
        UnexpectedAnswer: the answer is not an AQL answer.

    """
    try:
        return tuple(
            StoredManifest(
                repository=str(row["repo"]),
                path=str(row["path"]),
                name=str(row["name"]),
                properties=properties_of(row.get("properties", [])),
                digest=_row_digest(row),
            )
            for row in document["results"]
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise UnexpectedAnswer(
            "found an AQL answer without repo, path and name, expected Artifactory's"
        ) from error


def _row_digest(row: Mapping[str, Any]) -> str | None:
    return f"sha256:{row['sha256']}" if row.get("sha256") else None


def properties_of(entries: Sequence[Mapping[str, Any]]) -> Properties:
    """Properties from AQL, where several values of one key are repeated entries."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        key = str(entry["key"])
        found[key] = (*found.get(key, ()), str(entry.get("value", "")))
    return found


def manifest_children(body: bytes) -> tuple[str, ...]:
    """The digests of the platform manifests of a list; attestations are no images and are left out.

    Raises:
        UnexpectedAnswer: the body is not a manifest list.

    """
    try:
        entries = json.loads(body)["manifests"]
        digests = [str(entry["digest"]) for entry in entries if not is_attestation(entry)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnexpectedAnswer("found no manifests in a manifest list, expected an OCI index") from error
    if len(digests) > MAX_CHILDREN:
        raise UnexpectedAnswer(f"found {len(digests)} manifests in a list, expected at most {MAX_CHILDREN}")
    return tuple(dict.fromkeys(digests))


def is_attestation(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a manifest list is no image, but what BuildKit attests of one."""
    annotations = entry.get("annotations") or {}
    return bool(annotations.get("vnd.docker.reference.type") == "attestation-manifest")


def candidates_at(
    stored: Sequence[StoredManifest], *, image: str, tag: str | None
) -> tuple[StoredManifest, ...]:
    """The best places of one digest: the tag's own folder, else other tags, else a child's folder.

    ``app/*`` also matches the image ``app/sub``, so places below another image's folder are dropped.
    """
    folders = image_folders(image)
    own = [item for item in stored if item.image in folders]
    ranked = sorted(own, key=lambda item: (_rank(item, tag), item.path, item.repository, item.name))
    if not ranked:
        return ()
    best = (_rank(ranked[0], tag), ranked[0].path)
    return tuple(item for item in ranked if (_rank(item, tag), item.path) == best)


def _rank(item: StoredManifest, tag: str | None) -> int:
    folder = item.path.rpartition("/")[2]
    if folder == tag:
        return 0
    # A child's folder is sha256:<hex>; some remote caches write sha256__<hex>.
    return 2 if folder.startswith(("sha256:", "sha256__")) else 1


def image_folders(image: str) -> tuple[str, ...]:
    """Where an image may lie: an official one of Docker Hub below ``library/``, however it was asked for."""
    return (image,) if "/" in image else (image, f"library/{image}")


def stored_name(*, is_list: bool) -> str:
    """The file that Artifactory keeps a manifest under."""
    return MANIFEST_LIST if is_list else MANIFEST
