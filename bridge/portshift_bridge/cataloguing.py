"""Filling the catalogue beside the requests: images that registrations found, and what manifests are.

A registration only leaves a note; one thread writes the notes down and reads manifests that nobody described,
a few at a time. What is lost with the process, or when too much is noted at once, the watcher finds again.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from portshift.core.errors import PortshiftError, Unreachable
from portshift.core.identity import PlannedImage
from portshift_bridge.errors import StorageUnavailable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.errors import LoginRefused
from portshift_bridge.registries.inspecting.contents import Content, read_content
from portshift_bridge.registries.model import Login, Registry
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.session import Session, open_session
from portshift_bridge.store.artifacts import ArtifactStore
from portshift_bridge.store.registries import ConnectedRegistry

PAUSE_SECONDS = 10.0
REST_SECONDS = 60.0
_MAX_NOTES = 20_000
_DESCRIBED_AT_ONCE = 20
_READ_SECONDS = 20.0
_STOP_SECONDS = 3.0
_log = logging.getLogger(__name__)

Connect = Callable[[Registry, Login], Session]


class Cataloguer:
    """Notes from requests, and one thread that works on them; safe to use from several threads."""

    def __init__(
        self,
        *,
        registries: Callable[[], Sequence[ConnectedRegistry]],
        artifacts: ArtifactStore,
        connect: Connect = open_session,
    ) -> None:
        self._registries = registries
        self._artifacts = artifacts
        self._connect = connect
        self._notes: queue.Queue[tuple[str, ManifestPath]] = queue.Queue(_MAX_NOTES)
        self._resting: dict[str, float] = {}
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work, in a thread of its own."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._run, name="cataloguer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a read that is under way is left to its end."""
        self._ended.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def note(self, images: Iterable[PlannedImage]) -> None:
        """Leave a note of images that were found; never waits."""
        for image in images:
            sighting = _sighting(image)
            if sighting is None:
                continue
            try:
                self._notes.put_nowait(sighting)
            except queue.Full:
                break
        self._wake.set()

    def work(self) -> bool:
        """Write the notes down and describe some manifests of each registry; whether there may be more."""
        connected = {each.registry.name: each for each in self._registries()}
        self._resting = {name: until for name, until in self._resting.items() if name in connected}
        for name, seen in self._taken().items():
            if name in connected:
                self._artifacts.record(name, seen)
        described = [self._describe(each) for each in connected.values()]
        return any(described)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wake.clear()
            more = False
            try:
                more = self.work()
            except StorageUnavailable as error:
                _log.warning("cataloguing failed cause=%r", str(error))
            except Exception:
                # The outermost edge of the thread: what failed is tried again.
                _log.exception("cataloguing failed")
            if not more:
                self._wake.wait(PAUSE_SECONDS)

    def _taken(self) -> dict[str, list[ManifestPath]]:
        taken: dict[str, list[ManifestPath]] = defaultdict(list)
        for _ in range(_MAX_NOTES):
            try:
                registry, path = self._notes.get_nowait()
            except queue.Empty:
                break
            taken[registry].append(path)
        return taken

    def _describe(self, connected: ConnectedRegistry) -> bool:
        name, login = connected.registry.name, connected.login
        if not isinstance(login, Login) or self._resting.get(name, 0.0) > time.monotonic():
            return False
        waiting = self._artifacts.undescribed(registry=name, limit=_DESCRIBED_AT_ONCE)
        if not waiting:
            return False
        session = self._connect(connected.registry, login)
        try:
            self._describe_each(session, name, waiting)
        finally:
            session.close()
        return len(waiting) == _DESCRIBED_AT_ONCE

    def _describe_each(self, session: Session, registry: str, waiting: Iterable[ManifestPath]) -> None:
        for place in waiting:
            if self._ended.is_set():
                return
            try:
                content = read_content(session, place, deadline=Deadline.after(_READ_SECONDS))
            except UnexpectedAnswer as error:
                _log.info("manifest not described path=%r cause=%r", place.full_path, str(error))
            except (Unreachable, LoginRefused) as error:
                _log.warning("registry rests registry=%s cause=%r", registry, str(error))
                self._resting[registry] = time.monotonic() + REST_SECONDS
                return
            except PortshiftError as error:
                # Blocked, hidden or gone since.
                _log.info("manifest not described path=%r cause=%r", place.full_path, str(error))
            else:
                keep_content(self._artifacts, place.digest, content)


def keep_content(artifacts: ArtifactStore, digest: str, content: Content) -> None:
    """Keep what a manifest is."""
    artifacts.describe(
        digest,
        media_type=content.media_type,
        size=content.size,
        platforms=content.platforms,
        labels=content.labels,
        children=[(child.digest, child.platform) for child in content.children],
    )


def _sighting(image: PlannedImage) -> tuple[str, ManifestPath] | None:
    """The registry and place of an image that was found; what else is known of the place stays as it is."""
    if image.digest is None or image.artifact is None:
        return None
    registry, _, full_path = image.artifact.partition("/")
    repository, _, rest = full_path.partition("/")
    path, _, name = rest.rpartition("/")
    build = image.build
    named = {} if build is None else {"build.name": (build.name,), "build.number": (build.number,)}
    return registry, ManifestPath(repository, path, name, image.digest, properties=named)
