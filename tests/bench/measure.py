"""Medians of interleaved pairs: what slows the machine down for a while slows both halves of a pair."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


class Unavailable(Exception):
    """A row cannot be measured here; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of DESIGN §6: ours beside its reference.

    ``limit`` bounds ``value``: from above, or from below where ``at_least`` is set. A ratio has no ``unit``.
    """

    work: str
    ours: str
    reference: str
    value: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def paired_medians(
    ours: Callable[[], object], reference: Callable[[], object], *, pairs: int
) -> tuple[float, float]:
    """Run both in turn and return the median seconds of each; one unmeasured pair goes before."""
    ours()
    reference()
    measured = [(seconds(ours), seconds(reference)) for _ in range(pairs)]
    return statistics.median(a for a, _ in measured), statistics.median(b for _, b in measured)


def seconds(work: Callable[[], object]) -> float:
    """Time one run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
