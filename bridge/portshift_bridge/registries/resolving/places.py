"""Asking for the places of many images at once: which queries it takes, and whose each row is. Pure.

A query names one repository (a virtual key finds its members' items, a remote's lie under ``<key>-cache``)
and as many places as fit the 6,000 characters that Artifactory takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portshift_bridge.registries import aql
from portshift_bridge.registries.caches import cache_of
from portshift_bridge.registries.facts import StoredManifest, image_folders

_FIELDS = ("repo", "path", "name", "sha256")


@dataclass(frozen=True)
class Place:
    """Where a manifest is looked for: the folder of ``tag``, or any of the image's that has ``digest``.

    Exactly one of the two is given. ``repository`` is the key of the reference, which may be a virtual's.
    """

    repository: str
    image: str
    tag: str | None = None
    digest: str | None = None

    @property
    def criterion(self) -> dict[str, Any]:
        """What AQL finds it by. A digest is a column of the item, so many of them cost no join."""
        if self.tag is not None:
            return aql.any_of("path", list(self.tag_folders))
        within = aql.any_of("path", [{"$match": f"{folder}/*"} for folder in image_folders(self.image)])
        return {"$and": [{"sha256": str(self.digest).removeprefix("sha256:")}, within]}

    @property
    def folder(self) -> str:
        """The folder that Artifactory makes for it: the tag's, or that of a list's child."""
        return f"{self.image}/{self.tag or self.digest}"

    @property
    def tag_folders(self) -> tuple[str, ...]:
        return tuple(f"{folder}/{self.tag}" for folder in image_folders(self.image))


@dataclass(frozen=True)
class Batch:
    """Places of one repository, few enough for one query."""

    repository: str
    places: tuple[Place, ...]

    def query(self, *, properties: bool) -> str:
        """The AQL for every manifest at the places, with its digest and, if asked for, its properties.

        Raises:
            InvalidInput: a single place is too long for Artifactory.

        """
        return aql.items(
            [
                aql.any_of("repo", [self.repository, cache_of(self.repository)]),
                aql.any_of("name", [aql.MANIFEST, aql.MANIFEST_LIST]),
                {"$or": [place.criterion for place in self.places]},
            ],
            include=(*_FIELDS, "property") if properties else _FIELDS,
        )


def batches(places: Iterable[Place]) -> Iterator[Batch]:
    """As few queries as each repository takes by itself, in the order given; a place is asked for once."""
    grouped: dict[str, dict[Place, None]] = {}
    for place in places:
        grouped.setdefault(place.repository, {})[place] = None
    for repository, group in grouped.items():
        yield from _filled(repository, group)


def _filled(repository: str, places: Collection[Place]) -> Iterator[Batch]:
    room = aql.MAX_QUERY - len(Batch(repository, ()).query(properties=True))
    batch: list[Place] = []
    used = 0
    for place in places:
        length = len(aql.text(place.criterion)) + 1
        if batch and used + length > room:
            yield Batch(repository, tuple(batch))
            batch, used = [], 0
        batch.append(place)
        used += length
    yield Batch(repository, tuple(batch))


def rows_by_place(batch: Batch, rows: Iterable[StoredManifest]) -> Mapping[Place, tuple[StoredManifest, ...]]:
    """The rows of an answer given back to the places of its batch; a place may share a row with another."""
    by_folder: dict[str, list[StoredManifest]] = {}
    by_digest: dict[str | None, list[StoredManifest]] = {}
    for row in rows:
        by_folder.setdefault(row.path, []).append(row)
        by_digest.setdefault(row.digest, []).append(row)
    found = {}
    for place in batch.places:
        if place.tag is None:
            folders = image_folders(place.image)
            mine = [row for row in by_digest.get(place.digest, ()) if row.image in folders]
        else:
            mine = [row for folder in place.tag_folders for row in by_folder.get(folder, ())]
        found[place] = tuple(mine)
    return found
