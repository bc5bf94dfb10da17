"""The two threads of a registry: they go on whatever fails, and end when they are told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import pytest

from portshift.core.errors import Unreachable
from portshift_bridge.clock import SECOND, system_clock
from portshift_bridge.registries.errors import LoginRefused
from portshift_bridge.store.progress import ProgressStore
from portshift_bridge.watching.comparing import Compared
from portshift_bridge.watching.cursor import Cursor
from portshift_bridge.watching.events import Hint, Kind
from portshift_bridge.watching.lanes import EventLane, PollLane, Schedule
from portshift_bridge.watching.reading import Reader
from tests.fakes.bridge_services import FakeBridge
from tests.fakes.connected import connected
from tests.unit.bridge.watching.catalogue import FakeCatalogue
from tests.unit.bridge.watching.registry import FakeRegistry

HINT = Hint(Kind.READ, "docker-local", "app/1")


class FakeReader(Reader):
    """Notes what it is asked, and raises the next of ``failures`` instead of each answer."""

    def __init__(self, *failures: Exception) -> None:
        registry = FakeRegistry()
        super().__init__(registry.registry, registry.session(), FakeCatalogue(), clock=system_clock)
        self.failures = list(failures)
        self.comparison: Exception | None = None
        self.polls: list[Cursor | None] = []
        self.looks: list[Hint] = []
        self.compared = 0

    def poll(
        self, cursor: Cursor | None, *, keep: Callable[[Cursor], None], between: Callable[[], None]
    ) -> None:
        self.polls.append(cursor)
        self._fail()
        between()
        keep(Cursor(len(self.polls), 10 * len(self.polls)))

    def look(self, hints: Collection[Hint], *, between: Callable[[], None]) -> None:
        self._fail()
        self.looks += hints

    def compare(self, *, between: Callable[[], None]) -> Compared:
        between()
        if self.comparison is not None:
            raise self.comparison
        self.compared += 1
        return Compared()

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture
def progress(bridge: FakeBridge) -> ProgressStore:
    connected(bridge.services.database, "acme")
    return ProgressStore(bridge.services.database, system_clock)


@contextmanager
def polling(reader: FakeReader, progress: ProgressStore, *, holder: str = "a") -> Iterator[threading.Event]:
    ended = threading.Event()
    lane = PollLane(
        reader,
        progress,
        ended,
        holder=holder,
        schedule=Schedule(0.05, 3_600),
        clock=system_clock,
        polled=lambda _: None,
    )
    with running(lane.run, ended):
        yield ended


@contextmanager
def running(run: Callable[[], None], ended: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(5)
    assert not thread.is_alive()


def until(holds: Callable[[], object]) -> None:
    stop = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < stop
        time.sleep(0.01)


def test_it_polls_from_where_it_was_and_compares_once(progress: ProgressStore) -> None:
    reader = FakeReader()
    with polling(reader, progress):
        until(lambda: len(reader.polls) >= 3)

    assert reader.polls[:3] == [None, Cursor(1, 10), Cursor(2, 20)]
    assert reader.compared == 1


@pytest.mark.parametrize(
    "failure", [Unreachable("it does not answer"), LoginRefused("no"), KeyError("a defect")]
)
def test_a_failure_is_kept_and_the_next_poll_begins_at_the_same_place(
    progress: ProgressStore, failure: Exception
) -> None:
    reader = FakeReader(failure)
    with polling(reader, progress):
        until(lambda: progress.get("acme").problem)
        until(lambda: progress.get("acme").problem is None)

    assert reader.polls[:2] == [None, None]


def test_a_comparison_that_fails_holds_up_no_poll_and_stays_told(progress: ProgressStore) -> None:
    reader = FakeReader()
    reader.comparison = Unreachable("AQL gives only a part")
    with polling(reader, progress):
        until(lambda: len(reader.polls) >= 4)

    kept = progress.get("acme")
    assert kept.compared_at is None
    assert kept.problem == "the comparison of paths was broken off: AQL gives only a part"


def test_it_goes_on_when_the_clock_is_set_back(bridge: FakeBridge, progress: ProgressStore) -> None:
    """What an hour later kept of its polls, comparisons and lease must not stop those of now."""
    later = ProgressStore(bridge.services.database, lambda: system_clock() + 3_600 * SECOND)
    later.lease("acme", holder="a process that is no more", seconds=60)
    later.polled("acme", holder="a process that is no more", modified_until=7, properties_until=None)
    later.compared("acme", holder="a process that is no more")
    reader = FakeReader()
    with polling(reader, progress):
        until(lambda: len(reader.polls) >= 2 and reader.compared)

    assert reader.polls[0] == Cursor(7, None)


def test_who_has_no_lease_reads_nothing(progress: ProgressStore) -> None:
    reader = FakeReader()
    progress.lease("acme", holder="b", seconds=60)
    with polling(reader, progress):
        time.sleep(0.3)

    assert reader.polls == []


def test_the_lease_is_given_back_between_polls(progress: ProgressStore) -> None:
    reader = FakeReader()
    with polling(reader, progress):
        until(lambda: reader.polls)

    assert progress.lease("acme", holder="b", seconds=60)


def test_hints_wait_for_a_registry_that_does_not_answer(progress: ProgressStore) -> None:
    reader = FakeReader(Unreachable("it does not answer"))
    ended = threading.Event()
    lane = EventLane(reader, progress, ended)
    with running(lane.run, ended):
        lane.add(HINT)
        until(lambda: reader.looks == [HINT])
        ended.set()
        lane.wake()

    assert progress.get("acme").event_at is not None


def test_a_refused_login_is_not_tried_over_and_over(progress: ProgressStore) -> None:
    reader = FakeReader(LoginRefused("no"), LoginRefused("no"))
    ended = threading.Event()
    lane = EventLane(reader, progress, ended)
    with running(lane.run, ended):
        lane.add(HINT)
        until(lambda: len(reader.failures) == 1)
        lane.add(HINT)
        time.sleep(1.0)

    assert len(reader.failures) == 1
