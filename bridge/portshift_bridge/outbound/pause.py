"""Leaving a registry alone when it asks for it: everyone who would ask it waits, not only who was told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.deadline import Deadline

# A server whose clock or configuration is wrong must not silence us for days.
MAX_PAUSE_SECONDS = 300.0


class Pause:
    """Until when a registry wants no requests; safe to use from several threads."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._until = 0.0

    def extend(self, seconds: float) -> None:
        """No request for so long from now; a longer pause that is asked for already stays."""
        with self._lock:
            self._until = max(self._until, self._now() + seconds)

    def wait(self, base: str, *, deadline: Deadline, sleep: Callable[[float], object] = time.sleep) -> None:
        """Wait by ``sleep`` (seconds) until the registry at ``base`` may be asked.

        Raises:
            Unreachable: that is after ``deadline``; nothing was waited for.

        """
        seconds = self._until - self._now()
        if seconds <= 0:
            return
        if seconds >= deadline.remaining():
            raise Unreachable(
                f"{base} answered that it is overloaded and wants no request for {seconds:.0f} s",
                cure="try again later",
            )
        sleep(seconds)


def retry_after(headers: Mapping[str, str], *, now: float) -> float:
    """The seconds that ``Retry-After`` asks for, bounded; 0 where it is absent or cannot be read.

    It is a number of seconds or an HTTP date (RFC 9110 §10.2.3). ``now`` is in seconds since the epoch; the
    server's own ``Date`` is used in its place, so that its clock need not be right.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_PAUSE_SECONDS)
    until, since = http_date(text), http_date(headers.get("Date", ""))
    if until is None:
        return 0.0
    seconds = until.timestamp() - (now if since is None else since.timestamp())
    return min(max(0.0, seconds), MAX_PAUSE_SECONDS)


def http_date(text: str) -> datetime | None:
    """A date in any of HTTP's three forms (RFC 9110 §5.6.7), aware; None for anything else."""
    try:
        read = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
