"""The searches of one call, from step to step: the workers ask, one thread decides what follows.

Each answer comes back to the calling thread, which alone changes anything here.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from portshift.core.references import Reference
from portshift.core.wire import Outcome
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.hosts import Candidate
from portshift_bridge.registries.resolving.locating import Headed, Located, Sought
from portshift_bridge.registries.resolving.lookup import Lookup, Resolution
from portshift_bridge.registries.resolving.places import Batch, batches

# So many images fill a query. One that hangs makes those it was gathered with wait for this part of the time.
_GATHERED = 150
_LINGER = 0.1

# Where no registry has the image: what is known least comes first.
_LEAST_KNOWN_FIRST = (Outcome.FORBIDDEN, Outcome.NOT_VISIBLE, Outcome.ABSENT)

_T = TypeVar("_T")


@dataclass(frozen=True)
class Search:
    """A reference on its way through the places that it may mean."""

    text: str
    reference: Reference
    places: tuple[Candidate, ...]
    refused: tuple[Resolution, ...] = ()

    @property
    def sought(self) -> Sought:
        return Sought.at(self.places[0], self.reference)

    def after(self, resolution: Resolution) -> Search | Resolution:
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


@dataclass(frozen=True, eq=False)
class Lane:
    """One registry's workers: a registry that hangs holds up its own images only."""

    lookup: Lookup
    workers: ThreadPoolExecutor

    def close(self, *, wait: bool) -> None:
        """End the workers; ``wait`` for what they are doing."""
        self.workers.shutdown(wait=wait, cancel_futures=True)
        self.lookup.close()


@dataclass
class _Gathering:
    """What waits to be asked of one registry in a query for many."""

    lane: Lane
    searches: dict[Sought, list[Search]] = field(default_factory=dict)
    confirming: list[Sought] = field(default_factory=list)
    locating: list[Headed] = field(default_factory=list)
    heads: int = 0

    @property
    def full(self) -> bool:
        """Whether nothing is gained by waiting for more."""
        return not self.heads or len(self.locating) >= _GATHERED


class Searching:
    """Runs searches at the lanes of registries, by their names, until all have an outcome, or ``deadline``.

    ``unavailable`` is the outcome of whatever is sought at a registry that cannot be asked at all.
    """

    def __init__(
        self, lanes: Mapping[str, Lane], unavailable: Mapping[str, Resolution], deadline: Deadline
    ) -> None:
        self._gatherings = {name: _Gathering(lane) for name, lane in lanes.items()}
        self._unavailable = unavailable
        self._deadline = deadline
        self._linger_seconds = deadline.remaining() * _LINGER
        self._answered: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._under_way: dict[Future[Any], Callable[[Any], None]] = {}
        self._outcomes: dict[str, Resolution] = {}

    def run(self, searches: Sequence[Search]) -> dict[str, Resolution]:
        """The outcome of each search, by its text; what has none by the deadline is ``unfinished``."""
        for search in searches:
            self._begin(search)
        self._ask_gathered()
        while self._under_way and not self._deadline.passed:
            try:
                future = self._answered.get(timeout=min(self._linger_seconds, self._deadline.remaining()))
            except queue.Empty:
                self._ask_gathered()
                continue
            self._under_way.pop(future)(future.result())
            self._ask_gathered(only_full=True)
        for future in self._under_way:
            future.cancel()
        return self._outcomes

    @property
    def unfinished(self) -> list[Search]:
        return [
            search for at in self._gatherings.values() for same in at.searches.values() for search in same
        ]

    # Steps

    def _begin(self, search: Search) -> None:
        name = search.places[0].registry.name
        if name in self._unavailable:
            self._outcomes[search.text] = self._unavailable[name]
            return
        at = self._gatherings[name]
        sought = search.sought
        same = at.searches.setdefault(sought, [])
        same.append(search)
        if len(same) > 1:
            return
        if at.lane.lookup.confirmable(sought):
            at.confirming.append(sought)
        else:
            self._head(at, sought)

    def _head(self, at: _Gathering, sought: Sought) -> None:
        at.heads += 1

        def then(answer: Headed | Resolution) -> None:
            at.heads -= 1
            if isinstance(answer, Resolution):
                self._end(at, sought, answer)
            else:
                at.locating.append(answer)

        self._ask(at, lambda: at.lane.lookup.head(sought, deadline=self._deadline), then)

    def _ask_gathered(self, *, only_full: bool = False) -> None:
        for at in self._gatherings.values():
            if only_full and not at.full:
                continue
            confirming, at.confirming = at.confirming, []
            for batch, those in _batched(confirming, lambda sought: sought):
                self._confirm(at, batch, those)
            locating, at.locating = at.locating, []
            for batch, found in _batched(locating, lambda headed: headed.sought):
                self._locate(at, batch, found)

    def _confirm(self, at: _Gathering, batch: Batch, those: Sequence[Sought]) -> None:
        def then(confirmed: Mapping[Sought, Resolution]) -> None:
            for sought in those:
                if sought in confirmed:
                    self._end(at, sought, confirmed[sought])
                else:
                    self._head(at, sought)

        self._ask(at, lambda: at.lane.lookup.confirm(batch, those, deadline=self._deadline), then)

    def _locate(self, at: _Gathering, batch: Batch, those: Sequence[Headed]) -> None:
        def then(found: Mapping[Headed, Located | Resolution]) -> None:
            for headed in those:
                where = found.get(headed)
                if isinstance(where, Resolution):
                    self._end(at, headed.sought, where)
                else:
                    self._finish(at, headed, where)

        self._ask(at, lambda: at.lane.lookup.locate(batch, those, deadline=self._deadline), then)

    def _finish(self, at: _Gathering, headed: Headed, located: Located | None) -> None:
        def finish() -> Resolution:
            return at.lane.lookup.finish(headed, located, deadline=self._deadline)

        if located is not None and not headed.head.is_list:
            self._end(at, headed.sought, finish())
        else:
            self._ask(at, finish, lambda resolution: self._end(at, headed.sought, resolution))

    def _end(self, at: _Gathering, sought: Sought, resolution: Resolution) -> None:
        for search in at.searches.pop(sought):
            following = search.after(resolution)
            if isinstance(following, Search):
                self._begin(following)
            else:
                self._outcomes[search.text] = following

    def _ask(self, at: _Gathering, question: Callable[[], _T], then: Callable[[_T], None]) -> None:
        """Have a worker ask; what follows from the answer happens in this thread."""
        future = at.lane.workers.submit(question)
        self._under_way[future] = then
        future.add_done_callback(self._answered.put)


def _batched(those: Iterable[_T], sought: Callable[[_T], Sought]) -> Iterable[tuple[Batch, list[_T]]]:
    """Each query with whatever is sought at its places."""
    by_place: dict[object, list[_T]] = {}
    for each in those:
        by_place.setdefault(sought(each).place, []).append(each)
    for batch in batches(sought(each[0]).place for each in by_place.values()):
        yield batch, [each for place in batch.places for each in by_place[place]]
