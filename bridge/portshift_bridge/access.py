"""Who may do what: access tokens, their roles, and a deployer's scope.

A token is 256 random bits, so its plain SHA-256 is safe to store: there is nothing to guess, and looking
the hash up compares no secret byte by byte.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from portshift.core.errors import InvalidMessage
from portshift.core.wire import RegistrationRequest
from portshift_bridge.errors import NotPermitted

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}\Z")
_PATTERN = re.compile(r"[A-Za-z0-9._:/@*?\[\]!-]{1,253}\Z")
_MAX_PATTERNS = 1_000
MIN_TOKEN_CHARACTERS = 32


class Role(StrEnum):
    """What an access may do: register, report from one cluster, read, or everything."""

    DEPLOYER = "deployer"
    AGENT = "agent"
    VIEWER = "viewer"
    ADMIN = "admin"


@dataclass(frozen=True)
class Access:
    """A named holder of an access token. ``clusters`` and ``namespaces`` are glob patterns (fnmatch)."""

    name: str
    role: Role
    clusters: tuple[str, ...] = ("*",)
    namespaces: tuple[str, ...] = ("*",)

    def may_sign_for(self, *, cluster: str | None, namespace: str) -> bool:
        """Whether the scope covers a workload; no cluster means a token for every cluster."""
        return _matches(self.clusters, cluster or "") and _matches(self.namespaces, namespace)


def new_token() -> str:
    """A fresh access token."""
    return f"psb_{secrets.token_urlsafe(32)}"


def new_session_token() -> str:
    """A fresh token of a job's session; its first letters tell it from an access token."""
    return f"pss_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> str:
    """What is stored of an access token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def parse_access(*, name: object, role: object, clusters: object = None, namespaces: object = None) -> Access:
    """Read the fields of ``POST /api/v1/access``.

    A deployer without patterns may sign for everything; an agent needs exactly one cluster.

    Raises:
        InvalidMessage: a name, role or pattern that cannot be, or a scope that the role does not have.

    """
    if not isinstance(name, str) or not _NAME.match(name):
        raise InvalidMessage(f"name: found {name!r}, expected 1 to 63 letters, digits and ._@-")
    member = next((known for known in Role if known.value == role), None)
    if member is None:
        raise InvalidMessage(f"role: found {role!r}, expected one of {', '.join(Role)}")
    scope = (_patterns("clusters", clusters), _patterns("namespaces", namespaces))
    if member is Role.AGENT and (len(scope[0]) != 1 or "*" in scope[0][0] or scope[1]):
        raise InvalidMessage("clusters: an agent has exactly one cluster, without a pattern or namespaces")
    if member in {Role.VIEWER, Role.ADMIN} and any(scope):
        raise InvalidMessage(f"clusters, namespaces: found patterns, but a {member} has no scope")
    return Access(name=name, role=member, clusters=scope[0] or ("*",), namespaces=scope[1] or ("*",))


def require(caller: Access, *roles: Role) -> None:
    """Raise unless the caller has one of the roles.

    Raises:
        NotPermitted: it has another.

    """
    if caller.role not in roles:
        raise NotPermitted(
            f"{caller.name} is {caller.role}, this needs {' or '.join(roles)}",
            cure="use the access token of another role",
        )


def require_scope(caller: Access, request: RegistrationRequest) -> None:
    """Raise unless the caller may have every workload of the request signed.

    Raises:
        NotPermitted: the role does not register, or its scope leaves out a cluster or namespace.

    """
    require(caller, Role.DEPLOYER, Role.ADMIN)
    if caller.role is Role.ADMIN:
        return
    namespaces = {workload.workload.namespace for workload in request.workloads}
    for namespace in sorted(namespaces):
        if not caller.may_sign_for(cluster=request.cluster, namespace=namespace):
            raise NotPermitted(
                f"{caller.name} may sign for clusters {_shown(caller.clusters)} and namespaces"
                f" {_shown(caller.namespaces)}, found cluster {request.cluster or 'any'} and namespace"
                f" {namespace or '(cluster-scoped)'}",
                cure="use an access token whose scope covers it, or name the cluster with --cluster",
            )


def _matches(patterns: Sequence[str], value: str) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)


def _shown(patterns: Sequence[str]) -> str:
    return ", ".join(patterns)


def _patterns(field: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > _MAX_PATTERNS:
        raise InvalidMessage(f"{field}: expected a list of at most {_MAX_PATTERNS} patterns")
    for item in value:
        if not isinstance(item, str) or not _PATTERN.match(item):
            raise InvalidMessage(f"{field}: found {item!r}, expected a name or a pattern such as 'team-*'")
    return tuple(value)
