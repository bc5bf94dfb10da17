"""The few items that a query can be about at all, from the store's indexes."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from tests.standin.aql_comparison import number_of
from tests.standin.aql_parser import All, Criterion, Expression
from tests.standin.model import Item
from tests.standin.store import Store

_BELOW_A_FOLDER = 8  # a guess for each child: what lies below a folder is not counted beforehand


class Candidates:
    """Picks the criterion that leaves the fewest items."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def of(self, where: Expression) -> Iterable[Item]:
        """Items among which are all that satisfy the criteria, each once."""
        return self.store.every_item() if self._size(where) is None else self._pick(where)

    def by_modified(self, where: Expression, *, enough: int, descending: bool) -> Iterator[Item] | None:
        """The same in order of ``modified``; None where that is the longer way to ``enough`` of them."""
        listed = self.store.by_modified()
        positions = range(self._first(where), len(listed))
        size = self._size(where)
        if size is not None and size * size < enough * len(positions):
            return None
        return (listed[position] for position in (reversed(positions) if descending else positions))

    def _first(self, where: Expression) -> int:
        """The position of the earliest item that criteria on ``modified`` allow."""
        if isinstance(where, Criterion):
            return self._since(where) if _is_since(where) else 0
        if isinstance(where, All):
            return max(map(self._first, where.parts), default=0)
        return 0

    def _since(self, where: Criterion) -> int:
        return bisect_left(self.store.by_modified(), number_of(where), key=lambda item: item.modified)

    def _size(self, where: Expression) -> int | None:
        """How many items an index names, about; None when there is no index for it."""
        if isinstance(where, Criterion):
            return self._indexed_size(where)
        sizes = [self._size(part) for part in where.parts]
        known = [size for size in sizes if size is not None]
        if isinstance(where, All):
            return min(known, default=None)
        return sum(known) if len(known) == len(sizes) else None

    def _pick(self, where: Expression) -> Iterable[Item]:
        if isinstance(where, Criterion):
            return self._indexed(where)
        if isinstance(where, All):
            sized = [(size, part) for part in where.parts if (size := self._size(part)) is not None]
            return self._pick(min(sized, key=lambda pair: pair[0])[1])
        return {item: None for part in where.parts for item in self._pick(part)}

    def _indexed_size(self, where: Criterion) -> int | None:
        if where.null:
            return None
        if _is_since(where):
            return len(self.store.by_modified()) - self._since(where)
        if where.field == "path" and where.comparator == "$match":
            tops = self._tops(where.value)
            return None if tops is None else sum(_BELOW_A_FOLDER * len(top.children) + 1 for top in tops)
        if where.comparator != "$eq":
            return None
        if where.field == "path":
            return sum(len(folder.children) + 1 for folder in self._folders(where.value))
        held = self._held(where)
        return None if held is None else len(held)

    def _indexed(self, where: Criterion) -> Iterable[Item]:
        if _is_since(where):
            return self.store.by_modified()[self._since(where) :]
        if where.field == "path" and where.comparator == "$match":
            return [item for top in self._tops(where.value) or () for item in self.store.below(top)]
        if where.field == "path":
            folders = self._folders(where.value)
            roots = [folder for folder in folders if not folder.path]
            return [*roots, *(child for folder in folders for child in folder.children.values())]
        return self._held(where) or ()

    def _held(self, where: Criterion) -> dict[Item, None] | None:
        """What the store has under one exact value."""
        match where.field:
            case "repo":
                return self.store.in_repository(where.value)
            case "name":
                return self.store.with_name(where.value)
            case "sha256":
                return self.store.with_sha256(where.value)
        is_property = where.field.startswith("@") and where.field != "@*"
        return self.store.with_property(where.field[1:], where.value) if is_property else None

    def _folders(self, path: str) -> list[Item]:
        wanted = "" if path == "." else path
        return [tree[wanted] for tree in self.store.trees.values() if wanted in tree]

    def _tops(self, pattern: str) -> list[Item] | None:
        """The folders below which everything lies that a pattern can match."""
        literal = re.split(r"[*?]", pattern, maxsplit=1)[0]
        folder = literal if literal == pattern else literal.rpartition("/")[0]
        if not folder or folder == ".":
            return None
        return [tree[folder] for tree in self.store.trees.values() if folder in tree]


def _is_since(where: Criterion) -> bool:
    return where.field in {"modified", "updated"} and where.comparator in {"$gt", "$gte"} and not where.null
