"""Test Connection: a list of checks, each with cause and cure, so that a person knows what to change."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from portshift.core.errors import PortshiftError
from portshift_bridge.registries.addresses import permitted_address
from portshift_bridge.registries.artifactory import Artifactory
from portshift_bridge.registries.deadline import Deadline
from portshift_bridge.registries.errors import (
    Forbidden,
    LoginRefused,
    NotFound,
    TlsFailed,
    UnexpectedAnswer,
)
from portshift_bridge.registries.hosts import permitted_repository
from portshift_bridge.registries.model import Login, LoginKind, Registry

DEADLINE_SECONDS = 20.0


class Status(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True)
class Check:
    """One check: ``cause`` is what was found, ``cure`` what to do about a failure."""

    name: str
    status: Status
    cause: str | None = None
    cure: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "status": self.status.value, "cause": self.cause, "cure": self.cure}


CHECKS = ("name", "reachable", "tls", "artifactory", "login", "docker-repositories", "aql")


def addresses_of(host: str) -> Collection[str]:
    """Every address of a host, as this machine resolves it."""
    return {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}


def test_connection(
    registry: Registry,
    login: Login,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,  # noqa: PT028 - no test
    connect: Callable[[Registry, Login], Artifactory] = Artifactory,  # noqa: PT028 - no test
    addresses: Callable[[str], Collection[str]] = addresses_of,  # noqa: PT028 - no test
) -> list[Check]:
    """Try everything that resolving needs; always one entry for each of ``CHECKS``, in that order.

    After the first failure that leaves nothing to ask, the others are not applicable.
    """
    checks = [_name(registry, addresses)]
    if checks[0].status is Status.PASSED:
        artifactory = connect(registry, login)
        try:
            checks += _checks(registry, login, artifactory, Deadline.after(deadline_seconds))
        finally:
            artifactory.close()
    done = {check.name: check for check in checks}
    untried = "not tried, because an earlier check failed"
    return [done.get(name) or Check(name, Status.NOT_APPLICABLE, untried) for name in CHECKS]


# pytest would collect the function wherever a test imports it.
test_connection.__test__ = False  # type: ignore[attr-defined]


def _checks(
    registry: Registry, login: Login, artifactory: Artifactory, deadline: Deadline
) -> Iterator[Check]:
    arrival = _arrival(registry, login, artifactory, deadline)
    yield from arrival
    if any(check.status is Status.FAILED for check in arrival):
        return
    repositories, check = _docker_repositories(registry, artifactory, deadline)
    yield check
    if repositories:
        yield _aql(artifactory, repositories[0], deadline)


def _name(registry: Registry, addresses: Callable[[str], Collection[str]]) -> Check:
    host = urlsplit(registry.url).hostname or ""
    try:
        found = addresses(host)
    except (OSError, UnicodeError) as error:
        return Check(
            "name", Status.FAILED, f"{host} does not resolve ({error})", "correct the URL or the DNS"
        )
    if forbidden := sorted(address for address in found if not permitted_address(address)):
        return Check(
            "name",
            Status.FAILED,
            f"{host} leads to {forbidden[0]}, a link-local or metadata address",
            "correct the URL or its DNS entry",
        )
    return Check("name", Status.PASSED, f"{host} is {', '.join(sorted(found)[:4])}")


def _arrival(
    registry: Registry, login: Login, artifactory: Artifactory, deadline: Deadline
) -> tuple[Check, ...]:
    """Reach the server, see that it is Artifactory, and that it takes the login: one request tells all."""
    reached = Check("reachable", Status.PASSED, f"{registry.url} answers")
    if registry.url.startswith("https:"):
        tls = Check("tls", Status.PASSED, "the certificate is valid")
    else:
        tls = Check("tls", Status.NOT_APPLICABLE, "plain http")
    try:
        version = artifactory.version(deadline=deadline)
    except PortshiftError as error:
        return _refused(error, reached, tls)
    if version is None:
        return (reached, tls, _not_artifactory("its version cannot be read"))
    return (reached, tls, Check("artifactory", Status.PASSED, f"Artifactory {version}"), _login(login))


def _refused(error: PortshiftError, reached: Check, tls: Check) -> tuple[Check, ...]:
    """What the failure to read the version says about each step on the way."""
    if isinstance(error, TlsFailed):
        return (reached, Check("tls", Status.FAILED, error.problem, error.cure))
    if isinstance(error, LoginRefused | Forbidden):
        asks = Check("artifactory", Status.PASSED, "it asks for a login before it tells its version")
        cure = error.cure or "give a login that may read the version"
        return (reached, tls, asks, Check("login", Status.FAILED, error.problem, cure))
    if isinstance(error, NotFound | UnexpectedAnswer):
        return (reached, tls, _not_artifactory(str(error)))
    cure = error.cure or "see that it runs, and that the way to it is open"
    return (Check("reachable", Status.FAILED, error.problem, cure),)


def _login(login: Login) -> Check:
    if login.kind is LoginKind.ANONYMOUS:
        return Check("login", Status.NOT_APPLICABLE, "asked without a login")
    return Check("login", Status.PASSED, f"the {login.kind.value} is accepted")


def _not_artifactory(cause: str) -> Check:
    cure = "give Artifactory's own address as URL, such as https://HOST/artifactory"
    return Check("artifactory", Status.FAILED, f"this is no Artifactory: {cause}", cure)


def _docker_repositories(
    registry: Registry, artifactory: Artifactory, deadline: Deadline
) -> tuple[tuple[str, ...], Check]:
    name = "docker-repositories"
    try:
        seen = artifactory.docker_repositories(deadline=deadline)
    except PortshiftError as error:
        return (), Check(name, Status.FAILED, error.problem, "let the login read the Docker repositories")
    kept = tuple(key for key in seen if permitted_repository(registry, key))
    if kept:
        shown = ", ".join(kept[:5]) + (", …" if len(kept) > 5 else "")
        return kept, Check(name, Status.PASSED, f"{len(kept)} visible: {shown}")
    if seen:
        cause = f"{len(seen)} visible, but none is included"
        return (), Check(name, Status.FAILED, cause, "change the repositories that are included and excluded")
    return (), Check(name, Status.FAILED, "none visible", "give the login read permission on one")


def _aql(artifactory: Artifactory, repository: str, deadline: Deadline) -> Check:
    try:
        artifactory.try_query(repository, deadline=deadline)
    except Forbidden as error:
        return Check(
            "aql", Status.FAILED, error.problem, "use a login: Artifactory allows AQL to logins only"
        )
    except PortshiftError as error:
        return Check("aql", Status.FAILED, error.problem, error.cure)
    return Check("aql", Status.PASSED, "searches are allowed")
