"""What happened, in the form that JFrog's webhooks tell it (D domain-docker, domain-artifact-property)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.standin.layout import CHILD_FOLDERS, MANIFEST_NAMES
from tests.standin.model import Event, Item, Properties
from tests.standin.store import Store


def docker_events(store: Store, kind: str, item: Item, *, user: str) -> Iterator[Event]:
    """``pushed``, ``deleted`` or ``promoted`` for each tag at or below an item; none for children."""
    repository = store.configuration(item.repo)
    if repository is None or repository.package_type != "docker":
        return
    for manifest in store.below(item):
        folder = manifest.parent.rpartition("/")[2]
        if manifest.name in MANIFEST_NAMES and not folder.startswith(CHILD_FOLDERS):
            data = {
                **_file(manifest),
                "event_type": kind,
                "image_name": manifest.parent.rpartition("/")[0],
                "tag": folder,
                "platforms": _platforms(store, manifest),
            }
            yield Event("docker", kind, manifest.repo, manifest.path, user, data)


def property_events(item: Item, before: Properties, after: Properties, *, user: str) -> Iterator[Event]:
    """``deleted`` for each key that goes, ``added`` for each that is new or has other values."""
    yield from removed_properties(item, {key: before[key] for key in before.keys() - after.keys()}, user=user)
    changed = {key: values for key, values in after.items() if before.get(key) != values}
    yield from added_properties(item, changed, user=user)


def added_properties(item: Item, properties: Properties, *, user: str) -> Iterator[Event]:
    return _property_events(item, "added", properties, user)


def removed_properties(item: Item, properties: Properties, *, user: str) -> Iterator[Event]:
    return _property_events(item, "deleted", properties, user)


def _property_events(item: Item, kind: str, properties: Properties, user: str) -> Iterator[Event]:
    for key, values in sorted(properties.items()):
        data = {**_file(item), "event_type": kind, "property_key": key, "property_values": values}
        yield Event("artifact_property", kind, item.repo, item.path, user, data)


def _file(item: Item) -> dict[str, object]:
    return {
        "repo_key": item.repo,
        "path": item.path,
        "name": item.name,
        "sha256": item.sha256,
        "size": item.size,
    }


def _platforms(store: Store, manifest: Item) -> list[dict[str, str]]:
    """Those that a list names, or the one of an image's own configuration."""
    document = json.loads(store.contents.read(manifest.sha256))
    named = [entry.get("platform") for entry in document.get("manifests", ())]
    if not named and "config" in document:
        named = [_configuration(store, document["config"]["digest"])]
    return [
        {"architecture": str(one["architecture"]), "os": str(one["os"])}
        for one in named
        if isinstance(one, dict) and {"architecture", "os"} <= one.keys()
    ]


def _configuration(store: Store, digest: str) -> Any:
    sha256 = digest.removeprefix("sha256:")
    try:
        return json.loads(store.contents.read(sha256)) if sha256 in store.contents else None
    except ValueError:  # an OCI artifact's config may be anything
        return None
