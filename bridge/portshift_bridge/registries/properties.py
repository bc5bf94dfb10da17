"""Properties of one stored manifest: read whole, written in either of Artifactory's two ways.

``PATCH /api/metadata`` has no limit but the value's own; Artifactory then clears and saves every property of
the item, so that of two writers at once one can lose its update. ``PUT /api/storage`` changes the named keys
only, and has a grammar (``property_rules``) and the length of a URL to keep to.
"""

from __future__ import annotations

from urllib.parse import quote

from portshift.core.errors import InvalidInput
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries import aql
from portshift_bridge.registries.caches import cache_of
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.facts import Properties, stored_manifests
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.property_rules import Changes, Way, check_changes, deletions, settings
from portshift_bridge.registries.session import Session
from portshift_bridge.registries.storage import item_properties, storage_path

# 5,000 values of 2,400 characters, even where each character takes two bytes.
MAX_ANSWER = 32 * 1024 * 1024
# Servers and proxies before Artifactory take a request line of 8 KiB.
_MAX_URL = 7_000


def read_properties(session: Session, place: ManifestPath, *, deadline: Deadline) -> Properties:
    """Every property of the manifest at ``place``, of at most 32 MiB.

    Raises:
        NotFound: it has none, is not there, or is hidden; Artifactory answers alike.
        LoginRefused, Forbidden, Unreachable: as a ``Session`` says.

    """
    return item_properties(session, place.full_path, deadline=deadline, limit=MAX_ANSWER)


def write_properties(
    session: Session, place: ManifestPath, changes: Changes, *, way: Way, version: str, deadline: Deadline
) -> None:
    """Give each key of ``changes`` its values, and take it away where they are None; others stay.

    The storage way takes away before it sets, and sets in the order given; what does not fit one URL takes
    several requests, of which a later one may fail. ``version`` is Artifactory's, such as ``7.77.3``.

    Raises:
        InvalidInput: a key or value would not be kept as it is, and nothing was sent; or the place is in a
            virtual or remote repository, and nothing was written.
        LoginRefused, Forbidden, NotFound, Unreachable: as a ``Session`` says.

    """
    check_changes(changes, way=way, version=version)
    try:
        if way is Way.STORAGE:
            _put(session, place, changes, deadline)
        else:
            _patch(session, place, changes, deadline)
    except (Forbidden, NotFound, UnexpectedAnswer) as error:
        physical = _stored_as(session, place, deadline)
        if physical is None:
            raise
        raise InvalidInput(
            f"found the virtual or remote repository {place.repository} in {place.full_path}, "
            "expected the repository that stores it",
            cure=f"write to {physical}",
        ) from error


def _put(session: Session, place: ManifestPath, changes: Changes, deadline: Deadline) -> None:
    target, options = f"{storage_path(place.full_path)}?properties=", "&recursive=0"
    room = _MAX_URL - len(target) - len(options)
    # All are made before the first is sent: one that is too long stops them all.
    requests = [("DELETE", keys) for keys in deletions(changes, room=room)]
    requests += [("PUT", entries) for entries in settings(changes, room=room)]
    for method, properties in requests:
        session.send(method, f"{target}{properties}{options}", deadline=deadline)


def _patch(session: Session, place: ManifestPath, changes: Changes, deadline: Deadline) -> None:
    # Always arrays: a list joined by commas would be one value.
    values = {key: None if given is None else list(given) for key, given in changes.items()}
    session.send(
        "PATCH",
        f"api/metadata/{quote(place.full_path, safe='/')}",
        deadline=deadline,
        params={"recursiveProperties": "0", "atomicProperties": "0"},
        document={"props": values},
    )


def _stored_as(session: Session, place: ManifestPath, deadline: Deadline) -> str | None:
    """The physical path of what ``place`` names through a virtual or remote repository."""
    repositories = aql.any_of("repo", [place.repository, cache_of(place.repository)])
    query = aql.items(
        [repositories, {"path": place.path}, {"name": place.name}], include=("repo", "path", "name")
    )
    try:
        stored = stored_manifests(session.query(query, deadline=deadline))
    except (Forbidden, NotFound, UnexpectedAnswer):
        return None
    elsewhere = [item.full_path for item in stored if item.repository != place.repository]
    return elsewhere[0] if len(elsewhere) == len(stored) and elsewhere else None
