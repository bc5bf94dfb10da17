"""Which items a parsed query finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.standin.aql_fields import FIELDS, UnknownField
from tests.standin.aql_index import Candidates
from tests.standin.aql_parser import All, AnyOf, Criterion, Expression, Query
from tests.standin.aql_predicate import Predicate, predicate
from tests.standin.model import Item
from tests.standin.store import Store


@dataclass
class Search:
    """One query against a store, at one moment."""

    store: Store
    query: Query
    now: float

    def items(self, visible: Predicate) -> list[Item]:
        """Visible items that the criteria hold for, in order; files only unless the criteria say a type.

        With a limit and an order by ``modified`` the list may end once it is long enough.

        Raises:
            UnknownField: a criterion or the order names no field.
            ValueError: a criterion's value is not of its field's kind.

        """
        self._check(self.query.where)
        where = self._expanded(self.query.where)
        holds = predicate(where, self.store, now=self.now)
        typed = any(criterion.field == "type" for criterion in criteria_of(self.query.where))

        def wanted(item: Item) -> bool:
            return (typed or not item.folder) and holds(item) and visible(item)

        found = self._first_by_modified(where, wanted)
        if found is None:
            found = [item for item in Candidates(self.store).of(where) if wanted(item)]
        for name in reversed(self.query.sort):
            field = FIELDS.get(name)
            if field is None:
                raise UnknownField(name)
            found.sort(key=lambda item: (field(item) is not None, field(item)), reverse=self.query.descending)
        return found

    def _first_by_modified(self, where: Expression, wanted: Predicate) -> list[Item] | None:
        """The first as many as the limit asks for, with those that were modified with the last of them."""
        if self.query.limit is None or self.query.sort[:1] not in {("modified",), ("updated",)}:
            return None
        enough = self.query.offset + self.query.limit
        candidates = Candidates(self.store)
        ordered = candidates.by_modified(where, enough=enough, descending=self.query.descending)
        if ordered is None:
            return None
        found: list[Item] = []
        for item in ordered:
            if len(found) >= enough and (not found or item.modified != found[-1].modified):
                break
            if wanted(item):
                found.append(item)
        return found

    def _check(self, where: Expression) -> None:
        for criterion in criteria_of(where):
            known = criterion.field in FIELDS or criterion.field.startswith(("@", "property."))
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


def criteria_of(where: Expression) -> Iterable[Criterion]:
    """Every single criterion of an expression."""
    if isinstance(where, Criterion):
        yield where
    else:
        for part in where.parts:
            yield from criteria_of(part)
