"""What a remote repository can fetch: the registry behind it, as a set of images."""

from __future__ import annotations

from typing import Protocol

from tests.standin.images import Image, Manifest, digest_of


class Source(Protocol):
    """Something that can answer for an image that the repository does not hold yet."""

    def manifest(self, key: str, image: str, reference: str) -> Manifest | None:
        """The manifest of a tag or digest, None when there is none."""

    def blob(self, key: str, image: str, digest: str) -> bytes | None:
        """The content of a blob of that image."""


class Upstreams:
    """The images behind each remote repository, by the remote's key."""

    def __init__(self) -> None:
        self._images: dict[tuple[str, str], dict[str, Image]] = {}

    def add(self, key: str, image: str, tag: str, built: Image) -> None:
        self._images.setdefault((key, image), {})[tag] = built

    def manifest(self, key: str, image: str, reference: str) -> Manifest | None:
        tags = self._images.get((key, image), {})
        if reference in tags:
            return tags[reference].top
        every = (manifest for built in tags.values() for manifest in built.manifests)
        return next((manifest for manifest in every if manifest.digest == reference), None)

    def blob(self, key: str, image: str, digest: str) -> bytes | None:
        for built in self._images.get((key, image), {}).values():
            for manifest in built.manifests:
                for blob in manifest.blobs:
                    if digest_of(blob) == digest:
                        return blob
        return None
