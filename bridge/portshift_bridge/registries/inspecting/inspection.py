"""Everything about one digest in one registry, live; nothing of it counts as a download.

Where the digest lies, and each place's properties, come from one AQL query. The rest is asked side by side:
content, whether it may be pulled, parents, builds and release bundles. Each group says for itself how much
of it is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from portshift.core.errors import PortshiftError
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.caches import asked_by
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.inspecting.builds import BuildInfo, builds_of
from portshift_bridge.registries.inspecting.bundles import Bundle, bundles_of
from portshift_bridge.registries.inspecting.contents import Content, read_content
from portshift_bridge.registries.inspecting.parents import Parent, parents_of
from portshift_bridge.registries.inspecting.places import places_of
from portshift_bridge.registries.inspecting.states import Group, State, state_of
from portshift_bridge.registries.model import Registry
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.session import Session
from portshift_bridge.registries.system import read_version

_MAX_ASKED = 10


@dataclass(frozen=True)
class Known:
    """What the catalogue knows of a digest before a registry is asked."""

    paths: tuple[ManifestPath, ...] = ()
    content: Content | None = None
    parents: tuple[Parent, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """One registry's facts. ``content`` holds one item or none; ``pull`` the places that are blocked."""

    registry: str
    paths: Group[ManifestPath]
    content: Group[Content]
    pull: Group[str]
    parents: Group[Parent]
    builds: Group[BuildInfo]
    bundles: Group[Bundle]


def inspect(
    session: Session, registry: Registry, digest: str, known: Known, *, deadline: Deadline
) -> Inspection:
    """The facts of ``digest`` by ``deadline``; a failure is a state, never an exception."""
    try:
        version = _version(session, deadline)
        places = places_of(session, registry, digest, known.paths, deadline=deadline)
    except PortshiftError as error:
        return unasked(registry.name, known, state_of(error), str(error))
    paths = places.items
    if not paths:
        reason = "the registry shows it to its login nowhere; it was deleted, or is hidden"
        return unasked(registry.name, known, State.NOT_VISIBLE, reason)
    with ThreadPoolExecutor(5, thread_name_prefix=f"inspect-{registry.name}") as workers:
        content = workers.submit(_content, session, paths, known, deadline)
        pull = workers.submit(_pull, session, paths, deadline)
        parents = workers.submit(
            parents_of, session, paths, known.parents, version=version, deadline=deadline
        )
        builds = workers.submit(builds_of, session, paths, deadline=deadline)
        bundles = workers.submit(bundles_of, session, digest, version=version, deadline=deadline)
    return Inspection(
        registry=registry.name,
        paths=places,
        content=content.result(),
        pull=pull.result(),
        parents=parents.result(),
        builds=builds.result(),
        bundles=bundles.result(),
    )


def unasked(registry: str, known: Known, state: State, reason: str) -> Inspection:
    """What the catalogue knows, where the registry gave no answer: it is not empty for that."""
    return Inspection(
        registry=registry,
        paths=Group(state, known.paths, reason),
        content=Group(state, (known.content,) if known.content else (), reason),
        pull=Group(state, (), reason),
        parents=Group(state, known.parents, reason),
        builds=Group(state, (), reason),
        bundles=Group(state, (), reason),
    )


def _version(session: Session, deadline: Deadline) -> tuple[int, ...] | None:
    """Artifactory's version; None where it does not say, or not to this login.

    Raises:
        LoginRefused, Unreachable: nothing else would be answered either.

    """
    try:
        version = read_version(session, deadline=deadline)
    except (Forbidden, NotFound):
        return None
    return version.release if version is not None else None


def _content(
    session: Session, paths: Sequence[ManifestPath], known: Known, deadline: Deadline
) -> Group[Content]:
    kept = (known.content,) if known.content else ()
    refused: Forbidden | None = None
    for path in paths[:_MAX_ASKED]:
        try:
            content = read_content(session, path, deadline=deadline)
        except Forbidden as error:
            refused = error
        except NotFound:
            continue
        except PortshiftError as error:
            return Group(State.KNOWN if kept else state_of(error), kept, None if kept else str(error))
        else:
            return Group(State.UNKNOWN if content.incomplete else State.KNOWN, (content,), content.incomplete)
    if kept:
        # A digest's content never changes: what was read once stays true.
        return Group(State.KNOWN, kept)
    if refused is not None:
        return Group(State.BLOCKED, reason=f"the manifest is shown and not handed out: {refused}")
    return Group(State.NOT_VISIBLE, reason="the manifest is listed, but its bytes are not shown to the login")


def _pull(session: Session, paths: Sequence[ManifestPath], deadline: Deadline) -> Group[str]:
    """Whether the manifest is handed out: a 403 for an item that AQL shows is Xray's block, or a policy's."""
    images: dict[tuple[str, str], ManifestPath] = {}
    for path in paths:
        images.setdefault((path.repository, path.image), path)
    asked = list(images.values())[:_MAX_ASKED]
    blocked, problem = [], ""
    for path in asked:
        try:
            _head(session, path, deadline)
        except Forbidden as error:
            blocked.append(path.full_path)
            problem = str(error)
        except NotFound:
            return Group(
                State.UNKNOWN, tuple(blocked), f"{path.full_path} is listed, but not served to Docker"
            )
        except PortshiftError as error:
            return Group(state_of(error), tuple(blocked), str(error))
    if blocked:
        reason = f"Artifactory refuses to hand it out, as Xray or a policy wants: {problem}"
        return Group(State.BLOCKED, tuple(blocked), reason)
    if len(images) > len(asked):
        return Group(
            State.UNKNOWN, reason=f"{len(asked)} of {len(images)} images were asked for; none is blocked"
        )
    return Group(State.KNOWN)


def _head(session: Session, path: ManifestPath, deadline: Deadline) -> None:
    repository = asked_by(path.repository)
    answer = session.manifest("HEAD", repository, path.image, path.digest, deadline=deadline)
    found = answer.headers.get("Docker-Content-Digest")
    if found != path.digest:
        raise UnexpectedAnswer(f"found {found} at {path.full_path}, expected {path.digest}")
