"""The checks of what a login may do, on artifacts that are there; nothing is changed by them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portshift.core.errors import PortshiftError
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.facts import build_named
from portshift_bridge.registries.hosts import excluded_repository
from portshift_bridge.registries.model import Registry
from portshift_bridge.registries.repositories import DockerRepository
from portshift_bridge.registries.session import Session
from portshift_bridge.registries.storage import item_properties
from portshift_bridge.registries.testing import probes
from portshift_bridge.registries.testing.checks import Check, Status

_NO_ARTIFACT = "there is no image yet that the login sees"
_NO_AQL = "an image is found by AQL only, which the login may not use"


def right_checks(
    registry: Registry,
    session: Session,
    repositories: Sequence[DockerRepository],
    *,
    anonymous: bool,
    deadline: Deadline,
) -> Iterator[Check]:
    """AQL, properties, build-info and user plugin, each tried on what the login sees.

    ``repositories`` are those that the registry leaves in; what lies in an excluded member of a virtual
    one is not touched.
    """
    try:
        seen = probes.manifests(session, repositories, built=False, deadline=deadline)
    except PortshiftError as error:
        yield _no_aql(error, anonymous=anonymous)
        cause = _NO_AQL if isinstance(error, Forbidden) else "not tried, because an earlier check failed"
        for name in ("properties-readable", "properties-writable", "build-info"):
            yield Check(name, Status.NOT_APPLICABLE, cause)
    else:
        yield Check("aql", Status.PASSED, "searches are allowed")
        own = [path for path in seen if not excluded_repository(registry, path.partition("/")[0])]
        yield from _properties(session, own[0], deadline) if own else _no_artifact()
        yield _build_info(registry, session, repositories, deadline)
    yield _plugin(session, deadline)


def _no_aql(error: PortshiftError, *, anonymous: bool) -> Check:
    if isinstance(error, Forbidden) and anonymous:
        cause = "Artifactory allows AQL to logins only; images resolve without it, a catalogue is not kept"
        return Check("aql", Status.NOT_APPLICABLE, cause, "use a login")
    if isinstance(error, Forbidden):
        return Check("aql", Status.FAILED, error.problem, "use a login that Artifactory allows AQL to")
    return Check("aql", Status.FAILED, error.problem, error.cure)


def _no_artifact() -> Iterator[Check]:
    for name in ("properties-readable", "properties-writable"):
        yield Check(name, Status.NOT_APPLICABLE, _NO_ARTIFACT, "push an image, then test again")


def _properties(session: Session, path: str, deadline: Deadline) -> Iterator[Check]:
    name = "properties-readable"
    repository = path.partition("/")[0]
    try:
        found = item_properties(session, path, deadline=deadline)
    except NotFound:
        cause = f"{path} is shown, its properties are not"
        yield Check(name, Status.FAILED, cause, f"give the login read permission on {repository}")
    except PortshiftError as error:
        yield Check(name, Status.FAILED, error.problem, error.cure)
    else:
        yield Check(name, Status.PASSED, f"{len(found)} on {path}")
    yield _writable(session, path, deadline)


def _writable(session: Session, path: str, deadline: Deadline) -> Check:
    name = "properties-writable"
    repository = path.partition("/")[0]
    try:
        probes.try_property_write(session, path, deadline=deadline)
    except Forbidden as error:
        cure = f"give the login annotate permission on {repository}, or leave it: nothing is written then"
        return Check(name, Status.FAILED, error.problem, cure)
    except PortshiftError as error:
        return Check(name, Status.FAILED, error.problem, error.cure)
    return Check(name, Status.PASSED, f"a property that {path} does not have could be deleted")


def _build_info(
    registry: Registry, session: Session, repositories: Sequence[DockerRepository], deadline: Deadline
) -> Check:
    name = "build-info"
    try:
        seen = probes.manifests(session, repositories, built=True, deadline=deadline)
        own = [path for path in seen if not excluded_repository(registry, path.partition("/")[0])]
        build = build_named(item_properties(session, own[0], deadline=deadline)) if own else None
        if build is None:
            return Check(name, Status.NOT_APPLICABLE, "no image that the login sees names its build")
        probes.try_build(session, build, deadline=deadline)
    except (Forbidden, NotFound) as error:
        cure = "give the login read permission on builds; without it their name and number are known only"
        return Check(name, Status.FAILED, f"the build is deleted or hidden: {error.problem}", cure)
    except PortshiftError as error:
        return Check(name, Status.FAILED, error.problem, error.cure)
    return Check(name, Status.PASSED, f"build {build.name} {build.number} can be read")


def _plugin(session: Session, deadline: Deadline) -> Check:
    name = "user-plugin"
    try:
        version = probes.plugin_version(session, deadline=deadline)
    except (Forbidden, NotFound, UnexpectedAnswer) as error:
        cause = f"the login may not list user plugins, or there can be none: {error.problem}"
        return Check(name, Status.NOT_APPLICABLE, cause)
    except PortshiftError as error:
        return Check(name, Status.FAILED, error.problem, error.cure)
    if version is None:
        cause = f"Artifactory shows this login no user plugin {probes.PLUGIN}; none is needed"
        return Check(name, Status.NOT_APPLICABLE, cause)
    return Check(name, Status.PASSED, f"{probes.PLUGIN} {version}")
