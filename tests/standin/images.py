"""Container images, made from little: real OCI and Docker manifests whose digests hold."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
INDEXES = frozenset({DOCKER_LIST, OCI_INDEX})


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class Manifest:
    """A manifest's bytes, the blobs it names and the digest it goes by."""

    content: bytes
    media_type: str
    blobs: tuple[bytes, ...] = ()
    platform: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    recorded_digest: str | None = None

    @cached_property
    def digest(self) -> str:
        """Its own digest, unless it was conjured for a digest that nobody can invert."""
        return self.recorded_digest or digest_of(self.content)


@dataclass(frozen=True)
class Image:
    """What a tag names: one manifest, or an index with its children."""

    top: Manifest
    children: tuple[Manifest, ...] = ()

    @property
    def digest(self) -> str:
        return self.top.digest

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        return (*self.children, self.top)


def build_image(
    name: str,
    *,
    platforms: Sequence[str] = ("linux/amd64",),
    labels: Mapping[str, str] | None = None,
    docker: bool = False,
    index: bool | None = None,
    attestations: bool = False,
    content: str = "",
) -> Image:
    """Make an image.

    Args:
        name: goes into each config and layer, so that other names give other digests.
        platforms: ``os/architecture[/variant]``; more than one, or ``index``, makes an index.
        labels: the image's LABELs.
        docker: Docker's schema 2 media types instead of OCI's.
        index: whether an index is made; by default when there are several platforms or attestations.
        attestations: an attestation manifest beside each child, as buildx pushes it.
        content: anything that should change the digests of the same name.

    """
    children = tuple(_manifest(f"{name}{content}", platform, labels or {}, docker) for platform in platforms)
    if not (len(children) > 1 or attestations if index is None else index):
        return Image(top=children[0])
    if attestations:
        children += tuple(_attestation(child) for child in children)
    return Image(top=_index(children, docker), children=children)


def _manifest(seed: str, platform: str, labels: Mapping[str, str], docker: bool) -> Manifest:
    system, architecture, *variant = platform.split("/")
    layer = gzip.compress(f"{seed} for {platform}\n".encode(), mtime=0)
    config = _dump(
        {
            "architecture": architecture,
            "os": system,
            **({"variant": variant[0]} if variant else {}),
            "config": {"Labels": dict(labels)} if labels else {},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(gzip.decompress(layer))]},
        }
    )
    if docker:
        kinds = (
            DOCKER_MANIFEST,
            "application/vnd.docker.container.image.v1+json",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
        )
    else:
        kinds = (
            OCI_MANIFEST,
            "application/vnd.oci.image.config.v1+json",
            "application/vnd.oci.image.layer.v1.tar+gzip",
        )
    content = _dump(
        {
            "schemaVersion": 2,
            "mediaType": kinds[0],
            "config": _descriptor(kinds[1], config),
            "layers": [_descriptor(kinds[2], layer)],
        }
    )
    return Manifest(content=content, media_type=kinds[0], blobs=(config, layer), platform=platform)


def _attestation(child: Manifest) -> Manifest:
    statement = _dump({"_type": "https://in-toto.io/Statement/v0.1", "subject": [{"digest": child.digest}]})
    config = _dump({"architecture": "unknown", "os": "unknown", "config": {}})
    content = _dump(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [_descriptor("application/vnd.in-toto+json", statement)],
        }
    )
    return Manifest(
        content=content,
        media_type=OCI_MANIFEST,
        blobs=(config, statement),
        platform="unknown/unknown",
        annotations={
            "vnd.docker.reference.digest": child.digest,
            "vnd.docker.reference.type": "attestation-manifest",
        },
    )


def _index(children: Sequence[Manifest], docker: bool) -> Manifest:
    media_type = DOCKER_LIST if docker else OCI_INDEX
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": [_entry(child) for child in children],
    }
    return Manifest(content=_dump(document), media_type=media_type)


def _entry(child: Manifest) -> dict[str, object]:
    entry = _descriptor(child.media_type, child.content)
    if child.platform is not None:
        system, architecture, *variant = child.platform.split("/")
        platform = {"architecture": architecture, "os": system}
        entry["platform"] = {**platform, "variant": variant[0]} if variant else platform
    if child.annotations:
        entry["annotations"] = dict(child.annotations)
    return entry


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def _dump(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
