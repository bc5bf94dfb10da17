"""Artifactory Query Language, as far as portshift asks it anything.

AQL has no parameter binding: each value is JSON-quoted, and ``*`` and ``?`` are wild only under ``$match``.
A login that is no administrator must ask for repo, path and name.
"""

from __future__ import annotations

import json
from typing import Any

from portshift.core.errors import InvalidInput

MANIFEST = "manifest.json"
MANIFEST_LIST = "list.manifest.json"

# Artifactory answers 400 to a longer query.
_MAX_QUERY = 6_000


def manifests_of_image(*, repository: str, image: str, digest: str) -> str:
    """Every place in ``repository`` where ``image`` holds the manifest ``digest``, with its properties.

    A virtual key finds its members' items; a remote's items are stored under ``<key>-cache``; an official
    image of Docker Hub sits below ``library/`` however it was asked for.
    """
    folders = [image] if "/" in image else [image, f"library/{image}"]
    return items(
        [
            any_of("repo", [repository, f"{repository}-cache"]),
            any_of("name", [MANIFEST, MANIFEST_LIST]),
            any_of("path", [{"$match": f"{folder}/*"} for folder in folders]),
            {"@docker.manifest.digest": digest},
        ],
        include=("repo", "path", "name", "property"),
    )


def one_item(repository: str) -> str:
    """Anything at all in ``repository``: whether the login may ask."""
    return items([{"repo": repository}], include=("repo", "path", "name")) + ".limit(1)"


def any_of(field: str, values: list[Any]) -> dict[str, Any]:
    """The criterion that ``field`` is one of the values or patterns."""
    return {"$or": [{field: value} for value in values]}


def items(criteria: list[dict[str, Any]], *, include: tuple[str, ...]) -> str:
    """The query for items that meet all criteria.

    Raises:
        InvalidInput: the query is longer than Artifactory takes.

    """
    found = json.dumps({"$and": criteria}, separators=(",", ":"))
    fields = ",".join(json.dumps(field) for field in include)
    query = f"items.find({found}).include({fields})"
    if len(query) > _MAX_QUERY:
        raise InvalidInput(
            f"found a query of {len(query)} characters, expected at most {_MAX_QUERY}",
            cure="shorten the image's name",
        )
    return query
