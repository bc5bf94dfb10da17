"""Artifactory Query Language, as far as portshift asks it anything.

AQL has no parameter binding: each value is JSON-quoted, and ``*`` and ``?`` are wild only under ``$match``.
A login that is no administrator must ask for repo, path and name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from portshift.core.errors import InvalidInput

MANIFEST = "manifest.json"
MANIFEST_LIST = "list.manifest.json"

# Artifactory answers 400 to a longer query.
MAX_QUERY = 6_000


def text(criterion: Mapping[str, Any]) -> str:
    """A criterion as the query holds it."""
    return json.dumps(criterion, separators=(",", ":"))


def any_of(field: str, values: list[Any]) -> dict[str, Any]:
    """The criterion that ``field`` is one of the values or patterns."""
    return {"$or": [{field: value} for value in values]}


def items(criteria: list[dict[str, Any]], *, include: tuple[str, ...]) -> str:
    """The query for items that meet all criteria.

    Raises:
        InvalidInput: the query is longer than Artifactory takes.

    """
    found = text({"$and": criteria})
    fields = ",".join(json.dumps(field) for field in include)
    query = f"items.find({found}).include({fields})"
    if len(query) > MAX_QUERY:
        raise InvalidInput(
            f"found a query of {len(query)} characters, expected at most {MAX_QUERY}",
            cure="shorten the names of the repository, image or tag",
        )
    return query
