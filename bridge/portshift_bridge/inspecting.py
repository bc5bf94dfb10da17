"""One digest in all registries at once: asked live, in bounded time, beside what the catalogue knows."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from portshift_bridge.cataloguing import Connect, keep_content
from portshift_bridge.errors import Busy, NotFound, StorageUnavailable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.inspecting.inspection import Inspection, Known, inspect, unasked
from portshift_bridge.registries.inspecting.states import State
from portshift_bridge.registries.model import UnavailableLogin
from portshift_bridge.registries.session import open_session
from portshift_bridge.store.artifact_lists import ArtifactLists
from portshift_bridge.store.artifacts import ArtifactStore
from portshift_bridge.store.registries import ConnectedRegistry

SECONDS = 20.0
AT_ONCE = 8
_PARALLEL = 16
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShownArtifact:
    """A digest and what each registry says of it; ``first_seen_at`` is absent for one that is new to us."""

    digest: str
    first_seen_at: int | None
    inspections: tuple[Inspection, ...]


class Inspector:
    """Shows artifacts; safe to use from several threads."""

    def __init__(
        self,
        *,
        registries: Callable[[], Sequence[ConnectedRegistry]],
        lists: ArtifactLists,
        artifacts: ArtifactStore,
        seconds: float = SECONDS,
        connect: Connect = open_session,
    ) -> None:
        self._registries = registries
        self._lists = lists
        self._artifacts = artifacts
        self._seconds = seconds
        self._connect = connect
        # Each may hold a worker thread of the server for the whole time.
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def show(self, digest: str) -> ShownArtifact:
        """The registries that hold the digest, hide it now, or could not be asked; also the catalogue learns.

        Raises:
            NotFound: every registry answered, none shows it, and the catalogue does not know it.
            Busy: ``AT_ONCE`` are under way.

        """
        if not self._places.acquire(blocking=False):
            raise Busy(f"{AT_ONCE} artifacts are being looked at already", cure="try again in some seconds")
        try:
            return self._show(digest)
        finally:
            self._places.release()

    def _show(self, digest: str) -> ShownArtifact:
        known = self._lists.known(digest)
        deadline = Deadline.after(self._seconds)
        connected = self._registries()

        def ask(each: ConnectedRegistry) -> Inspection:
            return self._inspect(each, digest, known.registries.get(each.registry.name, Known()), deadline)

        with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="artifact") as workers:
            every = list(workers.map(ask, connected))
        told = tuple(each for each in every if each.paths.items or each.paths.state is not State.NOT_VISIBLE)
        if not told:
            raise NotFound(
                f"no connected registry shows {digest} to its login",
                cure="push the image, or give a registry's login read permission",
            )
        self._learn(digest, told)
        return ShownArtifact(digest, known.first_seen_at, told)

    def _inspect(
        self, connected: ConnectedRegistry, digest: str, known: Known, deadline: Deadline
    ) -> Inspection:
        registry, login = connected.registry, connected.login
        if isinstance(login, UnavailableLogin):
            reason = f"the login of registry {registry.name} is unavailable: {login.problem}"
            return unasked(registry.name, known, State.UNREACHABLE, reason)
        session = self._connect(registry, login)
        try:
            return inspect(session, registry, digest, known, deadline=deadline)
        finally:
            session.close()

    def _learn(self, digest: str, told: Sequence[Inspection]) -> None:
        try:
            for each in told:
                if each.paths.state is State.KNOWN:
                    self._artifacts.record(each.registry, each.paths.items)
            for each in told:
                if each.content.state is State.KNOWN and each.content.items:
                    keep_content(self._artifacts, digest, each.content.items[0])
                    break
        except StorageUnavailable as error:
            # What was found is told all the same.
            _log.warning("artifact not kept digest=%s cause=%r", digest, str(error))
