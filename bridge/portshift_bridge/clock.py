"""Time as the bridge keeps it: whole microseconds since 1970 in UTC, through a value that tests replace."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]

SECOND = 1_000_000
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1_000


def moment(microseconds: int) -> datetime:
    """The same time as a datetime in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def rfc3339(microseconds: int) -> str:
    """``2026-05-01T12:00:00.000000Z``."""
    return moment(microseconds).isoformat(timespec="microseconds").replace("+00:00", "Z")


def rfc3339_or_none(microseconds: int | None) -> str | None:
    """The same, for a time that may be unknown."""
    return None if microseconds is None else rfc3339(microseconds)


def microseconds(aware: datetime) -> int:
    """An aware datetime as microseconds since 1970, UTC."""
    return (aware - _EPOCH) // timedelta(microseconds=1)
