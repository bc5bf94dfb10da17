"""All that a repository lists against all that the catalogue knows of it; only this forgets anything."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from portshift_bridge.clock import Clock
from portshift_bridge.registries import changes
from portshift_bridge.registries.changes import Repositories
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.session import Session
from portshift_bridge.watching.catalogue import Catalogue
from portshift_bridge.watching.comparison import Comparison

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compared:
    """What a comparison did, in places.

    ``changed`` ones have other properties than before; ``hidden`` ones are listed no longer and kept, because
    they may only be out of sight.
    """

    added: int = 0
    changed: int = 0
    gone: int = 0
    hidden: int = 0

    def __add__(self, other: Compared) -> Compared:
        return Compared(
            self.added + other.added,
            self.changed + other.changed,
            self.gone + other.gone,
            self.hidden + other.hidden,
        )


@dataclass(frozen=True)
class Comparer:
    """Compares repositories of one registry; ``between`` is called between two requests and may raise."""

    registry: str
    session: Session
    catalogue: Catalogue
    clock: Clock
    between: Callable[[], None]

    def compare(self, watched: Repositories, repository: str, *, image: str = "") -> Compared:
        """Compare all paths of a repository and read their properties anew, or only the paths of an image.

        Raises:
            Unreachable: the registry did not answer all of it; what was done until then stays true.

        """
        began = self.clock()
        with Comparison() as comparison:
            for rows in self._listed(repository, image):
                comparison.listed((row.path, row.name, row.digest) for row in rows)
            comparison.known(self.catalogue.places(self.registry, repository=repository, under=image))
            added = self._read(repository, comparison.added(), self.catalogue.record)
            gone, hidden = self._forget_gone(watched, repository, comparison, began)
            changed = 0 if image else self._read(repository, comparison.unchanged(), self.catalogue.refresh)
        compared = Compared(added, changed, gone, hidden)
        if compared != Compared():
            _log.info(
                "compared registry=%s repository=%r image=%r added=%d changed=%d gone=%d hidden=%d",
                *(self.registry, repository, image, added, changed, gone, hidden),
            )
        return compared

    def _listed(self, repository: str, image: str) -> Iterator[tuple[ManifestPath, ...]]:
        """All pages; a place is given twice where two pages meet."""
        after = ""
        while True:
            page = changes.listed(self.session, repository, under=image, after=after)
            self.between()
            if page.last_path in {None, after}:
                return
            yield page.rows
            after = str(page.last_path)

    def _read(
        self, repository: str, paths: Iterable[str], keep: Callable[[str, Iterable[ManifestPath]], int]
    ) -> int:
        count = 0
        for rows in changes.at_places(self.session, repository, paths):
            count += keep(self.registry, rows)
            self.between()
        return count

    def _forget_gone(
        self, watched: Repositories, repository: str, comparison: Comparison, began: int
    ) -> tuple[int, int]:
        """Forget what is absent; how many places that were, and how many are only hidden."""
        gone = hidden = 0
        sees_repository: bool | None = None
        seen: tuple[str, bool] = ("", False)
        for path, name in comparison.gone():
            self.between()
            if sees_repository is None:
                sees_repository = changes.sees_folder(self.session, repository, "")
            image = path.rpartition("/")[0]
            if seen[0] != image:
                seen = (image, sees_repository and self._sees_image(comparison, repository, image))
            cached = repository in watched.caches
            if seen[1] and changes.is_absent(self.session, repository, path, name, cached=cached):
                # What was pushed again meanwhile has been recorded since the comparison began.
                gone += self.catalogue.forget(self.registry, [(repository, path, name)], before=began)
            else:
                hidden += 1
        return gone, hidden

    def _sees_image(self, comparison: Comparison, repository: str, image: str) -> bool:
        return comparison.lists_image(image) or changes.sees_folder(self.session, repository, image)
