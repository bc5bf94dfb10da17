"""Which items a parsed query finds, and how its rows look."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.standin.aql_comparison import compares
from tests.standin.aql_parser import All, AnyOf, Criterion, Expression, Query
from tests.standin.model import Item
from tests.standin.store import Store

_FIELDS: dict[str, Callable[[Item], str | float | None]] = {
    "repo": lambda item: item.repo,
    "path": lambda item: (item.parent or ".") if item.path else ".",
    "name": lambda item: item.name,
    "type": lambda item: "folder" if item.folder else "file",
    "size": lambda item: item.size,
    "depth": lambda item: item.path.count("/") + 1 if item.path else 0,
    "created": lambda item: item.created,
    "created_by": lambda item: item.created_by,
    "modified": lambda item: item.modified,
    "modified_by": lambda item: item.modified_by,
    "updated": lambda item: item.modified,
    "props_modified": lambda item: item.props_modified,
    "sha256": lambda item: item.sha256,
    "actual_sha1": lambda item: item.sha1,
    "original_sha1": lambda item: item.sha1,
    "actual_md5": lambda item: item.md5,
    "original_md5": lambda item: item.md5,
    "stat.downloads": lambda item: item.downloads,
    "stat.downloaded": lambda item: item.downloaded,
    "stat.downloaded_by": lambda item: item.downloaded_by,
}
ITEM_FIELDS = frozenset(name for name in _FIELDS if not name.startswith("stat."))


class UnknownField(Exception):
    """A criterion names no field of its domain."""


@dataclass
class Search:
    """One query against a store, at one moment."""

    store: Store
    query: Query
    now: float

    def items(self) -> list[Item]:
        """Every item that the criteria hold for, files only unless they say a type."""
        self._check(self.query.where)
        where = self._expanded(self.query.where)
        typed = any(criterion.field == "type" for criterion in criteria_of(self.query.where))
        candidates = self._candidates(where)
        pool = self.store.every_item() if candidates is None else candidates
        found = [item for item in pool if (typed or not item.folder) and self._holds(where, item)]
        for name in reversed(self.query.sort):
            field = _FIELDS.get(name)
            if field is None:
                raise UnknownField(name)
            found.sort(key=lambda item: (field(item) is not None, field(item)), reverse=self.query.descending)
        return found

    def _check(self, where: Expression) -> None:
        for criterion in criteria_of(where):
            known = criterion.field in _FIELDS or criterion.field.startswith(("@", "property."))
            if not known and not criterion.field.startswith("artifact.module."):
                raise UnknownField(criterion.field)

    def _expanded(self, where: Expression) -> Expression:
        """A virtual repository's key stands for those that really hold the items (facts §1)."""
        if isinstance(where, (All, AnyOf)):
            return type(where)(tuple(self._expanded(part) for part in where.parts))
        repository = self.store.repositories.get(where.value)
        if (
            where.field == "repo"
            and where.comparator == "$eq"
            and repository
            and repository.rclass == "virtual"
        ):
            keys = self.store.physical(where.value)
            return AnyOf(tuple(Criterion("repo", "$eq", key) for key in keys))
        if where.field == "type" and where.value == "any":
            return All(())
        return where

    # Candidates: the smallest set that an index can name, None for everything

    def _candidates(self, where: Expression) -> dict[Item, None] | None:
        if isinstance(where, Criterion):
            return self._indexed(where)
        parts = [self._candidates(part) for part in where.parts]
        if isinstance(where, All):
            known = [part for part in parts if part is not None]
            return min(known, key=len, default=None)
        if any(part is None for part in parts):
            return None
        return {item: None for part in parts for item in part or ()}

    def _indexed(self, criterion: Criterion) -> dict[Item, None] | None:
        field, value = criterion.field, criterion.value
        exact = criterion.comparator == "$eq"
        if exact and field == "sha256":
            return dict.fromkeys(self.store.with_sha256(value))
        if exact and field.startswith("@") and field != "@*":
            return dict.fromkeys(self.store.with_property(field[1:], value))
        if exact and field == "path":
            return dict.fromkeys(self._children("" if value == "." else value))
        if criterion.comparator == "$match" and field == "path":
            return self._under(value)
        return None

    def _children(self, folder: str) -> Iterable[Item]:
        for tree in self.store.trees.values():
            if folder in tree:
                yield from tree[folder].children.values()
                if not folder:
                    yield tree[""]

    def _under(self, pattern: str) -> dict[Item, None] | None:
        literal = re.split(r"[*?]", pattern, maxsplit=1)[0]
        folder = literal if literal == pattern else literal.rpartition("/")[0]
        if not folder or folder == ".":
            return None
        tops = [tree[folder] for tree in self.store.trees.values() if folder in tree]
        return {item: None for top in tops for item in self.store.below(top)}

    # Whether a criterion holds

    def _holds(self, where: Expression, item: Item) -> bool:
        if isinstance(where, All):
            return all(self._holds(part, item) for part in where.parts)
        if isinstance(where, AnyOf):
            return any(self._holds(part, item) for part in where.parts)
        if where.field.startswith("@"):
            return self._property_holds(where, item)
        if where.field in {"property.key", "property.value"}:
            named = item.properties
            values = (
                list(named) if where.field == "property.key" else [v for vs in named.values() for v in vs]
            )
            return any(compares(where, value, now=self.now) for value in values)
        if where.field.startswith("artifact.module."):
            return any(
                compares(where, value, now=self.now) for value in self._build_values(where.field, item)
            )
        return compares(where, _FIELDS[where.field](item), now=self.now)

    def _property_holds(self, where: Criterion, item: Item) -> bool:
        """A negation holds for an item without the property too."""
        key = where.field[1:]
        if key == "*":
            values = [value for held in item.properties.values() for value in held]
        else:
            values = item.properties.get(key, [])
        if where.comparator in {"$ne", "$nmatch"}:
            return all(compares(where, value, now=self.now) for value in values)
        return any(compares(where, value, now=self.now) for value in values)

    def _build_values(self, field: str, item: Item) -> list[str]:
        builds = self.store.builds_of(item)
        match field.removeprefix("artifact.module."):
            case "name":
                return [module for _, module in builds]
            case "build.name":
                return [build.name for build, _ in builds]
            case "build.number":
                return [build.number for build, _ in builds]
        raise UnknownField(field)


def criteria_of(where: Expression) -> Iterable[Criterion]:
    """Every single criterion of an expression."""
    if isinstance(where, Criterion):
        yield where
    else:
        for part in where.parts:
            yield from criteria_of(part)


def item_field(item: Item, name: str) -> str | float | None:
    """The value of one of an item's fields."""
    return _FIELDS[name](item)
