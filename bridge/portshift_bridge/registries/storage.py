"""Artifactory's storage API: what lies at a path, without asking AQL or Docker."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.outbound.transport import MAX_BODY
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.facts import Properties
from portshift_bridge.registries.session import Session


def storage_path(*parts: str) -> str:
    """The path of an item below the registry's URL; empty parts are left out.

    Artifactory's own clients write the colon of a child's folder as ``%3A``, and so does this.
    """
    return "api/storage/" + quote("/".join(part for part in parts if part), safe="/")


def sees_folder(session: Session, repository: str, path: str, *, deadline: Deadline) -> bool:
    """Whether the login may list this folder; the empty path is the repository itself.

    Raises:
        LoginRefused, Unreachable: as a ``Session`` says.

    """
    try:
        answer = session.get(storage_path(repository, path), deadline=deadline).json()
    except (Forbidden, NotFound):
        return False
    return isinstance(answer, Mapping) and isinstance(answer.get("children"), list)


def item_properties(
    session: Session, full_path: str, *, deadline: Deadline, limit: int = MAX_BODY
) -> Properties:
    """Every property of the item at ``REPOSITORY/PATH``, in an answer of at most ``limit`` bytes.

    Raises:
        NotFound: it has none, is not there, or is hidden; Artifactory answers alike.
        LoginRefused, Forbidden, Unreachable: as a ``Session`` says.

    """
    answer = session.get(
        storage_path(full_path), deadline=deadline, params={"properties": ""}, limit=limit
    ).json()
    found = answer.get("properties") if isinstance(answer, Mapping) else None
    if not isinstance(found, Mapping) or not all(isinstance(values, list) for values in found.values()):
        raise UnexpectedAnswer(f"found no properties of {full_path}, expected Artifactory's")
    return {str(key): tuple(map(str, values)) for key, values in found.items()}
