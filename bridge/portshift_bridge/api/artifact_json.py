"""Artifacts as answers show them; docs/reference/artifacts.md names each field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from portshift.core.identity import Build
from portshift_bridge.clock import rfc3339, rfc3339_or_none
from portshift_bridge.inspecting import ShownArtifact
from portshift_bridge.registries.inspecting.builds import BuildInfo, build_of_properties
from portshift_bridge.registries.inspecting.bundles import Bundle
from portshift_bridge.registries.inspecting.contents import Content
from portshift_bridge.registries.inspecting.inspection import Inspection
from portshift_bridge.registries.inspecting.parents import Parent
from portshift_bridge.registries.inspecting.states import Group
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.store.artifact_lists import ListedArtifact

Json = dict[str, Any]
T = TypeVar("T")


def listed_to_json(artifact: ListedArtifact) -> Json:
    """An item of the list."""
    return {
        "digest": artifact.digest,
        "mediaType": artifact.media_type,
        "size": artifact.size,
        "platforms": list(artifact.platforms),
        "firstSeenAt": rfc3339(artifact.first_seen_at),
        "pathCount": artifact.path_count,
        "paths": [{"registry": registry, **_path(path)} for registry, path in artifact.paths],
    }


def shown_to_json(shown: ShownArtifact) -> Json:
    """Everything about one artifact."""
    return {
        "digest": shown.digest,
        "firstSeenAt": rfc3339_or_none(shown.first_seen_at),
        "registries": [_inspection(each) for each in shown.inspections],
    }


def _inspection(each: Inspection) -> Json:
    return {
        "registry": each.registry,
        "paths": _group(each.paths, lambda path: {**_path(path), "properties": _properties(path)}),
        "content": _group(each.content, _content),
        "pull": _group(each.pull, lambda path: {"path": path}),
        "parents": _group(each.parents, _parent),
        "builds": _group(each.builds, _build),
        "bundles": _group(each.bundles, _bundle),
    }


def _group(group: Group[T], write: Callable[[T], Json]) -> Json:
    return {
        "state": group.state.value,
        "reason": group.reason,
        "items": [write(item) for item in group.items],
    }


def _path(path: ManifestPath) -> Json:
    told = build_of_properties(path.properties)
    return {
        "repository": path.repository,
        "path": path.path,
        "name": path.name,
        "image": path.image,
        "tag": path.tag,
        "created": rfc3339_or_none(path.created),
        "modified": rfc3339_or_none(path.modified),
        "build": None if told is None else _named(told.build),
    }


def _properties(path: ManifestPath) -> Json:
    return {key: list(values) for key, values in path.properties.items()}


def _content(content: Content) -> Json:
    return {
        "mediaType": content.media_type,
        "size": content.size,
        "platforms": list(content.platforms),
        "labels": dict(content.labels),
        "created": rfc3339_or_none(content.created),
        "children": [{"digest": child.digest, "platform": child.platform} for child in content.children],
    }


def _parent(parent: Parent) -> Json:
    return {"digest": parent.digest, "image": parent.image, "tags": list(parent.tags)}


def _build(info: BuildInfo) -> Json:
    return {
        **_named(info.build),
        "state": info.state.value,
        "reason": info.reason,
        "started": rfc3339_or_none(info.started),
        "agent": info.agent,
        "url": info.url,
        "vcs": [{"url": each.url, "revision": each.revision, "branch": each.branch} for each in info.vcs],
        "promotions": [
            {
                "status": each.status,
                "repository": each.repository,
                "at": rfc3339_or_none(each.at),
                "user": each.user,
                "ciUser": each.ci_user,
                "comment": each.comment,
            }
            for each in info.promotions
        ],
    }


def _bundle(bundle: Bundle) -> Json:
    return {
        "name": bundle.name,
        "version": bundle.version,
        "repository": bundle.repository,
        "status": bundle.status,
        "created": rfc3339_or_none(bundle.created),
        "createdBy": bundle.created_by,
        "promotions": [
            {
                "status": each.status,
                "environment": each.environment,
                "at": rfc3339_or_none(each.at),
                "user": each.user,
            }
            for each in bundle.promotions
        ],
    }


def _named(build: Build) -> Json:
    return {"name": build.name, "number": build.number}
