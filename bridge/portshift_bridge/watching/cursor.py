"""How far to read and where to go on, from what was read. Pure.

Times are the registry's own, in microseconds: ours may differ from them by any amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portshift_bridge.clock import SECOND

# An upload counts from when it began and is seen when it is committed; nodes of a cluster differ a little.
OVERLAP = 300 * SECOND
MAX_PAUSE_SECONDS = 900.0


@dataclass(frozen=True)
class Cursor:
    """How far a registry is read: its items by ``modified``, their properties by ``props_modified``."""

    modified_until: int
    properties_until: int | None = None


@dataclass(frozen=True)
class Position:
    """A place in the items by ``modified``: after the first ``offset`` of those at or after ``since``."""

    since: int
    offset: int = 0

    def after(self, times: Sequence[int]) -> Position:
        """Where the page after items of these ``times`` begins, however many share one."""
        last = max(times, default=0)
        if last <= self.since:
            return Position(self.since, self.offset + len(times))
        return Position(last, times.count(last))


def first_position(modified_until: int) -> Position:
    """Where a reading begins: some time before the last one ended."""
    return Position(max(0, modified_until - OVERLAP))


def next_cursor(modified_until: int, times: Sequence[int], *, registry_time: int | None) -> int:
    """How far everything is read now: never backwards, and never past the registry's own clock.

    An item may say a time that is yet to come; it must not hide what is pushed until then.
    """
    latest = max(times, default=0)
    if registry_time is not None:
        latest = min(latest, registry_time)
    return max(modified_until, latest)


def pause_after(failures: int, *, poll_seconds: float) -> float:
    """Seconds until the next try: twice as long with each failure in a row, up to a quarter of an hour."""
    return min(poll_seconds * 2.0 ** min(failures, 20), max(poll_seconds, MAX_PAUSE_SECONDS))
