"""What the watcher asks of the catalogue, which is ``store.artifacts.ArtifactStore``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

from portshift_bridge.registries.paths import ManifestPath

# Repository, path and name of a manifest.
Place = tuple[str, str, str]


class Catalogue(Protocol):
    """Where manifests lie, as far as the bridge knows."""

    def record(self, registry: str, seen: Iterable[ManifestPath]) -> int:
        """Keep that these lie in the registry; how many places are new or changed."""

    def refresh(self, registry: str, seen: Iterable[ManifestPath]) -> int:
        """The same for places that are known; what has not changed is not written."""

    def forget(self, registry: str, places: Collection[Place], *, before: int | None = None) -> int:
        """Drop places, with ``before`` (microseconds) only those not recorded since; how many there were."""

    def places(self, registry: str, *, repository: str, under: str = "") -> Iterator[tuple[str, str, str]]:
        """Path, name and digest of every place in the repository, or below an image."""
