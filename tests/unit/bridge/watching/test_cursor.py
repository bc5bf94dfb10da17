"""Paging by ``modified`` loses nothing, and the cursor never runs ahead."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portshift_bridge.clock import SECOND
from portshift_bridge.watching.cursor import (
    OVERLAP,
    Position,
    first_position,
    next_cursor,
    pause_after,
)


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(0, 30), st.integers(1, 7))
def test_every_item_is_seen_however_many_share_one_time(times: list[int], since: int, page_size: int) -> None:
    items = sorted(enumerate(times), key=lambda item: (item[1], item[0]))
    position, seen = Position(since), []
    for _ in range(200):
        later = [item for item in items if item[1] >= position.since]
        page = later[position.offset : position.offset + page_size]
        if not page:
            break
        seen += page
        position = position.after([time for _, time in page])

    assert sorted(seen) == sorted(item for item in items if item[1] >= since)


def test_reading_begins_some_time_before_it_ended() -> None:
    assert first_position(OVERLAP * 3) == Position(OVERLAP * 2)
    assert first_position(5) == Position(0)


@given(
    st.integers(0, 100),
    st.lists(st.integers(0, 200), max_size=10),
    st.none() | st.integers(0, 200),
)
def test_the_cursor_goes_forward_and_not_past_the_registrys_clock(
    until: int, times: list[int], registry_time: int | None
) -> None:
    after = next_cursor(until, times, registry_time=registry_time)

    assert after >= until
    if registry_time is not None:
        assert after <= max(until, registry_time)


def test_an_item_of_the_future_hides_nothing() -> None:
    tomorrow, now = 86_400 * SECOND, 3_600 * SECOND

    assert next_cursor(0, [now - SECOND, tomorrow], registry_time=now) == now


def test_a_registry_that_fails_is_asked_ever_more_rarely_up_to_a_quarter_of_an_hour() -> None:
    assert [pause_after(failures, poll_seconds=60) for failures in range(6)] == [60, 120, 240, 480, 900, 900]
    assert pause_after(3, poll_seconds=3_600) == 3_600
