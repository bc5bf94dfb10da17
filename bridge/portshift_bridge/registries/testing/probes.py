"""What Test Connection asks of an Artifactory: small questions that change nothing.

Each function raises what ``Session`` raises.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from portshift.core.identity import Build
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries import aql
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.facts import Properties, stored_manifests
from portshift_bridge.registries.session import Session

PLUGIN = "portshift"
# Nobody sets it, so deleting it changes nothing; only the right to do so is asked.
ABSENT_PROPERTY = "portshift.connection-test"
_MAX_REPOSITORIES = 40
_ROWS = 50


@dataclass(frozen=True)
class Version:
    """An Artifactory's version and the add-ons that its licence unlocks; an unlicensed one has none."""

    number: str
    addons: tuple[str, ...]


@dataclass(frozen=True)
class DockerRepository:
    """A repository's key and type: local, remote, virtual or federated."""

    key: str
    type: str

    @property
    def storage_key(self) -> str:
        """Where its artifacts lie: a remote's in its cache."""
        return f"{self.key}-cache" if self.type == "remote" else self.key


def version(session: Session, *, deadline: Deadline) -> Version | None:
    """None when something else than Artifactory answers."""
    answer = session.get("api/system/version", deadline=deadline).json()
    number = answer.get("version") if isinstance(answer, Mapping) else None
    if not isinstance(number, str):
        return None
    addons = answer.get("addons")
    return Version(number[:100], tuple(map(str, addons)) if isinstance(addons, list) else ())


def licence(session: Session, *, deadline: Deadline) -> str | None:
    """The licence's type; None where it is not for this login to see, as for all but administrators."""
    try:
        answer = session.get("api/system/license", deadline=deadline).json()
    except (Forbidden, NotFound, UnexpectedAnswer):
        return None
    kind = answer.get("type") if isinstance(answer, Mapping) else None
    return kind[:100] if isinstance(kind, str) else None


def docker_repositories(session: Session, *, deadline: Deadline) -> tuple[DockerRepository, ...]:
    """The Docker repositories that the login sees."""
    listed = session.get("api/repositories", deadline=deadline, params={"packageType": "docker"}).json()
    if not isinstance(listed, list):
        raise UnexpectedAnswer("found no list of repositories, expected Artifactory's")
    return tuple(
        DockerRepository(str(entry["key"]), str(entry.get("type", "")).lower())
        for entry in listed
        if isinstance(entry, Mapping) and "key" in entry
    )


def manifests(
    session: Session, repositories: Collection[DockerRepository], *, built: bool, deadline: Deadline
) -> tuple[str, ...]:
    """Some manifests as ``REPOSITORY/PATH``, locals' before caches'; with ``built`` those of a build."""
    # Locals first: only so many fit into a query.
    ranked = sorted(repositories, key=lambda each: each.type in {"remote", "virtual"})
    keys = [each.storage_key for each in ranked[:_MAX_REPOSITORIES]]
    criteria = [aql.any_of("repo", keys), aql.any_of("name", [aql.MANIFEST, aql.MANIFEST_LIST])]
    if built:
        criteria.append({"@build.name": {"$match": "*"}})
    query = aql.items(criteria, include=("repo", "path", "name")) + f".limit({_ROWS})"
    rows = stored_manifests(session.query(query, deadline=deadline))
    return tuple(row.full_path for row in sorted(rows, key=lambda row: row.repository.endswith("-cache")))


def properties(session: Session, path: str, *, deadline: Deadline) -> Properties:
    """The properties of ``REPOSITORY/PATH``, by key."""
    answer = session.get(_storage(path), deadline=deadline, params={"properties": ""}).json()
    found = answer.get("properties") if isinstance(answer, Mapping) else None
    if not isinstance(found, Mapping):
        raise UnexpectedAnswer("found no properties, expected Artifactory's")
    return {str(key): tuple(map(str, value)) for key, value in found.items() if isinstance(value, list)}


def try_property_write(session: Session, path: str, *, deadline: Deadline) -> None:
    """Delete a property that is not there: refused to a login without the annotate permission."""
    params = {"properties": ABSENT_PROPERTY, "recursive": "0"}
    session.send("DELETE", _storage(path), deadline=deadline, params=params)


def try_build(session: Session, build: Build, *, deadline: Deadline) -> None:
    """Read a build's build-info."""
    session.get(f"api/build/{quote(build.name, safe='')}/{quote(build.number, safe='')}", deadline=deadline)


def plugin_version(session: Session, *, deadline: Deadline) -> str | None:
    """The version of our user plugin; None when Artifactory shows none to this login."""
    answer = session.get("api/plugins/executions", deadline=deadline).json()
    executions = answer.get("executions") if isinstance(answer, Mapping) else None
    for execution in executions if isinstance(executions, list) else ():
        if isinstance(execution, Mapping) and _is_ours(execution.get("name")):
            return str(execution.get("version") or "unknown")[:100]
    return None


def _is_ours(name: Any) -> bool:
    return isinstance(name, str) and name.startswith(PLUGIN)


def _storage(path: str) -> str:
    return f"api/storage/{quote(path, safe='/')}"
