"""What Retry-After asks for, and that everyone waits for it."""

from __future__ import annotations

import pytest

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.pause import MAX_PAUSE_SECONDS, Pause, retry_after

NOW = 1_767_607_200.0  # Mon, 05 Jan 2026 10:00:00 GMT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("86400", MAX_PAUSE_SECONDS),
        ("Mon, 05 Jan 2026 10:00:30 GMT", 30.0),
        ("Monday, 05-Jan-26 10:00:30 GMT", 30.0),
        ("Mon Jan  5 10:00:30 2026", 30.0),
        ("Mon, 05 Jan 2026 09:00:00 GMT", 0.0),
        ("Wed, 05 Jan 2028 09:00:00 GMT", MAX_PAUSE_SECONDS),
        ("soon", 0.0),
        ("-3", 0.0),
        ("1.5", 0.0),
        ("", 0.0),
    ],
)
def test_seconds_and_every_form_of_date_are_read(text: str, seconds: float) -> None:
    assert retry_after({"Retry-After": text}, now=NOW) == seconds


def test_the_server_s_own_date_counts_where_its_clock_is_wrong() -> None:
    headers = {"Date": "Thu, 01 Jan 1998 00:00:00 GMT", "Retry-After": "Thu, 01 Jan 1998 00:00:05 GMT"}
    assert retry_after(headers, now=NOW) == 5.0


def test_the_longest_pause_that_was_asked_for_is_waited_for() -> None:
    slept: list[float] = []
    pause = Pause(now=lambda: 100.0)
    pause.wait("acme", deadline=Deadline.after(60), sleep=slept.append)
    pause.extend(5.0)
    pause.extend(2.0)
    pause.wait("acme", deadline=Deadline.after(60), sleep=slept.append)
    assert slept == [5.0]


def test_nobody_waits_for_what_comes_too_late() -> None:
    slept: list[float] = []
    pause = Pause(now=lambda: 100.0)
    pause.extend(30.0)
    with pytest.raises(Unreachable, match="wants no request for 30 s"):
        pause.wait("acme", deadline=Deadline.after(10), sleep=slept.append)
    assert slept == []
