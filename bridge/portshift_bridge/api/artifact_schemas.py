"""Artifacts as JSON Schema; docs/reference/artifacts.md says the same in words."""

from __future__ import annotations

from collections.abc import Mapping

from portshift_bridge.api.schema_parts import (
    MAYBE,
    MAYBE_TIME,
    TEXT,
    TEXTS,
    TIME,
    Schema,
    list_of,
    object_of,
    one_of,
    or_null,
    page_of,
    reference_to,
)
from portshift_bridge.registries.inspecting.states import State

_MAYBE_NUMBER: Schema = {"type": ["integer", "null"]}
_PATH: Schema = {
    "repository": {**TEXT, "description": "Where it is stored: local, federated or a remote's cache."},
    "path": {**TEXT, "description": "The folder."},
    "name": TEXT,
    "image": TEXT,
    "tag": {**MAYBE, "description": "Null for the folder of a list's child."},
    "created": MAYBE_TIME,
    "modified": MAYBE_TIME,
    "build": or_null(object_of({"name": TEXT, "number": TEXT})),
}
_STATE: Schema = {"state": one_of(State), "reason": {"type": ["string", "null"]}}


def _group(item: Schema) -> Schema:
    return object_of({**_STATE, "items": list_of(item)})


ARTIFACT_SCHEMAS: Mapping[str, Schema] = {
    "ListedArtifact": object_of(
        {
            "digest": TEXT,
            "mediaType": {**MAYBE, "description": "Null until the bridge has read the manifest."},
            "size": {**_MAYBE_NUMBER, "description": "Bytes of configuration and layers; null for a list."},
            "platforms": {**TEXTS, "description": "os/architecture[/variant]"},
            "firstSeenAt": TIME,
            "pathCount": {"type": "integer"},
            "paths": list_of(object_of({"registry": TEXT, **_PATH}), most=100),
        }
    ),
    "Artifacts": page_of("ListedArtifact"),
    "Artifact": object_of(
        {
            "digest": TEXT,
            "firstSeenAt": {**MAYBE_TIME, "description": "Null for one that the catalogue did not know."},
            "registries": list_of(reference_to("ArtifactInRegistry")),
        }
    ),
    "ArtifactInRegistry": object_of(
        {
            "registry": TEXT,
            "paths": _group(object_of({**_PATH, "properties": {"type": "object"}})),
            "content": _group(
                object_of(
                    {
                        "mediaType": TEXT,
                        "size": _MAYBE_NUMBER,
                        "platforms": TEXTS,
                        "labels": {"type": "object"},
                        "created": MAYBE_TIME,
                        "children": list_of(object_of({"digest": TEXT, "platform": MAYBE})),
                    }
                )
            ),
            "pull": _group(object_of({"path": TEXT})),
            "parents": _group(object_of({"digest": TEXT, "image": MAYBE, "tags": TEXTS})),
            "builds": _group(reference_to("Build")),
            "bundles": _group(reference_to("ReleaseBundle")),
        }
    ),
    "Build": object_of(
        {
            "name": TEXT,
            "number": TEXT,
            **_STATE,
            "started": MAYBE_TIME,
            "agent": MAYBE,
            "url": MAYBE,
            "vcs": list_of(object_of({"url": MAYBE, "revision": MAYBE, "branch": MAYBE})),
            "promotions": list_of(
                object_of(
                    {
                        "status": MAYBE,
                        "repository": MAYBE,
                        "at": MAYBE_TIME,
                        "user": MAYBE,
                        "ciUser": MAYBE,
                        "comment": MAYBE,
                    }
                )
            ),
        }
    ),
    "ReleaseBundle": object_of(
        {
            "name": TEXT,
            "version": TEXT,
            "repository": TEXT,
            "status": MAYBE,
            "created": MAYBE_TIME,
            "createdBy": MAYBE,
            "promotions": list_of(
                object_of({"status": MAYBE, "environment": MAYBE, "at": MAYBE_TIME, "user": MAYBE})
            ),
        }
    ),
}
