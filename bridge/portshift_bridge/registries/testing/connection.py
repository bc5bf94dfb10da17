"""Test Connection: is the registry there, is it Artifactory, does it take the login, and what may that do."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from urllib.parse import urlsplit

from portshift.core.errors import PortshiftError
from portshift_bridge.outbound.addresses import permitted_address
from portshift_bridge.outbound.bounded import until
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import TlsFailed, UnexpectedAnswer
from portshift_bridge.registries.errors import Forbidden, LoginRefused, NotFound
from portshift_bridge.registries.hosts import permitted_repository
from portshift_bridge.registries.model import Login, LoginKind, Registry, UnavailableLogin
from portshift_bridge.registries.repositories import DockerRepository, docker_repositories
from portshift_bridge.registries.session import Session, open_session
from portshift_bridge.registries.system import Version, read_version
from portshift_bridge.registries.testing import probes
from portshift_bridge.registries.testing.checks import Check, Status, all_checks
from portshift_bridge.registries.testing.rights import right_checks

DEADLINE_SECONDS = 20.0
DNS_SECONDS = 5.0


def addresses_of(host: str) -> Collection[str]:
    """Every address of a host, as this machine resolves it."""
    return {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}


def test_connection(
    registry: Registry,
    login: Login | UnavailableLogin,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,  # noqa: PT028 - no test
    dns_seconds: float = DNS_SECONDS,  # noqa: PT028 - no test
    connect: Callable[[Registry, Login], Session] = open_session,  # noqa: PT028 - no test
    addresses: Callable[[str], Collection[str]] = addresses_of,  # noqa: PT028 - no test
) -> list[Check]:
    """Try everything the registry is used for; one entry for each of ``CHECKS``, in that order.

    After the first failure that leaves nothing to ask, the others are not applicable. It ends after
    ``deadline_seconds`` whatever hangs: the check that did has failed.
    """
    deadline = Deadline.after(deadline_seconds)
    checks = [_name(registry, addresses, min(dns_seconds, deadline_seconds))]
    whole = True
    if checks[0].status is not Status.FAILED:
        made, whole = until(deadline, _checks(registry, login, connect, deadline))
        checks += made
    return all_checks(checks, cut_after=None if whole else deadline_seconds)


# pytest would collect the function wherever a test imports it.
test_connection.__test__ = False  # type: ignore[attr-defined]


def _checks(
    registry: Registry,
    login: Login | UnavailableLogin,
    connect: Callable[[Registry, Login], Session],
    deadline: Deadline,
) -> Iterator[Check]:
    # Without its login a registry can still be found to be there.
    with closing(connect(registry, login if isinstance(login, Login) else Login())) as session:
        arrival = _arrival(registry, login, session, deadline)
        yield from arrival
        if any(check.status is Status.FAILED for check in arrival):
            return
        repositories, check = _docker_repositories(registry, session, deadline)
        yield check
        if repositories:
            anonymous = isinstance(login, Login) and login.kind is LoginKind.ANONYMOUS
            yield from right_checks(registry, session, repositories, anonymous=anonymous, deadline=deadline)


def _name(registry: Registry, addresses: Callable[[str], Collection[str]], seconds: float) -> Check:
    host = urlsplit(registry.url).hostname or ""
    try:
        answers, _ = until(Deadline.after(seconds), map(addresses, [host]))
    except (OSError, UnicodeError) as error:
        return _unresolved(registry, f"{host} does not resolve ({error})")
    if not answers or not answers[0]:
        return _unresolved(registry, f"{host} does not resolve within {seconds:g} seconds")
    found = sorted(answers[0])
    if forbidden := [address for address in found if not permitted_address(address)]:
        cause = f"{host} leads to {forbidden[0]}, a link-local or metadata address"
        return Check("name", Status.FAILED, cause, "correct the URL or its DNS entry")
    return Check("name", Status.PASSED, f"{host} is {', '.join(found[:4])}")


def _unresolved(registry: Registry, cause: str) -> Check:
    if registry.proxy is not None:
        return Check("name", Status.NOT_APPLICABLE, f"{cause} here; the proxy resolves it")
    return Check("name", Status.FAILED, cause, "correct the URL or the DNS")


def _arrival(
    registry: Registry, login: Login | UnavailableLogin, session: Session, deadline: Deadline
) -> tuple[Check, ...]:
    """Reach the server, see that it is Artifactory, and that it takes the login: one request tells all."""
    way = f" through {registry.proxy}" if registry.proxy else ""
    reached = Check("reachable", Status.PASSED, f"{registry.url} answers{way}")
    if registry.url.startswith("https:"):
        tls = Check("tls", Status.PASSED, "the certificate is valid")
    else:
        tls = Check("tls", Status.NOT_APPLICABLE, "plain http")
    try:
        version = read_version(session, deadline=deadline)
        if version is None:
            return (reached, tls, _not_artifactory("its version cannot be read"))
        licence = probes.licence(session, deadline=deadline)
    except PortshiftError as error:
        return _refused(error, login, reached, tls)
    cause = f"Artifactory {version.number}, {_licence(licence, version)}"
    return (reached, tls, Check("artifactory", Status.PASSED, cause), _login(login))


def _licence(licence: str | None, version: Version) -> str:
    if licence is not None:
        return f"licence {licence}"
    if version.addons:
        return f"licensed with {len(version.addons)} add-ons (only administrators see which licence)"
    return "no add-ons: not a licensed Pro or Enterprise"


def _refused(
    error: PortshiftError, login: Login | UnavailableLogin, reached: Check, tls: Check
) -> tuple[Check, ...]:
    """What the failure to read the version says about each step on the way."""
    if isinstance(error, TlsFailed):
        return (reached, Check("tls", Status.FAILED, error.problem, error.cure))
    if isinstance(error, LoginRefused | Forbidden):
        asks = Check("artifactory", Status.PASSED, "it asks for a login before it tells its version")
        if isinstance(login, UnavailableLogin):
            return (reached, tls, asks, _login(login))
        cure = error.cure or "give a login that may read the version"
        return (reached, tls, asks, Check("login", Status.FAILED, error.problem, cure))
    if isinstance(error, NotFound | UnexpectedAnswer):
        return (reached, tls, _not_artifactory(str(error)))
    cure = error.cure or "see that it runs, and that the way to it is open"
    return (Check("reachable", Status.FAILED, error.problem, cure),)


def _login(login: Login | UnavailableLogin) -> Check:
    if isinstance(login, UnavailableLogin):
        cure = login.cure or "bring the secret store back, or give the login again"
        return Check("login", Status.FAILED, f"the secret store does not give it: {login.problem}", cure)
    if login.kind is LoginKind.ANONYMOUS:
        return Check("login", Status.NOT_APPLICABLE, "asked without a login")
    return Check("login", Status.PASSED, f"the {login.kind.value} is accepted")


def _not_artifactory(cause: str) -> Check:
    cure = "give Artifactory's own address as URL, such as https://HOST/artifactory"
    return Check("artifactory", Status.FAILED, f"this is no Artifactory: {cause}", cure)


def _docker_repositories(
    registry: Registry, session: Session, deadline: Deadline
) -> tuple[tuple[DockerRepository, ...], Check]:
    name = "docker-repositories"
    try:
        seen = docker_repositories(session, deadline=deadline)
    except PortshiftError as error:
        return (), Check(name, Status.FAILED, error.problem, "let the login read the Docker repositories")
    kept = tuple(each for each in seen if permitted_repository(registry, each.key))
    if kept:
        shown = ", ".join(each.key for each in kept[:5]) + (", …" if len(kept) > 5 else "")
        return kept, Check(name, Status.PASSED, f"{len(kept)} visible: {shown}")
    if seen:
        cause = f"{len(seen)} visible, but none is included"
        return (), Check(name, Status.FAILED, cause, "change the repositories that are included and excluded")
    return (), Check(name, Status.FAILED, "none visible", "give the login read permission on one")
