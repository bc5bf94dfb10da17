"""The lists that name a manifest, asked of Artifactory where it tells.

``POST api/docker/REPO/v2/parentManifests`` with ``dockerRepository`` and ``tag``, since 7.119, of local
repositories (JFrog REST APIs, find-parent-manifest-lists). A child without a tag is asked for by its digest;
that every version takes one is not verified. What the bridge has read of lists itself is added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from portshift.core.errors import PortshiftError
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries import aql
from portshift_bridge.registries.caches import is_cache
from portshift_bridge.registries.inspecting.states import Group, State
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.session import Session

SINCE = (7, 119)
_MAX_ASKED = 10
_OURS = "these are the lists that the bridge has read"


@dataclass(frozen=True)
class Parent:
    """A list that names the manifest; ``tags`` of ``image`` where that is known."""

    digest: str
    image: str | None = None
    tags: tuple[str, ...] = ()


def parents_of(
    session: Session,
    paths: Sequence[ManifestPath],
    known: Sequence[Parent],
    *,
    version: tuple[int, ...] | None,
    deadline: Deadline,
) -> Group[Parent]:
    """The lists of the manifest at ``paths``; ``known`` are those of the catalogue.

    ``version`` is Artifactory's, None where it is not known.
    """
    if all(path.name == aql.MANIFEST_LIST for path in paths):
        return Group(State.NOT_APPLICABLE, reason="it is a list itself")
    found = {parent.digest: parent for parent in known}
    if version is not None and version < SINCE:
        reason = f"this Artifactory is older than 7.119 and does not tell; {_OURS}"
        return Group(State.UNKNOWN, tuple(found.values()), reason)
    failure: PortshiftError | None = None
    asked = _one_of_each(paths)
    if not asked:
        return Group(
            State.UNKNOWN, tuple(found.values()), f"Artifactory tells of no remote repository; {_OURS}"
        )
    for path in asked:
        try:
            found.update((parent.digest, parent) for parent in _asked(session, path, deadline))
        except PortshiftError as error:
            failure = error
    if failure is not None:
        reason = f"Artifactory does not tell of every place ({failure}); {_OURS}"
        return Group(State.UNKNOWN, tuple(found.values()), reason)
    return Group(State.KNOWN, tuple(found.values()))


def _one_of_each(paths: Sequence[ManifestPath]) -> list[ManifestPath]:
    """A place for each image of each repository; a tag before a child's folder, as tags are documented."""
    places: dict[tuple[str, str], ManifestPath] = {}
    local = [path for path in paths if not is_cache(path.repository)]
    for path in sorted(local, key=lambda item: item.tag is None):
        places.setdefault((path.repository, path.image), path)
    return list(places.values())[:_MAX_ASKED]


def _asked(session: Session, path: ManifestPath, deadline: Deadline) -> list[Parent]:
    answer = session.send(
        "POST",
        f"api/docker/{quote(path.repository)}/v2/parentManifests",
        deadline=deadline,
        document={"dockerRepository": path.image, "tag": path.tag or path.digest},
    ).json()
    rows = answer.get("parentManifestLists") if isinstance(answer, Mapping) else None
    if not isinstance(rows, list):
        raise UnexpectedAnswer("found no parentManifestLists, expected Artifactory's")
    return [_parent(row) for row in rows if isinstance(row, Mapping) and isinstance(row.get("digest"), str)]


def _parent(row: Mapping[str, Any]) -> Parent:
    image, tags = row.get("dockerRepository"), row.get("tags")
    return Parent(
        digest=str(row["digest"]),
        image=str(image) if image else None,
        tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
    )
