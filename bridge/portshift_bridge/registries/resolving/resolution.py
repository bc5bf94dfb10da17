"""Many references at once: each gets its own outcome, and all of them together a bounded time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from portshift.core.errors import InvalidReference
from portshift.core.references import parse_reference
from portshift.core.wire import Outcome
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.artifactory import ImageSource, open_artifactory
from portshift_bridge.registries.hosts import candidates, unconnected
from portshift_bridge.registries.model import Login, Registry, UnavailableLogin
from portshift_bridge.registries.resolving.lookup import Lookup, Resolution
from portshift_bridge.registries.resolving.searching import Lane, Search, Searching

__all__ = ["Connection", "Resolution", "Resolver"]

DEADLINE_SECONDS = 20.0
PARALLEL = 16

Connection = tuple[Registry, Login | UnavailableLogin]


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
        connect: Callable[[Registry, Login], ImageSource] = open_artifactory,
    ) -> None:
        self._connections = connections
        self._seconds = deadline_seconds
        self._parallel = parallel
        self._connect = connect
        self._lock = threading.Lock()
        self._lanes: dict[tuple[Registry, Login], Lane] = {}
        self._calls: Counter[Lane] = Counter()

    def resolve(self, references: Collection[str]) -> dict[str, Resolution]:
        """The outcome of each distinct reference in their order, after ``deadline_seconds`` at the latest.

        An image whose registry did not answer by then is ``unreachable``. A failure is an outcome, never
        an exception.
        """
        deadline = Deadline.after(self._seconds)
        connections = self._connections()
        unavailable = {
            registry.name: _unavailable(registry, login)
            for registry, login in connections
            if isinstance(login, UnavailableLogin)
        }
        outcomes: dict[str, Resolution] = {}
        searches = []
        for text in dict.fromkeys(references):
            plan = _plan(text, [registry for registry, _ in connections])
            if isinstance(plan, Resolution):
                outcomes[text] = plan
            else:
                searches.append(plan)
        with self._lanes_of(connections) as lanes:
            searching = Searching(lanes, unavailable, deadline)
            outcomes |= searching.run(searches)
        outcomes |= {search.text: self._late(search) for search in searching.unfinished}
        return {text: outcomes[text] for text in dict.fromkeys(references)}

    def close(self) -> None:
        """End the workers, after what they are doing, and close all connections."""
        with self._lock:
            lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            lane.close(wait=True)

    def _late(self, search: Search) -> Resolution:
        registry = search.places[0].registry
        return Resolution(
            Outcome.UNREACHABLE,
            f"registry {registry.name} ({registry.url}) did not answer within {self._seconds:g} s; "
            f"see 'helm portshift registries test {registry.name}'",
        )

    @contextmanager
    def _lanes_of(self, connections: Sequence[Connection]) -> Iterator[dict[str, Lane]]:
        """The lanes of these connections, by name; those of changed registries end with their last call."""
        with self._lock:
            before = self._lanes
            self._lanes = {
                (registry, login): before.get((registry, login)) or self._lane(registry, login)
                for registry, login in connections
                if isinstance(login, Login)
            }
            mine = {registry.name: lane for (registry, _), lane in self._lanes.items()}
            self._calls.update(mine.values())
        self._close_unused(before.values())
        try:
            yield mine
        finally:
            with self._lock:
                self._calls.subtract(mine.values())
            self._close_unused(mine.values())

    def _close_unused(self, lanes: Iterable[Lane]) -> None:
        with self._lock:
            current = set(self._lanes.values())
            unused = [lane for lane in lanes if lane not in current and not self._calls[lane]]
            for lane in unused:
                del self._calls[lane]
        for lane in unused:
            # What hangs in it is nobody's any more.
            lane.close(wait=False)

    def _lane(self, registry: Registry, login: Login) -> Lane:
        workers = ThreadPoolExecutor(self._parallel, thread_name_prefix=f"registry-{registry.name}")
        return Lane(Lookup(registry.name, self._connect(registry, login)), workers)


def _plan(text: str, registries: Sequence[Registry]) -> Search | Resolution:
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
    return Search(text, reference, places)


def _unavailable(registry: Registry, login: UnavailableLogin) -> Resolution:
    told = f"registry {registry.name}: {login.problem}"
    return Resolution(Outcome.UNREACHABLE, f"{told}; {login.cure}" if login.cure else told)
