"""The builds that an image's properties name, as their build-info tells them.

JFrog's clients set ``build.name``, ``build.number`` and ``build.timestamp`` on a manifest, in CI also
``vcs.*`` (jfrog-cli-artifactory, ``civcs.go``). Build-info is asked for by name and number: AQL shows a login
that is no administrator nothing of builds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from portshift.core.errors import PortshiftError
from portshift.core.identity import Build
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.facts import Properties, build_named
from portshift_bridge.registries.inspecting.answers import moment_of, text_of
from portshift_bridge.registries.inspecting.states import Group, State, state_of
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.session import Session

_MAX_BUILDS = 50
_MAX_ENTRIES = 200
_MILLISECOND = 1_000


@dataclass(frozen=True)
class Revision:
    """What of a version control system went into a build."""

    url: str | None = None
    revision: str | None = None
    branch: str | None = None


@dataclass(frozen=True)
class BuildPromotion:
    """A status that a build was given; ``at`` in microseconds, UTC."""

    status: str | None
    repository: str | None = None
    at: int | None = None
    user: str | None = None
    ci_user: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class BuildInfo:
    """A build, each part absent where the pipeline did not say; ``started`` in microseconds, UTC.

    Where the login does not see the build-info, ``state`` says so, and the rest is what properties tell.
    """

    build: Build
    state: State = State.KNOWN
    reason: str | None = None
    started: int | None = None
    agent: str | None = None
    url: str | None = None
    vcs: tuple[Revision, ...] = ()
    promotions: tuple[BuildPromotion, ...] = ()


def builds_of(session: Session, paths: Iterable[ManifestPath], *, deadline: Deadline) -> Group[BuildInfo]:
    """Every build that the places' properties name, in their order."""
    named: dict[Build, BuildInfo] = {}
    for path in paths:
        told = build_of_properties(path.properties)
        if told is not None and len(named) < _MAX_BUILDS:
            named.setdefault(told.build, told)
    if not named:
        return Group(State.NOT_APPLICABLE, reason="no build put its name on the image")
    builds = tuple(_completed(session, told, deadline) for told in named.values())
    unseen = [build for build in builds if build.state is not State.KNOWN]
    if unseen:
        return Group(unseen[0].state, builds, unseen[0].reason)
    return Group(State.KNOWN, builds)


def build_of_properties(properties: Properties) -> BuildInfo | None:
    """The build that properties name, with what they say of it."""
    build = build_named(properties)
    if build is None:
        return None
    first = {key: values[0] for key, values in properties.items() if values and values[0]}
    stamp = first.get("build.timestamp", "")
    revision = Revision(first.get("vcs.url"), first.get("vcs.revision"), first.get("vcs.branch"))
    return BuildInfo(
        build,
        started=int(stamp) * _MILLISECOND
        if stamp.isascii() and stamp.isdigit() and len(stamp) < 15
        else None,
        vcs=(revision,) if revision != Revision() else (),
    )


def read_build(session: Session, build: Build, *, deadline: Deadline) -> BuildInfo:
    """The build-info of one build.

    Raises:
        NotFound, Forbidden: the build is absent, hidden or of a project.
        LoginRefused, Unreachable: no answer.

    """
    path = f"api/build/{quote(build.name, safe='')}/{quote(build.number, safe='')}"
    return parse_build(session.get(path, deadline=deadline).json(), build)


def parse_build(document: Any, build: Build) -> BuildInfo:
    """Read ``GET /api/build/NAME/NUMBER``; unknown and missing fields are no fault.

    Raises:
        UnexpectedAnswer: the answer holds no build-info.

    """
    info = document.get("buildInfo") if isinstance(document, Mapping) else None
    if not isinstance(info, Mapping):
        raise UnexpectedAnswer(
            f"found no buildInfo for {build.name} {build.number}, expected Artifactory's answer"
        )
    vcs = tuple(_revision(entry) for entry in _entries(info.get("vcs")))
    old = Revision(text_of(info.get("vcsUrl")), text_of(info.get("vcsRevision")))
    return BuildInfo(
        build=build,
        started=moment_of(info.get("started")),
        agent=_agent(info.get("agent")) or _agent(info.get("buildAgent")),
        url=text_of(info.get("url")),
        vcs=vcs or ((old,) if old != Revision() else ()),
        promotions=tuple(_promotion(entry) for entry in _entries(info.get("statuses"))),
    )


def _completed(session: Session, told: BuildInfo, deadline: Deadline) -> BuildInfo:
    try:
        info = read_build(session, told.build, deadline=deadline)
    except (NotFound, Forbidden):
        reason = (
            f"build {told.build.name} {told.build.number} is named by the image's properties, but its "
            f"build-info is absent or hidden from the login; give it read permission on builds"
        )
        return replace(told, state=State.NOT_VISIBLE, reason=reason)
    except PortshiftError as error:
        return replace(told, state=state_of(error), reason=str(error))
    return replace(info, started=info.started or told.started, vcs=info.vcs or told.vcs)


def _revision(entry: Mapping[str, Any]) -> Revision:
    return Revision(text_of(entry.get("url")), text_of(entry.get("revision")), text_of(entry.get("branch")))


def _promotion(entry: Mapping[str, Any]) -> BuildPromotion:
    return BuildPromotion(
        status=text_of(entry.get("status")),
        repository=text_of(entry.get("repository")),
        at=moment_of(entry.get("timestamp")),
        user=text_of(entry.get("user")),
        ci_user=text_of(entry.get("ciUser")),
        comment=text_of(entry.get("comment")),
    )


def _entries(value: Any) -> list[Mapping[str, Any]]:
    found = value if isinstance(value, list) else []
    return [entry for entry in found if isinstance(entry, Mapping)][:_MAX_ENTRIES]


def _agent(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return None
    return (
        " ".join(part for part in (text_of(value.get("name")), text_of(value.get("version"))) if part) or None
    )
