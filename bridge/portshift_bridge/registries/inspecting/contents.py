"""What a manifest is: its media type, size, platforms, labels and children, from its own bytes.

They are read by "Retrieve Artifact" with ``skipUpdateStats``, which counts as no download. They never change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.facts import MANIFEST_LIST_TYPES, MAX_CHILDREN, Properties, is_attestation
from portshift_bridge.registries.inspecting.answers import moment_of
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.session import Session

_MAX_LABELS = 500
_MAX_LABEL = 4_096
_LABEL_PROPERTY = "docker.label."
_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_FIRST_DOCKER_SCHEMA = "application/vnd.docker.distribution.manifest.v1+json"
_IMAGE_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)


@dataclass(frozen=True)
class Child:
    """A manifest of a list; ``platform`` is ``os/architecture[/variant]``."""

    digest: str
    platform: str | None = None


@dataclass(frozen=True)
class Content:
    """What a manifest is. ``size`` is the bytes of configuration and layers, absent for a list.

    ``created`` (microseconds, UTC) is when the image says that it was made. ``incomplete`` says why the
    configuration, and so platform and labels, could not be read.
    """

    media_type: str
    size: int | None = None
    platforms: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Child, ...] = ()
    created: int | None = None
    incomplete: str | None = None


def read_content(session: Session, place: ManifestPath, *, deadline: Deadline) -> Content:
    """The content of the manifest at ``place``.

    Raises:
        Forbidden: something blocks the manifest, or the login may not read it.
        NotFound: it is gone, or hidden.
        LoginRefused, Unreachable: no usable answer, or other bytes than the digest's.

    """
    document = _json(_bytes(session, place.full_path, place.digest, deadline), place.full_path)
    config = document.get("config")
    content = parse_manifest(document, place.properties)
    if not isinstance(config, Mapping) or config.get("mediaType") not in _IMAGE_CONFIGS:
        return content
    digest = str(config.get("digest"))
    path = f"{place.repository}/{place.path}/{digest.replace(':', '__', 1)}"
    try:
        told = _json(_bytes(session, path, digest, deadline), path)
    except (NotFound, Forbidden) as error:
        # A remote repository caches a configuration only when somebody pulls the image.
        return replace(content, incomplete=f"the configuration could not be read: {error}")
    return with_config(content, told)


def parse_manifest(document: Mapping[str, Any], properties: Properties) -> Content:
    """What the manifest itself says; labels from the ``docker.label.*`` properties.

    Raises:
        UnexpectedAnswer: it is no manifest.

    """
    labels = {
        key.removeprefix(_LABEL_PROPERTY): values[0]
        for key, values in properties.items()
        if key.startswith(_LABEL_PROPERTY) and values
    }
    stated = document.get("mediaType") or next(iter(properties.get("docker.manifest.type", ())), None)
    try:
        if "manifests" in document:
            children = _children(document["manifests"])
            platforms = dict.fromkeys(child.platform for child in children if child.platform)
            return Content(
                media_type=str(stated or MANIFEST_LIST_TYPES[0]),
                platforms=tuple(platforms),
                labels=labels,
                children=children,
            )
        parts = [document["config"], *document["layers"]] if "config" in document else []
        size = sum(int(part["size"]) for part in parts) if parts else None
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise UnexpectedAnswer("found no manifest, expected one of OCI or Docker") from error
    default = _OCI_MANIFEST if parts else _FIRST_DOCKER_SCHEMA
    return Content(media_type=str(stated or default), size=size, labels=labels)


def with_config(content: Content, config: Mapping[str, Any]) -> Content:
    """The content with what the image's configuration says: it wins over properties, which may be cut."""
    platform = _platform(config)
    inner = config.get("config")
    labels = inner.get("Labels") if isinstance(inner, Mapping) else None
    return replace(
        content,
        platforms=(platform,) if platform else (),
        labels=_labels(labels) if isinstance(labels, Mapping) else content.labels,
        created=moment_of(config.get("created")),
    )


def _bytes(session: Session, path: str, digest: str, deadline: Deadline) -> bytes:
    answer = session.get(quote(path), deadline=deadline, params={"skipUpdateStats": "true"})
    found = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
    if found != digest:
        raise UnexpectedAnswer(f"found {found} at {path}, expected {digest}")
    return answer.body


def _json(body: bytes, path: str) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnexpectedAnswer(f"found no JSON at {path}, expected a manifest or configuration") from error
    if not isinstance(document, Mapping):
        raise UnexpectedAnswer(f"found no JSON object at {path}, expected a manifest or configuration")
    return document


def _children(entries: Any) -> tuple[Child, ...]:
    """The platform manifests of a list; attestations are no images and are left out."""
    found: dict[str, Child] = {}
    for entry in entries:
        if not is_attestation(entry):
            child = Child(str(entry["digest"]), _platform(entry.get("platform") or {}))
            found.setdefault(child.digest, child)
    if len(found) > MAX_CHILDREN:
        raise UnexpectedAnswer(f"found {len(found)} manifests in a list, expected at most {MAX_CHILDREN}")
    return tuple(found.values())


def _platform(told: Mapping[str, Any]) -> str | None:
    parts = [told.get(key) for key in ("os", "architecture", "variant")]
    if not all(isinstance(part, str) and part and part != "unknown" for part in parts[:2]):
        return None
    return "/".join(part for part in parts if isinstance(part, str) and part)


def _labels(told: Mapping[Any, Any]) -> dict[str, str]:
    texts = {str(key): str(value) for key, value in list(told.items())[:_MAX_LABELS]}
    return {
        key: value if len(value) <= _MAX_LABEL else f"{value[: _MAX_LABEL - 1]}…"
        for key, value in texts.items()
    }
