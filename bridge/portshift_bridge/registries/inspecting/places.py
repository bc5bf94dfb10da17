"""Where a digest lies in a registry, and the properties of each place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from portshift.core.errors import PortshiftError
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries import aql, changes
from portshift_bridge.registries.facts import Properties
from portshift_bridge.registries.hosts import permitted_storage
from portshift_bridge.registries.inspecting.states import Group, State
from portshift_bridge.registries.model import Registry
from portshift_bridge.registries.paths import FIELDS, ManifestPath, manifest_paths
from portshift_bridge.registries.session import Session

_MAX_PLACES = 1_000
_MAX_PAGES = 10


def places_of(
    session: Session, registry: Registry, digest: str, known: Sequence[ManifestPath], *, deadline: Deadline
) -> Group[ManifestPath]:
    """The places of ``digest`` in the repositories that the registry includes, at most 1,000, by their path.

    ``known`` are those of the catalogue. A base image may lie at thousands of places, with properties at
    each: what is too much for one answer is read in pages.

    Raises:
        LoginRefused, Forbidden, NotFound, Unreachable: as a ``Session`` says.

    """
    # A member of a virtual repository may be included by the virtual's key alone.
    met = {place.repository for place in known}
    query = aql.items(
        [
            {"sha256": digest.removeprefix("sha256:")},
            aql.any_of("name", [aql.MANIFEST, aql.MANIFEST_LIST]),
        ],
        include=(*FIELDS, "property"),
    )
    try:
        rows = manifest_paths(session.query(query, deadline=deadline))
    except UnexpectedAnswer:
        # Larger than an answer may be, or it took Artifactory too long (408).
        return _in_pages(session, registry, digest, met, deadline)
    return _shown(_permitted(registry, met, rows))


def _in_pages(
    session: Session, registry: Registry, digest: str, met: Collection[str], deadline: Deadline
) -> Group[ManifestPath]:
    places: list[ManifestPath] = []
    for number in range(_MAX_PAGES):
        page = changes.holding(session, digest, offset=number * changes.PAGE, deadline=deadline)
        places += _permitted(registry, met, page.rows)
        if len(page.times) < changes.PAGE:
            group = _shown(places)
            break
    else:
        group = _shown(places, beyond="more than ")
    try:
        return replace(group, items=_with_properties(session, group.items, deadline))
    except PortshiftError as error:
        return replace(group, state=State.UNKNOWN, reason=f"their properties could not be read: {error}")


def _with_properties(
    session: Session, places: Sequence[ManifestPath], deadline: Deadline
) -> tuple[ManifestPath, ...]:
    folders: dict[str, list[str]] = {}
    for place in places:
        folders.setdefault(place.repository, []).append(place.path)
    read: dict[tuple[str, str], Properties] = {}
    for repository, paths in folders.items():
        for rows in changes.at_places(session, repository, paths, deadline=deadline):
            read |= {(row.full_path, row.digest): row.properties for row in rows}
    return tuple(replace(place, properties=read.get((place.full_path, place.digest), {})) for place in places)


def _shown(places: Iterable[ManifestPath], *, beyond: str = "") -> Group[ManifestPath]:
    every = tuple(sorted(places, key=lambda place: (place.repository, place.path, place.name)))
    shown = every[:_MAX_PLACES]
    if shown == every and not beyond:
        return Group(State.KNOWN, every)
    return Group(
        State.UNKNOWN, shown, f"it lies at {beyond}{len(every)} paths; {len(shown)} of them are shown"
    )


def _permitted(
    registry: Registry, met: Collection[str], places: Iterable[ManifestPath]
) -> list[ManifestPath]:
    return [
        place for place in places if place.repository in met or permitted_storage(registry, place.repository)
    ]
