"""A registry in memory: what ``ImageSource`` promises, without HTTP.

tests/contract holds it to the same answers as the real client on the stand-in.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from portshift.core.errors import PortshiftError
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.facts import (
    MANIFEST_LIST_TYPES,
    ManifestHead,
    Properties,
    StoredManifest,
    image_folders,
    stored_name,
)
from portshift_bridge.registries.resolving.places import Batch, Place

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = MANIFEST_LIST_TYPES[0]


@dataclass(frozen=True)
class FakeManifest:
    """What a tag or digest of an image leads to."""

    digest: str
    children: tuple[str, ...] = ()
    media_type: str = OCI_MANIFEST
    properties: Properties = field(default_factory=dict)

    @property
    def head(self) -> ManifestHead:
        return ManifestHead(self.digest, OCI_INDEX if self.children else self.media_type)


@dataclass
class FakeArtifactory:
    """Manifests by repository, image and tag (or child digest), virtuals by their members.

    ``hidden`` are the repositories that the login may not see, ``blocked`` the images that Xray blocks, and
    ``unreadable`` what is a 403 for its permissions. ``aql`` is whether queries are allowed, up to
    ``longest_query`` characters. ``failure`` is raised by every question; ``hang`` is waited for before any
    answer. ``asked`` counts.
    """

    manifests: dict[tuple[str, str, str], FakeManifest] = field(default_factory=dict)
    virtuals: dict[str, Sequence[str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    members_visible: bool = True
    aql: bool = True
    longest_query: int = 6_000
    failure: PortshiftError | None = None
    hang: threading.Event | None = None
    asked: list[str] = field(default_factory=list)

    def push(self, repository: str, image: str, tag: str, manifest: FakeManifest) -> None:
        self.manifests[repository, image, tag] = manifest

    def head(self, repository: str, image: str, reference: str, *, deadline: Deadline) -> ManifestHead:
        self._ask("head")
        if image in self.blocked:
            raise Forbidden("blocked by Xray")
        if image in self.unreadable:
            raise Forbidden("answers 403")
        for (_, _, tag), manifest in self._below(repository, image):
            if reference in (tag, manifest.digest):
                return manifest.head
        raise NotFound("manifest unknown")

    def rows(self, batch: Batch, *, properties: bool, deadline: Deadline) -> tuple[StoredManifest, ...]:
        self._ask("rows")
        if not self.aql:
            raise Forbidden("no AQL for anonymous requests")
        if len(batch.query(properties=properties)) > self.longest_query:
            raise UnexpectedAnswer("answers 408")
        found = {row.full_path: row for place in batch.places for row in self._rows(place)}
        return tuple(row if properties else replace(row, properties={}) for row in found.values())

    def stored_at(self, place: Place, head: ManifestHead, *, deadline: Deadline) -> StoredManifest | None:
        self._ask("stored_at")
        return next((row for row in self._rows(place) if row.path == place.folder), None)

    def members(self, repository: str, *, deadline: Deadline) -> tuple[str, ...]:
        self._ask("members")
        return tuple(self.virtuals.get(repository, ())) if self.members_visible else ()

    def children(
        self,
        repository: str,
        image: str,
        reference: str,
        *,
        digest: str,
        stored: StoredManifest | None,
        deadline: Deadline,
    ) -> tuple[str, ...]:
        self._ask("children")
        for _, manifest in self._below(repository, image):
            if manifest.digest == digest:
                return manifest.children
        raise NotFound("manifest unknown")

    def shows_folder(self, place: Place, *, deadline: Deadline) -> bool:
        self._ask("shows_folder")
        return bool(self._rows(place))

    def lists_folder(self, repository: str, image: str, *, deadline: Deadline) -> bool:
        self._ask("lists_folder")
        return bool(self._below(repository, image))

    def close(self) -> None:
        self.asked.append("close")

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        if self.hang is not None:
            self.hang.wait(10)
        if self.failure is not None:
            raise self.failure

    def _rows(self, place: Place) -> list[StoredManifest]:
        rows = [
            StoredManifest(
                key,
                f"{path}/{folder}",
                stored_name(is_list=manifest.head.is_list),
                manifest.properties,
                manifest.digest,
            )
            for image in image_folders(place.image)
            for (key, path, folder), manifest in self._below(place.repository, image)
            if image not in self.unreadable
        ]
        if place.tag is None:
            return [row for row in rows if row.digest == place.digest]
        return [row for row in rows if row.path in place.tag_folders]

    def _below(self, repository: str, image: str) -> list[tuple[tuple[str, str, str], FakeManifest]]:
        keys = [key for key in self.virtuals.get(repository, (repository,)) if key not in self.hidden]
        return [entry for key in keys for entry in self.manifests.items() if entry[0][:2] == (key, image)]
