"""Criteria as one function of an item: each value is read once, not once for each item."""

from __future__ import annotations

from collections.abc import Callable

from tests.standin.aql_comparison import comparison
from tests.standin.aql_fields import FIELDS, UnknownField
from tests.standin.aql_parser import All, AnyOf, Criterion, Expression
from tests.standin.model import Item
from tests.standin.store import Store

Predicate = Callable[[Item], bool]


def predicate(where: Expression, store: Store, *, now: float) -> Predicate:
    """Whether an item satisfies the criteria.

    Raises:
        UnknownField: a criterion names no field.
        ValueError: a criterion's value is not of its field's kind.

    """
    if isinstance(where, Criterion):
        return _criterion(where, store, now=now)
    if isinstance(where, AnyOf) and (one_of := _one_of(where)) is not None:
        return one_of
    if isinstance(where, All):
        where, pairs = _without_pairs(where)
        parts = tuple(predicate(part, store, now=now) for part in where.parts)
        parts += (_pair(pairs, now=now),) if pairs else ()
    else:
        parts = tuple(predicate(part, store, now=now) for part in where.parts)
    if len(parts) == 1:
        return parts[0]
    if isinstance(where, All):
        return lambda item: all(part(item) for part in parts)
    return lambda item: any(part(item) for part in parts)


def _without_pairs(where: All) -> tuple[All, tuple[Criterion, ...]]:
    """Criteria on ``property.key`` and ``property.value`` taken out: together they are about one property."""
    flat: list[Expression] = []
    for part in where.parts:
        flat.extend(part.parts if isinstance(part, All) else [part])
    pairs = tuple(
        part
        for part in flat
        if isinstance(part, Criterion) and part.field in {"property.key", "property.value"}
    )
    return All(tuple(part for part in flat if part not in pairs)), pairs


def _pair(criteria: tuple[Criterion, ...], *, now: float) -> Predicate:
    compared = [(criterion.field == "property.key", comparison(criterion, now=now)) for criterion in criteria]

    def holds(item: Item) -> bool:
        pairs = ((key, value) for key, values in item.properties.items() for value in values)
        return any(
            all(compares(key if is_key else value) for is_key, compares in compared) for key, value in pairs
        )

    return holds


def _one_of(where: AnyOf) -> Predicate | None:
    """Many exact values of one text field, as a set."""
    criteria = [
        part
        for part in where.parts
        if isinstance(part, Criterion) and part.comparator == "$eq" and not part.null
    ]
    names = {criterion.field for criterion in criteria}
    if (
        len(criteria) != len(where.parts)
        or len(names) != 1
        or not names <= {"repo", "path", "name", "sha256"}
    ):
        return None
    field, values = FIELDS[names.pop()], frozenset(criterion.value for criterion in criteria)
    return lambda item: field(item) in values


def _criterion(where: Criterion, store: Store, *, now: float) -> Predicate:
    compares = comparison(where, now=now)
    if where.field.startswith("@"):
        return _property(where, compares)
    if where.field in {"property.key", "property.value"}:
        return _pair((where,), now=now)
    if where.field.startswith("artifact.module."):
        values = _build_values(where.field, store)
        return lambda item: any(map(compares, values(item)))
    if where.field not in FIELDS:
        raise UnknownField(where.field)
    field = FIELDS[where.field]
    return lambda item: compares(field(item))


def _property(where: Criterion, compares: Callable[[str], bool]) -> Predicate:
    """A negation holds for an item without the property too."""
    key = where.field[1:]
    holds = all if where.comparator in {"$ne", "$nmatch"} else any
    if key == "*":
        return lambda item: holds(compares(value) for held in item.properties.values() for value in held)
    return lambda item: holds(map(compares, item.properties.get(key, ())))


def _build_values(field: str, store: Store) -> Callable[[Item], list[str]]:
    match field.removeprefix("artifact.module."):
        case "name":
            return lambda item: [module for _, module in store.builds_of(item)]
        case "build.name":
            return lambda item: [build.name for build, _ in store.builds_of(item)]
        case "build.number":
            return lambda item: [build.number for build, _ in store.builds_of(item)]
    raise UnknownField(field)
