"""The only Artifactory client: what is asked, in Artifactory's own API.

Reading never counts as a download. A tag is looked up by HEAD; where its manifest lies, and its properties,
by AQL. A manifest list has to be read for its children: by "Retrieve Artifact" with ``skipUpdateStats``
(docs.jfrog.com, reference/retrieveartifact), once for each digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.caches import cache_of
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.facts import (
    MANIFEST_LIST_TYPES,
    ManifestHead,
    StoredManifest,
    image_folders,
    manifest_children,
    stored_manifests,
    stored_name,
)
from portshift_bridge.registries.model import Login, Registry
from portshift_bridge.registries.repositories import members
from portshift_bridge.registries.resolving.places import Batch, Place
from portshift_bridge.registries.session import Session, open_session
from portshift_bridge.registries.storage import item_properties, sees_folder, storage_path

_DIGEST_PREFIX = "sha256:"


class ImageSource(Protocol):
    """What resolving an image asks of a registry.

    Every method may raise ``LoginRefused``, ``Forbidden``, ``NotFound`` and ``Unreachable``.
    """

    def head(self, repository: str, image: str, reference: str, *, deadline: Deadline) -> ManifestHead:
        """Digest and media type of a tag or digest."""

    def rows(self, batch: Batch, *, properties: bool, deadline: Deadline) -> tuple[StoredManifest, ...]:
        """Every manifest at the places of ``batch`` in physical repositories, as far as the login sees.

        Raises:
            Forbidden: the login may not ask, as no anonymous request may.
            UnexpectedAnswer: Artifactory did not run the query; 400 and 408 are such answers.

        """

    def stored_at(self, place: Place, head: ManifestHead, *, deadline: Deadline) -> StoredManifest | None:
        """The manifest in its folder, without AQL; None where it is not, or is not shown."""

    def members(self, repository: str, *, deadline: Deadline) -> tuple[str, ...]:
        """The storage keys of a virtual repository in the order of resolution; empty if not to be known."""

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
        """The platform manifests of the list ``digest``, which ``reference`` leads to."""

    def shows_folder(self, place: Place, *, deadline: Deadline) -> bool:
        """Whether the login sees the folder of the place's manifest, without AQL."""

    def lists_folder(self, repository: str, image: str, *, deadline: Deadline) -> bool:
        """Whether the login sees both the repository and the image's folder in it."""

    def close(self) -> None:
        """Close idle connections."""


class Artifactory:
    """An ``ImageSource`` on a real Artifactory; safe to use from several threads. Closes its session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def close(self) -> None:
        self._session.close()

    def head(self, repository: str, image: str, reference: str, *, deadline: Deadline) -> ManifestHead:
        answer = self._session.manifest("HEAD", repository, image, reference, deadline=deadline)
        digest = answer.headers.get("Docker-Content-Digest", "")
        if not digest.startswith(_DIGEST_PREFIX):
            raise UnexpectedAnswer(
                f"found no Docker-Content-Digest for {repository}/{image}:{reference}, expected Artifactory's"
            )
        return ManifestHead(
            digest=digest,
            media_type=answer.headers.get("Content-Type", "").partition(";")[0].strip(),
            served_by=answer.headers.get("X-Artifactory-Docker-Registry"),
        )

    def rows(self, batch: Batch, *, properties: bool, deadline: Deadline) -> tuple[StoredManifest, ...]:
        if self._session.anonymous:
            raise Forbidden("Artifactory refuses AQL to anonymous requests")
        return stored_manifests(self._session.query(batch.query(properties=properties), deadline=deadline))

    def stored_at(self, place: Place, head: ManifestHead, *, deadline: Deadline) -> StoredManifest | None:
        folder, name = place.folder, stored_name(is_list=head.is_list)
        path = f"{place.repository}/{folder}/{name}"
        try:
            info = self._session.get(storage_path(path), deadline=deadline).json()
        except (Forbidden, NotFound):
            return None
        if not isinstance(info, Mapping) or _sha256(info) != head.digest.removeprefix(_DIGEST_PREFIX):
            return None
        repository = str(info.get("repo", place.repository))
        try:
            properties = item_properties(self._session, path, deadline=deadline)
        except (Forbidden, NotFound):
            properties = {}
        return StoredManifest(repository, folder, name, properties, head.digest)

    def members(self, repository: str, *, deadline: Deadline) -> tuple[str, ...]:
        # Nothing says here which members are remotes.
        keys = members(self._session, repository, deadline=deadline)
        return tuple(name for key in keys for name in (key, cache_of(key)))

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
        body = self._list_in_storage(stored, digest, deadline) if stored is not None else None
        if body is None:
            # A remote that has not cached the list yet: only Docker's own GET can bring it.
            body = self._session.manifest(
                "GET", repository, image, reference, types=MANIFEST_LIST_TYPES, deadline=deadline
            ).body
            if _digest(body) != digest:
                raise UnexpectedAnswer(
                    f"found {_digest(body)} as the manifest {digest}, expected the same digest"
                )
        return manifest_children(body)

    def shows_folder(self, place: Place, *, deadline: Deadline) -> bool:
        return sees_folder(self._session, place.repository, place.folder, deadline=deadline)

    def lists_folder(self, repository: str, image: str, *, deadline: Deadline) -> bool:
        # The empty folder is the repository itself.
        return sees_folder(self._session, repository, "", deadline=deadline) and any(
            sees_folder(self._session, repository, folder, deadline=deadline)
            for folder in image_folders(image)
        )

    def _list_in_storage(self, stored: StoredManifest, digest: str, deadline: Deadline) -> bytes | None:
        """The list's bytes, uncounted; None where storage hands them out elsewhere, such as at S3."""
        try:
            answer = self._session.get(
                quote(stored.full_path), deadline=deadline, params={"skipUpdateStats": "true"}
            )
        except (Forbidden, NotFound, Unreachable):
            return None
        return answer.body if _digest(answer.body) == digest else None


def open_artifactory(registry: Registry, login: Login) -> Artifactory:
    """An Artifactory that is asked with a session of its own."""
    return Artifactory(open_session(registry, login))


def _digest(body: bytes) -> str:
    return _DIGEST_PREFIX + hashlib.sha256(body).hexdigest()


def _sha256(info: Mapping[str, Any]) -> str | None:
    checksums = info.get("checksums")
    found = checksums.get("sha256") if isinstance(checksums, Mapping) else None
    return found if isinstance(found, str) else None
