"""Artifactory Query Language: ``items.find({…}).include(…).sort(…).offset(n).limit(n).transitive()``.

Criteria become a tree of :class:`All`, :class:`AnyOf` and :class:`Criterion`. A name may be repeated in
one object; each time counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tests.standin.aql_tokens import AqlSyntaxError, Tokens

COMPARATORS = frozenset({"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$match", "$nmatch", "$last", "$before"})
DOMAINS = (
    "items",
    "builds",
    "modules",
    "artifacts",
    "dependencies",
    "archives",
    "entries",
    "properties",
    "stats",
    "releases",
)


@dataclass(frozen=True)
class Criterion:
    """``field comparator value``; a field that begins with ``@`` is a property; ``null`` is no value."""

    field: str
    comparator: str
    value: str
    null: bool = False


@dataclass(frozen=True)
class All:
    """Every one of them holds."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one of them holds."""

    parts: tuple[Expression, ...]


Expression = Criterion | All | AnyOf


@dataclass(frozen=True)
class Query:
    """A parsed query."""

    domain: str
    where: Expression
    include: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    descending: bool = False
    offset: int = 0
    limit: int | None = None


def parse_aql(text: str) -> Query:
    """Read a query.

    Raises:
        AqlSyntaxError: it is not one.

    """
    tokens = Tokens(text)
    try:
        domain = tokens.take(*DOMAINS)
        tokens.take(".")
        tokens.take("find")
        query = Query(domain=domain, where=_criteria(tokens))
        while not tokens.ended:
            tokens.take(".")
            query = _modified(tokens, query)
    except RecursionError as error:
        raise AqlSyntaxError(text) from error
    return query


def _criteria(tokens: Tokens) -> Expression:
    """``(…)``, empty or with objects that all hold."""
    tokens.take("(")
    if tokens.peek() == ")":
        tokens.next()
        return All(())
    parts = [_expression(tokens)]
    while tokens.take(",", ")") == ",":
        parts.append(_expression(tokens))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _expression(tokens: Tokens) -> Expression:
    """``{name: …, name: …}``: all of them hold."""
    tokens.take("{")
    if tokens.peek() == "}":
        tokens.next()
        return All(())
    parts = [_pair(tokens)]
    while tokens.take(",", "}") == ",":
        parts.append(_pair(tokens))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _pair(tokens: Tokens) -> Expression:
    name = tokens.string()
    tokens.take(":")
    if name in {"$and", "$or"}:
        parts = _expressions(tokens)
        return All(parts) if name == "$and" else AnyOf(parts)
    if tokens.peek() != "{":
        return _criterion(tokens, name, "$eq")
    tokens.next()
    criteria = [_comparison(tokens, name)]
    while tokens.take(",", "}") == ",":
        criteria.append(_comparison(tokens, name))
    return criteria[0] if len(criteria) == 1 else All(tuple(criteria))


def _expressions(tokens: Tokens) -> tuple[Expression, ...]:
    tokens.take("[")
    parts = [_expression(tokens)]
    while tokens.take(",", "]") == ",":
        parts.append(_expression(tokens))
    return tuple(parts)


def _comparison(tokens: Tokens, field: str) -> Criterion:
    problem = tokens.error()
    comparator = tokens.string()
    if comparator not in COMPARATORS:
        raise problem
    tokens.take(":")
    return _criterion(tokens, field, comparator)


def _criterion(tokens: Tokens, field: str, comparator: str) -> Criterion:
    null = tokens.peek() == "null"
    return Criterion(field, comparator, _value(tokens), null=null)


def _value(tokens: Tokens) -> str:
    token = tokens.peek()
    if token[:1] == '"':
        return tokens.string()
    if token in {"true", "false", "null"} or re.fullmatch(r"-?\d+(\.\d+)?", token):
        return tokens.next()
    raise tokens.error()


def _modified(tokens: Tokens, query: Query) -> Query:
    match tokens.take("include", "sort", "offset", "limit", "transitive"):
        case "include":
            return replace(query, include=_strings(tokens, "(", ")"))
        case "sort":
            return _sorted(tokens, query)
        case "offset":
            return replace(query, offset=_number(tokens))
        case "limit":
            return replace(query, limit=_number(tokens))
    tokens.take("(")
    tokens.take(")")
    return query


def _sorted(tokens: Tokens, query: Query) -> Query:
    tokens.take("(")
    tokens.take("{")
    order = tokens.take('"$asc"', '"$desc"')
    tokens.take(":")
    fields = _strings(tokens, "[", "]")
    tokens.take("}")
    tokens.take(")")
    return replace(query, sort=fields, descending=order == '"$desc"')


def _strings(tokens: Tokens, opening: str, closing: str) -> tuple[str, ...]:
    tokens.take(opening)
    found = [tokens.string()]
    while tokens.take(",", closing) == ",":
        found.append(tokens.string())
    return tuple(found)


def _number(tokens: Tokens) -> int:
    tokens.take("(")
    if not tokens.peek().isdigit():
        raise tokens.error()
    number = int(tokens.next())
    tokens.take(")")
    return number
