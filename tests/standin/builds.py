"""Build-info documents, and what publishing one does to the images it lists (facts §1 Builds)."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence

from tests.standin.events import added_properties
from tests.standin.layout import blobs_below, find_manifest
from tests.standin.model import Build, Item, Properties
from tests.standin.store import Store

Module = tuple[str, Sequence[Item]]


def publish_build(
    store: Store, document: dict[str, object], modules: Sequence[Module], *, started: float
) -> None:
    """Keep the document and set ``build.*`` on every item of its modules."""
    build = build_of(document, created=started, created_by="admin")
    store.add_build(build)
    stamps: Properties = {
        "build.name": [build.name],
        "build.number": [build.number],
        "build.timestamp": [str(int(started * 1000))],
    }
    for _, items in modules:
        for item in items:
            store.set_properties(item, {**item.properties, **stamps})
            store.announce(added_properties(item, stamps, user="admin"))


def image_module(store: Store, repo: str, name: str, tag: str) -> Module:
    """An image as a module: its manifest, its children and everything that lies beside them.

    Raises:
        KeyError: there is no such image.

    """
    for storage_key in store.physical(repo):
        repository = store.configuration(storage_key)
        manifest = repository and find_manifest(store, repository, name, tag)
        if not manifest or not repository:
            continue
        entries = json.loads(store.contents.read(manifest.sha256)).get("manifests", ())
        children = [
            item for entry in entries for item in blobs_below(store, repository, name, entry["digest"])
        ]
        folders = dict.fromkeys(item.parent for item in (manifest, *children))
        tree = store.trees[storage_key]
        return f"{name}:{tag}", [item for folder in folders for item in tree[folder].children.values()]
    raise KeyError(f"{repo}/{name}:{tag}")


def build_info(
    name: str,
    number: str,
    *,
    started: float,
    agent: str,
    url: str,
    vcs: tuple[str, str, str],
    modules: Sequence[Module],
) -> dict[str, object]:
    """A build-info document as a CI server publishes it; ``vcs`` is URL, revision and branch."""
    agent_name, _, agent_version = agent.partition("/")
    vcs_url, revision, branch = vcs
    return {
        "version": "1.0.1",
        "name": name,
        "number": number,
        "type": "DOCKER",
        "buildAgent": {"name": "Docker", "version": "27.3.1"},
        "agent": {"name": agent_name, "version": agent_version},
        "started": build_time(started),
        "durationMillis": 1000,
        "artifactoryPrincipal": "admin",
        "url": url,
        "vcs": [{"url": vcs_url, "revision": revision, "branch": branch}] if vcs_url else [],
        "modules": [
            {
                "id": module,
                "type": "docker",
                "artifacts": [
                    {
                        "name": item.name,
                        "path": item.path,
                        "type": "json",
                        "sha1": item.sha1,
                        "sha256": item.sha256,
                        "md5": item.md5,
                    }
                    for item in items
                ],
            }
            for module, items in modules
        ],
    }


def build_of(document: dict[str, object], *, created: float, created_by: str) -> Build:
    """Read a build-info document.

    Raises:
        KeyError: it has no name, number or start.

    """
    modules: dict[str, frozenset[str]] = {}
    listed = document.get("modules") or []
    for module in listed if isinstance(listed, list) else []:
        checksums = (artifact.get("sha1", "") for artifact in module.get("artifacts") or [])
        modules[str(module["id"])] = frozenset(checksums)
    return Build(
        name=str(document["name"]),
        number=str(document["number"]),
        started=str(document["started"]),
        created=created,
        created_by=created_by,
        document=document,
        modules=modules,
    )


def build_time(seconds: float) -> str:
    """``2026-01-02T03:04:05.678+0000``, the form of build-info."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def promotion_status(
    status: str, *, repository: str, comment: str, user: str, moment: float
) -> dict[str, object]:
    """One entry of a build's ``statuses``."""
    return {
        "status": status,
        "comment": comment,
        "repository": repository,
        "timestamp": build_time(moment),
        "user": user,
        "ciUser": user,
    }
