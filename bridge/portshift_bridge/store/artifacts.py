"""What the registries hold: recording where manifests lie, what they are, and that they are gone.

Every write is a transaction of at most ``BATCH`` places, so that a comparison of a million paths neither
fills the memory nor keeps other writers waiting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as insert_or_ignore

from portshift_bridge.clock import SECOND, Clock
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.store.artifact_rows import manifest_path, place_row, says_the_same
from portshift_bridge.store.connected import is_connected
from portshift_bridge.store.database import Database
from portshift_bridge.store.schema import artifact_children, artifact_paths, artifacts

BATCH = 1_000
# A manifest whose content could not be read is given out again after this time.
RETRY_AFTER = 3_600 * SECOND

Place = tuple[str, str, str]


class ArtifactStore:
    """Manifests by digest, and every place in every registry where they lie."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def record(self, registry: str, seen: Iterable[ManifestPath]) -> int:
        """Keep that these manifests lie in ``registry`` now; return how many places are new or changed.

        Nothing is kept of a registry that was removed while it was asked.
        A sighting without ``modified`` says only which digest lies there: where that is known already, the
        times and properties that are kept stay as they are.
        """
        return sum(self._record(registry, batch) for batch in _batches(seen))

    def refresh(self, registry: str, seen: Iterable[ManifestPath]) -> int:
        """Like ``record``, for what is known to lie there: what says the same is read, and never written."""
        return sum(self.record(registry, self._changed(registry, batch)) for batch in _batches(seen))

    def describe(
        self,
        digest: str,
        *,
        media_type: str,
        size: int | None,
        platforms: Sequence[str],
        labels: Mapping[str, str],
        children: Sequence[tuple[str, str | None]],
    ) -> None:
        """Keep what a manifest is; it never changes. Nothing happens for a digest that nobody recorded.

        ``size`` is the bytes of configuration and layers; platforms are written
        ``os/architecture[/variant]``; ``children`` are a list's manifests in its order, each with its
        platform.
        """
        values = {
            "media_type": media_type,
            "size": size,
            "platforms": list(platforms),
            "labels": dict(labels),
        }
        with self._database.write() as connection:
            key = connection.scalar(select(artifacts.c.key).where(artifacts.c.digest == digest))
            if key is None:
                return
            connection.execute(update(artifacts).where(artifacts.c.key == key).values(**values))
            connection.execute(delete(artifact_children).where(artifact_children.c.artifact_key == key))
            rows = [
                {"artifact_key": key, "position": position, "digest": child, "platform": platform}
                for position, (child, platform) in enumerate(children)
            ]
            if rows:
                connection.execute(insert(artifact_children), rows)

    def undescribed(self, *, registry: str, limit: int) -> tuple[ManifestPath, ...]:
        """Up to ``limit`` manifests of the registry that nobody described, each at one of its places.

        Each is given out once an hour, however many ask, so what cannot be read holds up nothing else.
        """
        now = self._clock()
        waiting = (
            select(artifact_paths, artifacts.c.digest)
            .join(artifacts, artifacts.c.key == artifact_paths.c.artifact_key)
            .where(artifacts.c.media_type.is_(None), artifacts.c.tried_at <= now - RETRY_AFTER)
            .where(artifact_paths.c.registry == registry)
            .order_by(artifacts.c.tried_at, artifacts.c.key)
            # An artifact may lie at many places: a few more rows than artifacts wanted.
            .limit(limit * 2)
        )
        with self._database.write() as connection:
            rows: dict[int, Row[Any]] = {}
            for row in connection.execute(waiting):
                rows.setdefault(row.artifact_key, row)
            given = list(rows.values())[:limit]
            for batch in _batches(row.artifact_key for row in given):
                tried = update(artifacts).where(artifacts.c.key.in_(batch))
                connection.execute(tried.values(tried_at=now))
        return tuple(manifest_path(row, row.digest) for row in given)

    def forget(self, registry: str, places: Collection[Place], *, before: int | None = None) -> int:
        """Drop ``(repository, path, name)`` of the registry; return how many were there.

        With ``before`` (microseconds) only what was not seen since. The artifact itself stays known.
        """
        return sum(self._forget(registry, batch, before) for batch in _batches(places))

    def places(self, registry: str, *, repository: str, under: str = "") -> Iterator[tuple[str, str, str]]:
        """Path, name and digest of every place in the repository, by path and name.

        ``under`` is an image's path: only its own tags and children, and those of images below it. Read in
        pages: what is recorded or forgotten meanwhile may or may not be among them.
        """
        column = artifact_paths.c
        query = (
            select(column.path, column.name, artifacts.c.digest)
            .join(artifacts, artifacts.c.key == column.artifact_key)
            .where(column.registry == registry, column.repository == repository)
            .order_by(column.path, column.name)
            .limit(BATCH)
        )
        if under:
            # '0' follows '/': the range of the paths below it.
            query = query.where(column.path >= f"{under}/", column.path < f"{under}0")
        after = ("", "")
        while True:
            with self._database.read() as connection:
                following = query.where(tuple_(column.path, column.name) > after)
                rows = connection.execute(following).all()
            for row in rows:
                yield row.path, row.name, row.digest
            if len(rows) < BATCH:
                return
            after = (rows[-1].path, rows[-1].name)

    def remove_registry(self, registry: str) -> None:
        """Drop every place of the registry."""
        some = select(artifact_paths.c.key).where(artifact_paths.c.registry == registry).limit(BATCH)
        while True:
            with self._database.write() as connection:
                gone = connection.execute(delete(artifact_paths).where(artifact_paths.c.key.in_(some)))
            if gone.rowcount < BATCH:
                return

    def purge(self, *, before: int) -> int:
        """Drop up to ``BATCH`` artifacts first seen before then that lie nowhere; return how many."""
        placed = select(artifact_paths.c.key).where(artifact_paths.c.artifact_key == artifacts.c.key)
        old = select(artifacts.c.key).where(artifacts.c.first_seen_at < before, ~placed.exists())
        with self._database.read() as connection:
            keys = connection.scalars(old.order_by(artifacts.c.first_seen_at).limit(BATCH)).all()
        if not keys:
            return 0
        with self._database.write() as connection:
            # One may have been recorded again since.
            gone = delete(artifacts).where(artifacts.c.key.in_(keys), ~placed.exists())
            return connection.execute(gone).rowcount

    def _changed(self, registry: str, batch: Sequence[ManifestPath]) -> list[ManifestPath]:
        with self._database.read() as connection:
            rows = _known(connection, registry, batch)
        known = {place: manifest_path(row, row.digest) for place, row in rows.items()}
        return [item for item in batch if known.get((item.repository, item.path, item.name)) != item]

    def _record(self, registry: str, batch: Sequence[ManifestPath]) -> int:
        now = self._clock()
        # The last sighting of a place counts.
        seen = {(item.repository, item.path, item.name): item for item in batch}
        with self._database.write() as connection:
            if not is_connected(connection, registry):
                return 0
            keys = _artifact_keys(connection, {item.digest for item in seen.values()}, now)
            known = _known(connection, registry, seen.values())
            new, changed, same = [], [], []
            for place, item in seen.items():
                row = place_row(registry, item, artifact_key=keys[item.digest], seen_at=now)
                before = known.get(place)
                if before is None:
                    new.append(row)
                elif says_the_same(before, row):
                    same.append(before.key)
                else:
                    changed.append({"_key": before.key, **row})
            if new:
                connection.execute(insert(artifact_paths), new)
            if changed:
                place_of = artifact_paths.c.key == bindparam("_key")
                connection.execute(update(artifact_paths).where(place_of), changed)
            if same:
                still = update(artifact_paths).where(artifact_paths.c.key.in_(same))
                connection.execute(still.values(seen_at=now))
        return len(new) + len(changed)

    def _forget(self, registry: str, batch: Sequence[Place], before: int | None) -> int:
        paths: dict[tuple[str, str], list[str]] = defaultdict(list)
        for repository, path, name in batch:
            paths[repository, name].append(path)
        column = artifact_paths.c
        count = 0
        with self._database.write() as connection:
            for (repository, name), gone in paths.items():
                drop = delete(artifact_paths).where(
                    column.registry == registry,
                    column.repository == repository,
                    column.path.in_(gone),
                    column.name == name,
                )
                if before is not None:
                    drop = drop.where(column.seen_at < before)
                count += connection.execute(drop).rowcount
        return count


def _artifact_keys(connection: Connection, digests: Collection[str], now: int) -> dict[str, int]:
    wanted = sorted(digests)
    blank = {"platforms": [], "labels": {}, "first_seen_at": now, "tried_at": 0}
    statement = insert_or_ignore(artifacts).on_conflict_do_nothing(index_elements=["digest"])
    connection.execute(statement, [{"digest": digest, **blank} for digest in wanted])
    found = select(artifacts.c.digest, artifacts.c.key).where(artifacts.c.digest.in_(wanted))
    return {row.digest: row.key for row in connection.execute(found)}


def _known(connection: Connection, registry: str, items: Collection[ManifestPath]) -> dict[Place, Row[Any]]:
    paths: dict[str, set[str]] = defaultdict(set)
    for item in items:
        paths[item.repository].add(item.path)
    found = {}
    for repository, wanted in paths.items():
        query = (
            select(artifact_paths, artifacts.c.digest)
            .join(artifacts)
            .where(
                artifact_paths.c.registry == registry,
                artifact_paths.c.repository == repository,
                artifact_paths.c.path.in_(sorted(wanted)),
            )
        )
        for row in connection.execute(query):
            found[row.repository, row.path, row.name] = row
    return found


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
