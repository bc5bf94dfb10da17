"""Many references at once: each gets its own outcome, and all of them together a bounded time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from portshift.core.errors import InvalidReference
from portshift.core.references import Reference, parse_reference
from portshift.core.wire import Outcome
from portshift_bridge.registries.artifactory import Artifactory, ImageSource
from portshift_bridge.registries.deadline import Deadline
from portshift_bridge.registries.hosts import Candidate, candidates, unconnected
from portshift_bridge.registries.lookup import Lookup, Resolution
from portshift_bridge.registries.model import Login, Registry

__all__ = ["Connection", "Resolution", "Resolver"]

DEADLINE_SECONDS = 20.0
PARALLEL = 16

# Where no registry has the image: what is known least comes first.
_LEAST_KNOWN_FIRST = (Outcome.FORBIDDEN, Outcome.NOT_VISIBLE, Outcome.ABSENT)


Connection = tuple[Registry, Login]


@dataclass(frozen=True)
class _Search:
    """A reference on its way through the places that it may mean."""

    text: str
    reference: Reference
    places: tuple[Candidate, ...]
    refused: tuple[Resolution, ...] = ()

    def after(self, resolution: Resolution) -> _Search | Resolution:
        """What follows from the answer at the first place: the outcome, or the search at the next one.

        A registry that gave no answer ends the search: what a later one holds may be another image.
        """
        if resolution.outcome is Outcome.RESOLVED or not resolution.outcome.conclusive:
            return resolution
        refused = (*self.refused, resolution)
        if len(self.places) > 1:
            return replace(self, places=self.places[1:], refused=refused)
        least = min(refused, key=lambda entry: _LEAST_KNOWN_FIRST.index(entry.outcome))
        reasons = "; ".join(entry.reason for entry in refused if entry.reason)
        return Resolution(least.outcome, reasons[:2_000])


class _Lane:
    """One registry's workers: a registry that hangs holds up its own images only."""

    def __init__(self, name: str, source: ImageSource, *, parallel: int) -> None:
        self.lookup = Lookup(source)
        self.workers = ThreadPoolExecutor(parallel, thread_name_prefix=f"registry-{name}")

    def close(self) -> None:
        self.workers.shutdown(cancel_futures=True)
        self.lookup.close()


class Resolver:
    """Finds images in the connected registries.

    ``connections`` is asked at each call, so a registry that was added or changed counts at once. At most
    ``parallel`` requests are under way at one registry. Safe to use from several threads.
    """

    def __init__(
        self,
        connections: Callable[[], Sequence[Connection]],
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        parallel: int = PARALLEL,
        connect: Callable[[Registry, Login], ImageSource] = Artifactory,
    ) -> None:
        self._connections = connections
        self._seconds = deadline_seconds
        self._parallel = parallel
        self._connect = connect
        self._lock = threading.Lock()
        self._lanes: dict[Connection, _Lane] = {}

    def resolve(self, references: Collection[str]) -> dict[str, Resolution]:
        """The outcome of each distinct reference in their order, after ``deadline_seconds`` at the latest.

        An image whose registry did not answer by then is ``unreachable``. A failure is an outcome, never
        an exception.
        """
        deadline = Deadline.after(self._seconds)
        lanes = self._lanes_of(self._connections())
        outcomes: dict[str, Resolution] = {}
        searches = []
        for text in dict.fromkeys(references):
            plan = _plan(text, [registry for registry, _ in lanes])
            if isinstance(plan, Resolution):
                outcomes[text] = plan
            else:
                searches.append(plan)
        by_name = {registry.name: lane for (registry, _), lane in lanes.items()}
        outcomes |= self._run(searches, by_name, deadline)
        return {text: outcomes[text] for text in dict.fromkeys(references)}

    def close(self) -> None:
        """End the workers, after what they are doing, and close all connections."""
        with self._lock:
            lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            lane.close()

    def _run(
        self, searches: Sequence[_Search], lanes: dict[str, _Lane], deadline: Deadline
    ) -> dict[str, Resolution]:
        answered: queue.SimpleQueue[Future[Resolution]] = queue.SimpleQueue()
        waiting: dict[Future[Resolution], _Search] = {}
        outcomes: dict[str, Resolution] = {}

        def start(search: _Search) -> None:
            place = search.places[0]
            lane = lanes[place.registry.name]
            future = lane.workers.submit(lane.lookup.look_up, place, search.reference, deadline=deadline)
            waiting[future] = search
            future.add_done_callback(answered.put)

        for search in searches:
            start(search)
        while waiting:
            try:
                future = answered.get(timeout=deadline.remaining())
            except queue.Empty:
                break
            search = waiting.pop(future)
            following = search.after(future.result())
            if isinstance(following, _Search):
                start(following)
            else:
                outcomes[search.text] = following
        for future, search in waiting.items():
            future.cancel()
            outcomes[search.text] = self._late(search)
        return outcomes

    def _late(self, search: _Search) -> Resolution:
        registry = search.places[0].registry
        return Resolution(
            Outcome.UNREACHABLE,
            f"registry {registry.name} ({registry.url}) did not answer within {self._seconds:g} s; "
            f"see 'helm portshift registries test {registry.name}'",
        )

    def _lanes_of(self, connections: Sequence[Connection]) -> dict[Connection, _Lane]:
        """The lanes of these connections; those of removed or changed ones end with their last request."""
        with self._lock:
            self._lanes = {
                connection: self._lanes.get(connection) or self._lane(connection)
                for connection in connections
            }
            return dict(self._lanes)

    def _lane(self, connection: Connection) -> _Lane:
        registry, login = connection
        return _Lane(registry.name, self._connect(registry, login), parallel=self._parallel)


def _plan(text: str, registries: Sequence[Registry]) -> _Search | Resolution:
    try:
        reference = parse_reference(text)
    except InvalidReference as error:
        return Resolution(Outcome.INVALID, str(error).removeprefix(f"image {text!r}: "))
    if reference.digest is not None and not reference.digest.startswith("sha256:"):
        found = reference.digest.partition(":")[0]
        return Resolution(
            Outcome.INVALID, f"found a {found} digest, expected sha256, as Artifactory keeps it"
        )
    places = candidates(registries, reference)
    if not places:
        return Resolution(Outcome.UNCONNECTED, unconnected(registries, reference))
    return _Search(text, reference, places)
