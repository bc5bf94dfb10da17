"""``/api/search``: AQL and the checksum search (facts §2)."""

from __future__ import annotations

import re
from typing import TypeVar

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request
from tests.standin.aql import Search, criteria_of
from tests.standin.aql_fields import ITEM_FIELDS, UnknownField, item_field
from tests.standin.aql_parser import Query, parse_aql
from tests.standin.aql_tokens import AqlSyntaxError
from tests.standin.conjure import Conjurer
from tests.standin.model import Build, Item
from tests.standin.storage import Storage, timestamp
from tests.standin.store import Store
from tests.standin.switches import Switches

QUERY_LIMIT = 6000
DEFAULT_FIELDS = (
    "repo",
    "path",
    "name",
    "type",
    "size",
    "created",
    "created_by",
    "modified",
    "modified_by",
    "updated",
)
_TIMES = frozenset({"created", "modified", "updated", "props_modified"})
Row = dict[str, object]
T = TypeVar("T")


class Searches:
    """The search endpoints."""

    def __init__(
        self,
        store: Store,
        access: Access,
        switches: Switches,
        storage: Storage,
        conjurer: Conjurer | None = None,
    ) -> None:
        self.conjurer = conjurer
        self.store = store
        self.access = access
        self.switches = switches
        self.storage = storage

    def aql(self, request: Request) -> Answer:
        """Raises Refusal: 403 anonymous, 400 too long, unparsable, or fields that a non-admin must name."""
        if request.user is None or request.user.name == "anonymous":
            raise Refusal(403)
        text = request.body.decode(errors="replace")
        if len(text) > QUERY_LIMIT:
            raise Refusal(400, f"AQL query exceeds the maximum length of {QUERY_LIMIT} characters")
        query = self._parsed(text)
        if self.conjurer is not None:
            self.conjurer.query(query.where)
        if query.domain != "items" and not request.user.admin:
            return _results([], query)
        self._check_fields(request, query)
        try:
            rows = self._builds(query) if query.domain == "builds" else self._items(request, query)
        except (UnknownField, ValueError) as problem:
            raise Refusal(400, _syntax_message(text, str(problem))) from problem
        return _results(rows, query)

    def checksum(self, request: Request) -> Answer:
        """``?sha256=HEX&repos=a,b``."""
        if request.user is None:
            raise Refusal(403)
        parameters = request.parameters
        sha256 = parameters.get("sha256", "")
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise Refusal(400, f"The checksum value '{sha256}' is not valid")
        wanted = {
            physical
            for key in parameters.get("repos", "").split(",")
            if key
            for physical in self.store.physical(key)
        }
        asked = "ChecksumSearchResult" in request.headers.get("accept", "")
        found = [
            self._found(request, item, whole=asked or self.switches.checksum_accept)
            for item in self.store.with_sha256(sha256)
            if (not wanted or item.repo in wanted) and self.access.may(request.user, "read", item)
        ]
        return Answer.json({"results": found})

    def _found(self, request: Request, item: Item, *, whole: bool) -> Row:
        information = self.storage.information(request, item.repo, item)
        return information if whole else {"uri": information["uri"]}

    def _parsed(self, text: str) -> Query:
        try:
            query = parse_aql(text)
        except AqlSyntaxError as error:
            raise Refusal(400, _syntax_message(text, error.rest)) from error
        named = {criterion.field for criterion in criteria_of(query.where)} | {*query.include, *query.sort}
        if "props_modified" in named and not self.switches.tells_props_modified:
            raise Refusal(400, _syntax_message(text, "props_modified"))
        return query

    def _check_fields(self, request: Request, query: Query) -> None:
        named = {field for field in query.include if field in ITEM_FIELDS}
        needed = {"repo", "path", "name"}
        if request.user is not None and not request.user.admin and named and not needed <= named:
            raise Refusal(
                400, "For permissions reasons AQL demands the following fields: repo, path and name."
            )

    def _items(self, request: Request, query: Query) -> list[Row]:
        search = Search(self.store, query, self.store.clock())
        found = search.items(lambda item: self.access.may(request.user, "read", item))
        columns = _Columns(query, search)
        if columns.properties and self.switches.limit_counts_joined_rows:
            return columns.joined(found)
        return [columns.row(item) for item in _window(found, query)]

    def _builds(self, query: Query) -> list[Row]:
        """Builds by name and number, the only criteria that are served outside items."""

        wanted = {
            criterion.field.removeprefix("build."): criterion.value for criterion in criteria_of(query.where)
        }
        if not wanted.keys() <= {"name", "number"}:
            raise UnknownField(", ".join(wanted))
        found = [
            build
            for build in self.store.builds.values()
            if wanted.get("name", build.name) == build.name
            and wanted.get("number", build.number) == build.number
        ]
        return [build_row(build) for build in _window(found, query)]


class _Columns:
    """What each row shows."""

    def __init__(self, query: Query, search: Search) -> None:
        self.query = query
        self.search = search
        named = [field for field in query.include if field in ITEM_FIELDS]
        everything = "*" in query.include
        self.fields = tuple(sorted(ITEM_FIELDS)) if everything else tuple(named) or DEFAULT_FIELDS
        self.keys = {field[1:] for field in query.include if field.startswith("@")}
        self.properties = bool(self.keys) or any(
            field == "property" or field.startswith("property.") for field in query.include
        )
        self.stat = any(field == "stat" or field.startswith("stat.") for field in query.include)
        self.builds = any(field.startswith("artifact") for field in query.include)
        self._check(query)

    def _check(self, query: Query) -> None:
        for field in query.include:
            known = field in ITEM_FIELDS or field.startswith("@") or field == "*"
            if not known and field.split(".")[0] not in {"property", "stat", "artifact"}:
                raise UnknownField(field)

    def pairs(self, item: Item) -> list[Row]:
        """A property with several values is as many entries with the same key."""
        return [
            {"key": key, "value": value}
            for key, values in sorted(item.properties.items())
            if not self.keys or key in self.keys
            for value in values
        ]

    def row(self, item: Item) -> Row:
        row: Row = {name: _shown(item, name) for name in self.fields}
        if self.properties and (pairs := self.pairs(item)):
            row["properties"] = pairs
        if self.stat:
            row["stats"] = [_stat(item)]
        if self.builds and (builds := self.search.store.builds_of(item)):
            row["artifacts"] = [
                {"modules": [{"module.name": module, "builds": [build_row(build)]}]}
                for build, module in builds
            ]
        return row

    def joined(self, found: list[Item]) -> list[Row]:
        """Rows as a limit on the join of items with properties leaves them: it cuts properties off."""
        pairs = [(item, pair) for item in found for pair in self.pairs(item) or [{}]]
        kept: dict[Item, list[Row]] = {}
        for item, pair in _window(pairs, self.query):
            kept.setdefault(item, []).extend([pair] if pair else [])
        return [{**self.row(item), **({"properties": held} if held else {})} for item, held in kept.items()]


def build_row(build: Build) -> Row:
    return {
        "build.created": timestamp(build.created),
        "build.created_by": build.created_by,
        "build.name": build.name,
        "build.number": build.number,
        "build.started": build.started,
        "build.url": build.document.get("url", ""),
    }


def _shown(item: Item, name: str) -> object:
    value = item_field(item, name)
    return timestamp(value) if name in _TIMES and isinstance(value, float) else value


def _stat(item: Item) -> Row:
    if item.downloaded is None:
        return {"downloads": item.downloads}
    return {
        "downloaded": timestamp(item.downloaded),
        "downloaded_by": item.downloaded_by,
        "downloads": item.downloads,
    }


def _window(rows: list[T], query: Query) -> list[T]:
    end = None if query.limit is None else query.offset + query.limit
    return rows[query.offset : end]


def _results(rows: list[Row], query: Query) -> Answer:
    """``total`` is the number of rows returned, not of matches."""
    bounds: Row = {"start_pos": query.offset, "end_pos": query.offset + len(rows), "total": len(rows)}
    if query.limit is not None:
        bounds["limit"] = query.limit
    return Answer.json({"results": rows, "range": bounds})


def _syntax_message(text: str, rest: str) -> str:
    near = "it looks like there is syntax error near the following sub-query"
    return f"Failed to parse query: {text}, {near}: {rest}"
