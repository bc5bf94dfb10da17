"""What Test Connection asks of an Artifactory: small questions that change nothing.

Each function raises what ``Session`` raises.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

from portshift.core.identity import Build
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries import aql
from portshift_bridge.registries.caches import is_cache
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.facts import stored_manifests
from portshift_bridge.registries.repositories import DockerRepository
from portshift_bridge.registries.session import Session
from portshift_bridge.registries.storage import storage_path

PLUGIN = "portshift"
# Nobody sets it, so deleting it changes nothing; only the right to do so is asked.
ABSENT_PROPERTY = "portshift.connection-test"
_MAX_REPOSITORIES = 40
_ROWS = 50


def licence(session: Session, *, deadline: Deadline) -> str | None:
    """The licence's type; None where it is not for this login to see, as for all but administrators."""
    try:
        answer = session.get("api/system/license", deadline=deadline).json()
    except (Forbidden, NotFound, UnexpectedAnswer):
        return None
    kind = answer.get("type") if isinstance(answer, Mapping) else None
    return kind[:100] if isinstance(kind, str) else None


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
    return tuple(row.full_path for row in sorted(rows, key=lambda row: is_cache(row.repository)))


def try_property_write(session: Session, path: str, *, deadline: Deadline) -> None:
    """Delete a property that is not there: refused to a login without the annotate permission."""
    params = {"properties": ABSENT_PROPERTY, "recursive": "0"}
    session.send("DELETE", storage_path(path), deadline=deadline, params=params)


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
