"""A catalogue in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.watching.catalogue import Place


class FakeCatalogue:
    """What was recorded of one registry; its clock counts up with each reading."""

    def __init__(self) -> None:
        self.known: dict[Place, ManifestPath] = {}
        self.forgotten: list[Place] = []
        self.refreshed: list[Place] = []
        self._seen: dict[Place, int] = {}
        self._now = 0

    def clock(self) -> int:
        self._now += 1
        return self._now

    def record(self, registry: str, seen: Iterable[ManifestPath]) -> int:
        changed = 0
        for item in seen:
            place = (item.repository, item.path, item.name)
            changed += self.known.get(place) != item
            self.known[place] = item
            self._seen[place] = self.clock()
        return changed

    def refresh(self, registry: str, seen: Iterable[ManifestPath]) -> int:
        changed = [item for item in seen if self.known.get((item.repository, item.path, item.name)) != item]
        self.refreshed += [(item.repository, item.path, item.name) for item in changed]
        return self.record(registry, changed)

    def forget(self, registry: str, places: Collection[Place], *, before: int | None = None) -> int:
        gone = [
            place
            for place in places
            if place in self.known and (before is None or self._seen[place] < before)
        ]
        for place in gone:
            del self.known[place]
        self.forgotten += gone
        return len(gone)

    def places(self, registry: str, *, repository: str, under: str = "") -> Iterator[tuple[str, str, str]]:
        for (held, path, name), item in sorted(self.known.items()):
            if held == repository and (not under or path.startswith(f"{under}/")):
                yield path, name, item.digest

    def digests(self) -> dict[Place, str]:
        return {place: item.digest for place, item in self.known.items()}
