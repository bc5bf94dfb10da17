"""Reading one registry into the catalogue: what changed, what an event hints at, and all there is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from portshift_bridge.clock import Clock
from portshift_bridge.registries import changes
from portshift_bridge.registries.aql import MANIFEST_LIST
from portshift_bridge.registries.changes import Repositories
from portshift_bridge.registries.model import Registry
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.session import Session
from portshift_bridge.watching.comparison import Comparison
from portshift_bridge.watching.cursor import OVERLAP, first_position, next_cursor
from portshift_bridge.watching.events import Hint, Kind

# How old the list of repositories may be; less for an event that names one which is not in it.
REPOSITORIES_SECONDS = 60.0
_NEW_REPOSITORY_SECONDS = 5.0
_BATCH = 500
_MAX_READ = 5_000
_log = logging.getLogger(__name__)

Place = tuple[str, str, str]


class Catalogue(Protocol):
    """Where manifests lie, as far as the bridge knows; ``store.artifacts.ArtifactStore`` is it."""

    def record(self, registry: str, seen: Iterable[ManifestPath]) -> int:
        """Keep that these lie in the registry; how many places are new or changed."""

    def forget(self, registry: str, places: Collection[Place], *, before: int | None = None) -> int:
        """Drop places, with ``before`` (microseconds) only those not recorded since; how many there were."""

    def places(self, registry: str, *, repository: str, under: str = "") -> Iterator[tuple[str, str, str]]:
        """Path, name and digest of every place in the repository, or below an image."""


@dataclass(frozen=True)
class Compared:
    """What a comparison did. ``hidden`` places are listed no longer and kept: they may be out of sight."""

    added: int = 0
    gone: int = 0
    hidden: int = 0

    def __add__(self, other: Compared) -> Compared:
        return Compared(self.added + other.added, self.gone + other.gone, self.hidden + other.hidden)


class Reader:
    """One registry's items, read with one session; for one thread.

    ``between`` is called between two requests and may raise to end the work there: nothing is half done,
    and what was recorded stays true.
    """

    def __init__(self, registry: Registry, session: Session, catalogue: Catalogue, *, clock: Clock) -> None:
        self._registry = registry
        self._session = session
        self._catalogue = catalogue
        self._clock = clock
        self._repositories = Repositories()
        self._repositories_at = float("-inf")
        self._read: dict[Place, tuple[str, int | None]] = {}

    @property
    def name(self) -> str:
        return self._registry.name

    def poll(
        self, modified_until: int | None, *, keep: Callable[[int], None], between: Callable[[], None]
    ) -> None:
        """Record everything that was modified since, and ``keep`` the cursor after each page.

        The first time there is nothing to read: the cursor is set, and a comparison reads the rest.
        """
        watched = self._watched()
        now = changes.registry_time(self._session)
        if modified_until is None:
            newest = changes.newest(self._session, watched)
            keep(next_cursor(0, [newest or 0], registry_time=now))
            return
        cursor, position = modified_until, first_position(modified_until)
        before, self._read = self._read, {}
        while (page := self._changed(watched, position.since, position.offset)).times:
            between()
            rows = [row for row in page.rows if self._is_watched(watched, row.repository)]
            self._record(row for row in rows if _worth_reading(row, before, now))
            self._remember(rows)
            cursor = next_cursor(cursor, page.times, registry_time=now)
            keep(cursor)
            position = position.after(page.times)
        keep(cursor)

    def look(self, hints: Collection[Hint], *, between: Callable[[], None]) -> None:
        """Read the places again that events hint at, except in repositories that are not watched."""
        watched = self._watched()
        if any(hint.repository not in watched.physical for hint in hints):
            watched = self._watched(seconds=_NEW_REPOSITORY_SECONDS)
        folders: dict[str, set[str]] = {}
        for hint in hints:
            if hint.kind is Kind.READ and hint.repository in watched.physical:
                folders.setdefault(hint.repository, set()).add(hint.path)
        for repository, paths in folders.items():
            for rows in changes.at_places(self._session, repository, paths):
                self._catalogue.record(self.name, rows)
                between()
                self._record_children(rows)
        for hint in hints:
            if hint.kind is Kind.COMPARE and hint.repository in watched.physical and self._knows(hint):
                self._compare(watched, hint.repository, under=hint.path, between=between)

    def compare(self, *, between: Callable[[], None]) -> Compared:
        """Compare every path of every repository with the catalogue, and believe what is gone for sure."""
        watched = self._watched()
        compared = Compared()
        for repository in sorted(watched.physical):
            compared += self._compare(watched, repository, between=between)
        return compared

    def _compare(
        self, watched: Repositories, repository: str, *, between: Callable[[], None], under: str = ""
    ) -> Compared:
        began = self._clock()
        with Comparison() as comparison:
            for rows in self._listed(repository, under, between):
                comparison.listed((row.path, row.name, row.digest) for row in rows)
            comparison.known(self._catalogue.places(self.name, repository=repository, under=under))
            added = 0
            for batch in _batches(path for path, _ in comparison.added()):
                added += self._record_folders(repository, batch)
                between()
            gone, hidden = self._forget_gone(watched, repository, comparison, began, between)
        if added or gone or hidden:
            _log.info(
                "compared registry=%s repository=%r under=%r added=%d gone=%d hidden=%d",
                *(self.name, repository, under, added, gone, hidden),
            )
        return Compared(added, gone, hidden)

    def _listed(
        self, repository: str, under: str, between: Callable[[], None]
    ) -> Iterator[tuple[ManifestPath, ...]]:
        """All pages; a place is given twice where two pages meet."""
        after = ""
        while True:
            page = changes.listed(self._session, repository, under=under, after=after)
            between()
            if page.last_path in {None, after}:
                return
            yield page.rows
            after = str(page.last_path)

    def _forget_gone(
        self,
        watched: Repositories,
        repository: str,
        comparison: Comparison,
        began: int,
        between: Callable[[], None],
    ) -> tuple[int, int]:
        """Forget what is absent; how many places that were, and how many are only hidden."""
        gone = hidden = 0
        sees_repository: bool | None = None
        seen: tuple[str, bool] = ("", False)
        for path, name in comparison.gone():
            between()
            if sees_repository is None:
                sees_repository = changes.sees_folder(self._session, repository, "")
            image = path.rpartition("/")[0]
            if seen[0] != image:
                seen = (image, sees_repository and self._sees_image(comparison, repository, image))
            cached = repository in watched.caches
            if seen[1] and changes.is_absent(self._session, repository, path, name, cached=cached):
                # What was pushed again meanwhile has been recorded since the comparison began.
                gone += self._catalogue.forget(self.name, [(repository, path, name)], before=began)
            else:
                hidden += 1
        return gone, hidden

    def _sees_image(self, comparison: Comparison, repository: str, image: str) -> bool:
        return comparison.lists_image(image) or changes.sees_folder(self._session, repository, image)

    def _record(self, rows: Iterable[ManifestPath]) -> None:
        folders: dict[str, list[str]] = {}
        for row in rows:
            folders.setdefault(row.repository, []).append(row.path)
        for repository, paths in folders.items():
            self._record_folders(repository, paths)

    def _record_folders(self, repository: str, paths: Collection[str]) -> int:
        return sum(
            self._catalogue.record(self.name, rows)
            for rows in changes.at_places(self._session, repository, paths)
        )

    def _record_children(self, rows: Collection[ManifestPath]) -> None:
        """Record the manifests that were pushed with a list: no event tells of them, they have no tag."""
        for row in rows:
            if row.name == MANIFEST_LIST and row.modified is not None:
                watched = Repositories(local=frozenset({row.repository}))
                page = self._changed(watched, first_position(row.modified).since, 0, under=row.image)
                self._record(page.rows)

    def _knows(self, hint: Hint) -> bool:
        known = self._catalogue.places(self.name, repository=hint.repository, under=hint.path)
        return next(known, None) is not None

    def _changed(self, watched: Repositories, since: int, offset: int, *, under: str = "") -> changes.Page:
        return changes.changed(self._session, watched, since=since, offset=offset, under=under)

    def _watched(self, *, seconds: float = REPOSITORIES_SECONDS) -> Repositories:
        if time.monotonic() - self._repositories_at >= seconds:
            self._repositories = changes.repositories(self._session, self._registry)
            self._repositories_at = time.monotonic()
        return self._repositories

    @staticmethod
    def _is_watched(watched: Repositories, repository: str) -> bool:
        return repository in watched.physical or bool(watched.virtual)

    def _remember(self, rows: Iterable[ManifestPath]) -> None:
        for row in rows:
            if len(self._read) < _MAX_READ:
                self._read[row.repository, row.path, row.name] = (row.digest, row.modified)


def _worth_reading(row: ManifestPath, read: dict[Place, tuple[str, int | None]], now: int | None) -> bool:
    """Whether its properties may be new: a pipeline sets them some time after its push."""
    fresh = now is None or row.modified is None or row.modified > now - OVERLAP
    return fresh or read.get((row.repository, row.path, row.name)) != (row.digest, row.modified)


def _batches(paths: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for path in paths:
        batch.append(path)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
