"""Reading one registry into the catalogue: what changed, what an event hints at, and all there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from portshift_bridge.clock import Clock
from portshift_bridge.registries import changes
from portshift_bridge.registries.aql import MANIFEST_LIST
from portshift_bridge.registries.changes import Repositories
from portshift_bridge.registries.model import Registry
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.session import Session
from portshift_bridge.watching.catalogue import Catalogue, Place
from portshift_bridge.watching.comparing import Compared, Comparer
from portshift_bridge.watching.cursor import OVERLAP, Cursor, first_position, next_cursor
from portshift_bridge.watching.events import Hint, Kind

# How old the list of repositories may be; less for an event that names one which is not in it.
REPOSITORIES_SECONDS = 60.0
_NEW_REPOSITORY_SECONDS = 5.0
_MAX_READ = 5_000

Between = Callable[[], None]


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
        # Until the server says that it does not know when properties were changed.
        self._tells_properties = True

    @property
    def name(self) -> str:
        return self._registry.name

    def poll(self, cursor: Cursor | None, *, keep: Callable[[Cursor], None], between: Between) -> None:
        """Record everything that was changed since, and ``keep`` how far that is after each page.

        The first time there is nothing to read: the cursor is set, and a comparison reads the rest.
        """
        watched = self._watched()
        now = changes.registry_time(self._session)
        if cursor is None:
            newest = changes.newest(self._session, watched)
            keep(Cursor(next_cursor(0, [newest or 0], registry_time=now), now))
            return
        cursor = self._poll_items(watched, cursor, now, keep, between)
        if cursor.properties_until is not None and now is not None and self._tells_properties:
            self._poll_properties(watched, cursor.properties_until, between)
        keep(replace(cursor, properties_until=now))

    def look(self, hints: Collection[Hint], *, between: Between) -> None:
        """Read the places again that events hint at, except in repositories that are not watched."""
        watched = self._watched()
        if any(hint.repository not in watched.physical for hint in hints):
            watched = self._watched(seconds=_NEW_REPOSITORY_SECONDS)
        hints = [hint for hint in hints if hint.repository in watched.physical]
        self._read_tags([hint for hint in hints if hint.kind is Kind.READ], between)
        comparer = self._comparer(between)
        for hint in hints:
            if hint.kind is Kind.COMPARE and self._knows(hint):
                comparer.compare(watched, hint.repository, image=hint.path)

    def compare(self, *, between: Between) -> Compared:
        """Compare every path of every repository with the catalogue, and believe what is gone for sure."""
        # Artifactory may have been upgraded since it was asked last.
        self._tells_properties = True
        watched, comparer = self._watched(), self._comparer(between)
        compared = Compared()
        for repository in sorted(watched.physical):
            compared += comparer.compare(watched, repository)
        return compared

    def _poll_items(
        self,
        watched: Repositories,
        cursor: Cursor,
        now: int | None,
        keep: Callable[[Cursor], None],
        between: Between,
    ) -> Cursor:
        position = first_position(cursor.modified_until)
        before, self._read = self._read, {}
        while (page := self._changed(watched, position.since, position.offset)).times:
            between()
            rows = _watched_rows(watched, page.rows)
            self._record([row for row in rows if self._worth_reading(row, before, now)], between)
            self._remember(rows)
            until = next_cursor(cursor.modified_until, page.times, registry_time=now)
            cursor = replace(cursor, modified_until=until)
            keep(cursor)
            position = position.after(page.times)
        return cursor

    def _poll_properties(self, watched: Repositories, until: int, between: Between) -> None:
        """Read what was annotated since; what slips between two pages is found by the comparison."""
        since, offset = first_position(until).since, 0
        while (page := changes.annotated(self._session, watched, since=since, offset=offset)) is not None:
            between()
            self._record(_watched_rows(watched, page.rows), between)
            offset += len(page.times)
            if not page.times:
                return
        self._tells_properties = False

    def _read_tags(self, hints: Iterable[Hint], between: Between) -> None:
        folders: dict[str, set[str]] = {}
        for hint in hints:
            folders.setdefault(hint.repository, set()).add(hint.path)
        for repository, paths in folders.items():
            for rows in changes.at_places(self._session, repository, sorted(paths)):
                self._catalogue.record(self.name, rows)
                between()
                self._record_children(rows, between)

    def _record(self, rows: Iterable[ManifestPath], between: Between) -> None:
        """Read the rows' folders again, with their properties."""
        folders: dict[str, set[str]] = {}
        for row in rows:
            folders.setdefault(row.repository, set()).add(row.path)
        for repository, paths in folders.items():
            for found in changes.at_places(self._session, repository, sorted(paths)):
                self._catalogue.record(self.name, found)
                between()

    def _record_children(self, rows: Collection[ManifestPath], between: Between) -> None:
        """Record the manifests that were pushed with a list: no event tells of them, they have no tag."""
        for row in rows:
            if row.name == MANIFEST_LIST and row.modified is not None:
                watched = Repositories(local=frozenset({row.repository}))
                page = self._changed(watched, first_position(row.modified).since, 0, under=row.image)
                self._record(page.rows, between)

    def _comparer(self, between: Between) -> Comparer:
        return Comparer(self.name, self._session, self._catalogue, self._clock, between)

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

    def _worth_reading(
        self, row: ManifestPath, read: dict[Place, tuple[str, int | None]], now: int | None
    ) -> bool:
        """Whether it is new, or may have new properties untold: a pipeline sets them after its push."""
        fresh = now is None or row.modified is None or row.modified > now - OVERLAP
        if fresh and (now is None or not self._tells_properties):
            return True
        return read.get((row.repository, row.path, row.name)) != (row.digest, row.modified)

    def _remember(self, rows: Iterable[ManifestPath]) -> None:
        for row in rows:
            if len(self._read) < _MAX_READ:
                self._read[row.repository, row.path, row.name] = (row.digest, row.modified)


def _watched_rows(watched: Repositories, rows: Iterable[ManifestPath]) -> list[ManifestPath]:
    """Those in watched repositories; behind a virtual whose members are hidden, any may be."""
    return [row for row in rows if watched.virtual or row.repository in watched.physical]
