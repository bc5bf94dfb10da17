"""The two threads that watch one registry: one looks where events point, one polls and compares.

Each ends soon after it is told to: it waits on an event that is set then, and looks at it between requests.
A registry that hangs holds up its own two threads alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from portshift.core.errors import PortshiftError
from portshift_bridge.clock import SECOND, Clock
from portshift_bridge.registries.errors import LoginRefused
from portshift_bridge.store.progress import ProgressStore
from portshift_bridge.watching.cursor import Cursor, pause_after
from portshift_bridge.watching.events import Hint
from portshift_bridge.watching.pending import Pending
from portshift_bridge.watching.reading import Reader

LEASE_SECONDS = 60
# Two batches of events a second are enough, and not too many for the registry.
_BETWEEN_BATCHES = 0.5
_EVENT_NOTED_SECONDS = 10.0
_WAIT_FOR_LEASE_SECONDS = 5.0
_COMPARE_AGAIN_SECONDS = 900.0
# So often in a row hints are kept for another try, half a minute in all.
_TRIES = 5
_LOGIN_REST_SECONDS = 60.0
_log = logging.getLogger(__name__)


class Ended(Exception):
    """The thread was told to end, or another process reads the registry now."""


@dataclass(frozen=True)
class Schedule:
    """Seconds between two polls, and between two comparisons of all paths."""

    poll_seconds: float
    compare_seconds: float


class EventLane:
    """Takes hints, and looks at their places; too many of them are dropped for the poller to find."""

    def __init__(self, reader: Reader, progress: ProgressStore, ended: threading.Event) -> None:
        self._reader = reader
        self._progress = progress
        self._ended = ended
        self._pending = Pending()
        self._changed = threading.Condition()
        self._noted = float("-inf")

    def add(self, hint: Hint) -> bool:
        """Have the place looked at soon; False when too many wait. Never blocks."""
        with self._changed:
            taken = self._pending.add(hint)
            self._changed.notify()
        return taken

    def wake(self) -> None:
        """Have the thread see at once that it is to end."""
        with self._changed:
            self._changed.notify()

    def run(self) -> None:
        """Until the end."""
        failures = 0
        while not self._ended.is_set():
            hints = self._next()
            if not hints:
                continue
            try:
                self._note()
                self._reader.look(hints, between=self._between)
                failures = 0
            except Ended:
                return
            except Exception as error:
                # The outermost edge of the thread: nothing may end it but its being told to.
                failures += 1
                log_failure("events", self._reader.name, error)
                if isinstance(error, LoginRefused):
                    # Artifactory locks a user after some refusals.
                    self._ended.wait(_LOGIN_REST_SECONDS)
                elif failures < _TRIES:
                    for hint in hints:
                        self.add(hint)
            self._ended.wait(pause_after(min(failures, _TRIES), poll_seconds=_BETWEEN_BATCHES))

    def _next(self) -> tuple[Hint, ...]:
        with self._changed:
            hints = self._pending.take(time.monotonic())
            if not hints and not self._ended.is_set():
                ready = self._pending.next_at()
                self._changed.wait(None if ready is None else max(0.0, ready - time.monotonic()))
            return hints

    def _note(self) -> None:
        """Keep when the last event came, without a write for each."""
        if time.monotonic() - self._noted >= _EVENT_NOTED_SECONDS:
            self._progress.event_received(self._reader.name)
            self._noted = time.monotonic()

    def _between(self) -> None:
        if self._ended.is_set():
            raise Ended


class PollLane:
    """Polls on schedule, compares when that is due, and slows down while the registry does not answer."""

    def __init__(
        self,
        reader: Reader,
        progress: ProgressStore,
        ended: threading.Event,
        *,
        holder: str,
        schedule: Schedule,
        clock: Clock,
        polled: Callable[[str], None],
    ) -> None:
        self._reader = reader
        self._progress = progress
        self._ended = ended
        self._holder = holder
        self._schedule = schedule
        self._clock = clock
        self._polled = polled
        self._renewed = float("-inf")
        self._poll_at = float("-inf")
        self._compare_at = float("-inf")
        self._comparison_problem: str | None = None

    def run(self) -> None:
        """Until the end."""
        failures, wait = 0, 0.0
        while not self._ended.wait(wait):
            try:
                wait = self._turn()
                failures = 0
            except Ended:
                wait = _WAIT_FOR_LEASE_SECONDS
            except Exception as error:
                # The outermost edge of the thread, as above.
                failures += 1
                wait = pause_after(failures, poll_seconds=self._schedule.poll_seconds)
                log_failure("poll", self._reader.name, error)

    def _turn(self) -> float:
        """Poll and compare what is due; seconds until there may be more to do."""
        name = self._reader.name
        due_in = self._due_in(self._progress.get(name).polled_at, self._schedule.poll_seconds)
        if due_in > 0:
            return min(due_in, self._schedule.poll_seconds)
        if not self._progress.lease(name, holder=self._holder, seconds=LEASE_SECONDS):
            return _WAIT_FOR_LEASE_SECONDS
        self._renewed = time.monotonic()
        try:
            self._poll()
            self._compare_if_due()
        except Ended:
            raise
        except Exception as error:
            self._progress.failed(name, holder=self._holder, problem=_told(error))
            raise
        finally:
            self._progress.release(name, holder=self._holder)
        return max(0.0, self._poll_at - time.monotonic())

    def _poll(self) -> None:
        name = self._reader.name
        self._poll_at = time.monotonic() + self._schedule.poll_seconds
        kept = self._progress.get(name)
        until = None if kept.modified_until is None else Cursor(kept.modified_until, kept.properties_until)
        self._reader.poll(until, keep=self._keep, between=self._between)
        self._polled(name)

    def _keep(self, cursor: Cursor) -> None:
        self._progress.polled(
            self._reader.name,
            holder=self._holder,
            modified_until=cursor.modified_until,
            properties_until=cursor.properties_until,
            problem=self._comparison_problem,
        )

    def _compare_if_due(self) -> None:
        name = self._reader.name
        due_in = self._due_in(self._progress.get(name).compared_at, self._schedule.compare_seconds)
        if due_in > 0 or time.monotonic() < self._compare_at:
            return
        try:
            self._reader.compare(between=self._between_comparing)
        except PortshiftError as error:
            # Polls go on as before; a comparison that cannot be finished deletes nothing.
            log_failure("comparison", name, error)
            self._comparison_problem = f"the comparison of paths was broken off: {error}"
            self._compare_at = time.monotonic() + _COMPARE_AGAIN_SECONDS
            self._progress.failed(name, holder=self._holder, problem=self._comparison_problem)
            return
        self._comparison_problem = None
        self._progress.compared(name, holder=self._holder)

    def _between(self) -> None:
        if self._ended.is_set():
            raise Ended
        if time.monotonic() - self._renewed > LEASE_SECONDS / 3:
            if not self._progress.renew(self._reader.name, holder=self._holder, seconds=LEASE_SECONDS):
                raise Ended
            self._renewed = time.monotonic()

    def _between_comparing(self) -> None:
        """A comparison may take long; what is pushed meanwhile is known no later than else."""
        self._between()
        if time.monotonic() >= self._poll_at:
            self._poll()

    def _due_in(self, last: int | None, every: float) -> float:
        ago = None if last is None else (self._clock() - last) / SECOND
        # A time that is still to come was kept before the clock was set back.
        return 0.0 if ago is None or ago < 0 else every - ago


def log_failure(what: str, registry: str, error: Exception) -> None:
    """One line for what is understood, a traceback for what is not."""
    unknown = None if isinstance(error, PortshiftError) else error
    _log.warning("%s failed registry=%s cause=%r", what, registry, str(error), exc_info=unknown)


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, PortshiftError) else "an unexpected failure; see the bridge's log"
