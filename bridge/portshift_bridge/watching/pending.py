"""Hints that wait to be looked at: each once, not too many, and the same one not too often. Pure.

This is what bounds the price of an event that is repeated or forged with a stolen secret.
"""

from __future__ import annotations

from collections import OrderedDict

from portshift_bridge.watching.events import Hint, Kind

MAX_PENDING = 1_000
BATCH = 50
# Seconds between two looks at the same place. A comparison lists a whole image.
REST_SECONDS = {Kind.READ: 2.0, Kind.COMPARE: 10.0}
_MAX_RECENT = 10_000


class Pending:
    """Hints in the order of their arrival; times are readings of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Hint, None] = OrderedDict()
        self._looked: OrderedDict[Hint, float] = OrderedDict()

    def add(self, hint: Hint) -> bool:
        """Let the hint wait, once however often it comes; False when too many wait already."""
        if hint in self._waiting:
            return True
        if len(self._waiting) >= MAX_PENDING:
            return False
        self._waiting[hint] = None
        return True

    def take(self, now: float) -> tuple[Hint, ...]:
        """Up to ``BATCH`` hints whose place has rested since it was last looked at."""
        rested = [hint for hint in self._waiting if self._ready_at(hint) <= now][:BATCH]
        for hint in rested:
            del self._waiting[hint]
            self._looked[hint] = now
            self._looked.move_to_end(hint)
        while len(self._looked) > _MAX_RECENT:
            self._looked.popitem(last=False)
        return tuple(rested)

    def next_at(self) -> float | None:
        """When the next hint may be taken; None when none waits."""
        return min(map(self._ready_at, self._waiting), default=None)

    def _ready_at(self, hint: Hint) -> float:
        looked = self._looked.get(hint)
        return float("-inf") if looked is None else looked + REST_SECONDS[hint.kind]
