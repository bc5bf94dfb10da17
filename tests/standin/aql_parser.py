"""Artifactory Query Language: ``items.find({…}).include(…).sort(…).offset(n).limit(n).transitive()``.

Criteria become a tree of :class:`All`, :class:`AnyOf` and :class:`Criterion`. Names may repeat in one
object; each counts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

COMPARATORS = frozenset({"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$match", "$nmatch", "$last", "$before"})
DOMAINS = frozenset(
    {"items", "builds", "modules", "artifacts", "dependencies", "archives", "entries", "properties", "stats"}
)
_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?)|([A-Za-z_$@*][\w.$@*]*)|([{}\[\]():,.]))')


class AqlSyntaxError(Exception):
    """The query does not parse; ``rest`` is what was left to read."""

    def __init__(self, rest: str) -> None:
        super().__init__(rest)
        self.rest = rest


@dataclass(frozen=True)
class Criterion:
    """``field comparator value``; a field that begins with ``@`` is a property."""

    field: str
    comparator: str
    value: str


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


@dataclass(frozen=True)
class _Object:
    pairs: tuple[tuple[str, object], ...]


def parse_aql(text: str) -> Query:
    """Read a query.

    Raises:
        AqlSyntaxError: it is not one.

    """
    return _Parser(text).query()


class _Parser:
    """One pass over the text; ``position`` is where the next token begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def query(self) -> Query:
        domain = self._name()
        if domain not in DOMAINS:
            raise self._error(0)
        self._take(".")
        if self._name() != "find":
            raise self._error()
        arguments = self._arguments()
        query = Query(domain=domain, where=All(tuple(self._expression(one) for one in arguments)))
        while self.text[self.position :].strip():
            self._take(".")
            query = self._modifier(query)
        return query

    def _modifier(self, query: Query) -> Query:
        start = self.position
        name = self._name()
        arguments = self._arguments()
        match name, arguments:
            case "include", [_, *_] if all(isinstance(field, str) for field in arguments):
                return replace(query, include=tuple(str(field) for field in arguments))
            case "sort", [_Object(pairs=(("$asc" | "$desc" as order, [*fields]),))]:
                return replace(query, sort=tuple(map(str, fields)), descending=order == "$desc")
            case "offset", [int(number)]:
                return replace(query, offset=number)
            case "limit", [int(number)]:
                return replace(query, limit=number)
            case "transitive", []:
                return query
        raise self._error(start)

    def _expression(self, value: object) -> Expression:
        if isinstance(value, list):
            return AnyOf(tuple(self._expression(part) for part in value))
        if not isinstance(value, _Object):
            raise self._error()
        return All(tuple(self._pair(name, inner) for name, inner in value.pairs))

    def _pair(self, name: str, value: object) -> Expression:
        if name in {"$and", "$or"}:
            if not isinstance(value, list):
                raise self._error()
            parts = tuple(self._expression(part) for part in value)
            return All(parts) if name == "$and" else AnyOf(parts)
        if not isinstance(value, _Object):
            return Criterion(name, "$eq", self._plain(value))
        criteria = []
        for comparator, compared in value.pairs:
            if comparator not in COMPARATORS:
                raise self._error(self.text.find(comparator))
            criteria.append(Criterion(name, comparator, self._plain(compared)))
        return criteria[0] if len(criteria) == 1 else All(tuple(criteria))

    def _plain(self, value: object) -> str:
        if isinstance(value, (list, _Object)):
            raise self._error()
        if value is None or isinstance(value, bool):
            return json.dumps(value)
        return str(value)

    def _arguments(self) -> list[object]:
        self._take("(")
        return self._until(")")

    def _until(self, end: str) -> list[object]:
        values: list[object] = []
        if self._peek() == end:
            self._next()
            return values
        while True:
            values.append(self._value())
            if self._separator(end):
                return values

    def _value(self) -> object:
        token = self._peek()
        if token == "{":
            return self._object()
        if token == "[":
            self._next()
            return self._until("]")
        self._next()
        if token[:1] == '"':
            return self._string(token)
        if token in {"true", "false", "null"}:
            return json.loads(token)
        if re.fullmatch(r"-?\d+", token):
            return int(token)
        if re.fullmatch(r"-?\d+\.\d+", token):
            return float(token)
        raise self._error(self.position - len(token))

    def _object(self) -> _Object:
        self._take("{")
        pairs: list[tuple[str, object]] = []
        if self._peek() == "}":
            self._next()
            return _Object(())
        while True:
            name = self._next()
            if name[:1] != '"':
                raise self._error(self.position - len(name))
            self._take(":")
            pairs.append((self._string(name), self._value()))
            if self._separator("}"):
                return _Object(tuple(pairs))

    def _separator(self, end: str) -> bool:
        token = self._next()
        if token not in {",", end}:
            raise self._error(self.position - len(token))
        return token == end

    def _string(self, token: str) -> str:
        try:
            return str(json.loads(token, strict=False))
        except ValueError as error:
            raise self._error(self.position - len(token)) from error

    def _name(self) -> str:
        match = re.compile(r"\s*([A-Za-z]+)").match(self.text, self.position)
        if match is None:
            raise self._error()
        self.position = match.end()
        return match[1]

    def _take(self, token: str) -> None:
        start = self.position
        if self._next() != token:
            raise self._error(start)

    def _peek(self) -> str:
        match = _TOKEN.match(self.text, self.position)
        if match is None:
            raise self._error()
        return match[0].strip()

    def _next(self) -> str:
        token = self._peek()
        match = _TOKEN.match(self.text, self.position)
        self.position = match.end() if match else len(self.text)
        return token

    def _error(self, position: int | None = None) -> AqlSyntaxError:
        return AqlSyntaxError(self.text[self.position if position is None else max(position, 0) :].strip())
