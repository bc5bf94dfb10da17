"""What a registry lists against what the catalogue knows, in bounded memory.

Rows of a registry come in the order of its own database, whose collation is not ours, so two sorted streams
cannot be merged. Both go into a private temporary database instead, on disk beyond its cache.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

_CACHE_KIB = 4 * 1024
_PAGE = 500

# Path, name and digest of a manifest.
Row = tuple[str, str, str]


class Comparison:
    """Collects both sides in any order and with repetitions; the last digest of a place counts."""

    def __init__(self) -> None:
        # An empty name is a temporary file that nobody else sees: sqlite.org/inmemorydb.html#temp_db
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.execute("PRAGMA journal_mode=OFF")
        for side in ("listed", "known"):
            self._database.execute(
                f"CREATE TABLE {side} (path TEXT, name TEXT, digest TEXT, PRIMARY KEY (path, name))"
                " WITHOUT ROWID"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def listed(self, rows: Iterable[Row]) -> None:
        """Add what the registry lists."""
        self._add("listed", rows)

    def known(self, rows: Iterable[Row]) -> None:
        """Add what the catalogue knows."""
        self._add("known", rows)

    def added(self) -> Iterator[str]:
        """Paths at which something is listed and not known, or known with another digest."""
        return self._paths("SELECT * FROM listed EXCEPT SELECT * FROM known")

    def unchanged(self) -> Iterator[str]:
        """Paths at which something is listed as it is known."""
        return self._paths("SELECT * FROM listed INTERSECT SELECT * FROM known")

    def gone(self) -> Iterator[tuple[str, str]]:
        """Path and name of places that are known and not listed."""
        return self._rows(
            "SELECT path, name FROM known EXCEPT SELECT path, name FROM listed ORDER BY path, name"
        )

    def lists_image(self, image: str) -> bool:
        """Whether a manifest is listed in a folder right below ``image``."""
        below = "path > ? || '/' AND path < ? || '0' AND instr(substr(path, ?), '/') = 0"
        query = f"SELECT EXISTS (SELECT 1 FROM listed WHERE {below})"  # noqa: S608
        (found,) = self._database.execute(query, (image, image, len(image) + 2)).fetchone()
        return bool(found)

    def _add(self, side: str, rows: Iterable[Row]) -> None:
        self._database.execute("BEGIN")
        self._database.executemany(f"INSERT OR REPLACE INTO {side} VALUES (?, ?, ?)", rows)  # noqa: S608
        self._database.execute("COMMIT")

    def _paths(self, places: str) -> Iterator[str]:
        for (path,) in self._rows(f"SELECT DISTINCT path FROM ({places}) ORDER BY path"):  # noqa: S608
            yield path

    def _rows(self, query: str) -> Iterator[Any]:
        cursor = self._database.execute(query)
        while page := cursor.fetchmany(_PAGE):
            yield from page
