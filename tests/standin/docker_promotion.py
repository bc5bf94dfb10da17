"""What Artifactory adds to the Docker API: promotion, and the lists that hold a manifest (facts §1, §2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request, not_found
from tests.standin.events import docker_events
from tests.standin.layout import LIST, MANIFEST_NAMES, blobs_below, find_manifest, folder_of
from tests.standin.model import Item, Repository
from tests.standin.store import Store
from tests.standin.switches import Switches


class DockerPromotion:
    """``POST /api/docker/R/v2/promote`` and ``…/parentManifests``."""

    def __init__(self, store: Store, access: Access, switches: Switches) -> None:
        self.store = store
        self.access = access
        self.switches = switches

    def promote(self, request: Request, key: str) -> Answer:
        """Copy or move a tag with its children; properties go along.

        Raises:
            Refusal: 400 for an incomplete body, 404 for an absent image, 403 without the permissions.

        """
        body = _body(request)
        source, target = self._local(key), self._local(str(body.get("targetRepo", "")))
        image, tag = str(body["dockerRepository"]), str(body.get("tag", "latest"))
        target_image = str(body.get("targetDockerRepository") or image)
        target_tag = str(body.get("targetTag") or tag)
        manifest = self._readable(request, source, image, tag)
        if not self.access.may_at(request.user, "deploy", target.key, f"{target_image}/"):
            raise self.access.refusal(request.user, target.key, target_image)
        moved = not body.get("copy", False)
        if moved and not self.access.may(request.user, "delete", manifest):
            raise self.access.refusal(request.user, source.key, manifest.path)
        for child in self._children(source, image, manifest):
            digest = f"sha256:{child.sha256}"
            self._copy(request, child, target, target_image, digest, folder_of(target, target_image, digest))
        folder = folder_of(target, target_image, target_tag)
        self._copy(request, manifest, target, target_image, target_tag, folder)
        promoted = self.store.trees[target.key][f"{folder}/{manifest.name}"]
        self.store.announce(docker_events(self.store, "promoted", promoted, user=request.user_name))
        if moved:
            self.store.delete(self.store.trees[manifest.repo][manifest.parent])
        return Answer.text("Promotion ended successfully")

    def parents(self, request: Request, key: str) -> Answer:
        """The lists that hold the manifest of a tag or digest (from 7.119)."""
        if self.switches.release < (7, 119):
            raise not_found("Not Found")
        body = _body(request)
        repository, image = self._local(key), str(body["dockerRepository"])
        manifest = self._readable(request, repository, image, str(body.get("tag", "latest")))
        tags: dict[str, list[str]] = {}
        for item in self.store.below(self.store.trees[repository.storage_key][image]):
            if item.name == LIST and manifest in self._children(repository, image, item):
                tags.setdefault(f"sha256:{item.sha256}", []).append(item.parent.rpartition("/")[2])
        lists = [
            {"dockerRepository": image, "digest": digest, "tags": named} for digest, named in tags.items()
        ]
        return Answer.json({"parentManifestLists": lists})

    def _local(self, key: str) -> Repository:
        repository = self.store.repositories.get(key)
        if repository is None or repository.rclass not in {"local", "federated"}:
            raise Refusal(400, f"'{key}' is not a local repository")
        return repository

    def _readable(self, request: Request, repository: Repository, image: str, reference: str) -> Item:
        manifest = find_manifest(self.store, repository, image, reference)
        if manifest is None or not self.access.may(request.user, "read", manifest):
            raise not_found(f"Unable to find tag or digest {reference} of {image}")
        return manifest

    def _children(self, repository: Repository, image: str, manifest: Item) -> Iterator[Item]:
        document = json.loads(self.store.contents.read(manifest.sha256))
        for entry in document.get("manifests", ()):
            for item in blobs_below(self.store, repository, image, entry["digest"]):
                if item.name in MANIFEST_NAMES:
                    yield item

    def _copy(
        self, request: Request, manifest: Item, target: Repository, image: str, reference: str, folder: str
    ) -> None:
        tree = self.store.trees[manifest.repo]
        for item in list(tree[manifest.parent].children.values()):
            if item.folder:
                continue
            copy = self.store.copy(item, target.key, f"{folder}/{item.name}", user=request.user_name)
            own = {"docker.manifest": [reference], "docker.repoName": [image]} if item is manifest else {}
            self.store.set_properties(copy, {**item.properties, **own})


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise Refusal(400, f"Failed to parse request: {error}") from error
    if not isinstance(body, dict) or "dockerRepository" not in body:
        raise Refusal(400, "dockerRepository is required")
    return body
