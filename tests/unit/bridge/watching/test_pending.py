"""What the hints of events cost, however many come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portshift_bridge.watching.events import Hint, Kind
from portshift_bridge.watching.pending import BATCH, MAX_PENDING, REST_SECONDS, Pending

APP = Hint(Kind.READ, "docker-local", "app/1")


def numbered(count: int) -> list[Hint]:
    return [Hint(Kind.READ, "docker-local", f"app/{number}") for number in range(count)]


def test_a_hint_is_taken_at_once() -> None:
    pending = Pending()
    pending.add(APP)

    assert pending.next_at() == float("-inf")
    assert pending.take(0.0) == (APP,)
    assert pending.next_at() is None


def test_a_thousand_times_the_same_event_is_one_look_and_one_more_after_a_rest() -> None:
    pending = Pending()
    looks = 0
    for number in range(1_000):
        pending.add(APP)
        looks += len(pending.take(number / 1_000))

    assert looks == 1
    assert pending.next_at() == REST_SECONDS[Kind.READ]
    assert pending.take(REST_SECONDS[Kind.READ]) == (APP,)


def test_a_hint_that_came_during_the_rest_is_not_lost() -> None:
    pending = Pending()
    pending.add(APP)
    pending.take(0.0)
    pending.add(APP)

    assert pending.take(0.1) == ()
    assert pending.take(10.0) == (APP,)


def test_too_many_are_refused_and_those_that_wait_stay() -> None:
    pending = Pending()
    taken = [pending.add(hint) for hint in numbered(MAX_PENDING + 10)]

    assert taken == [True] * MAX_PENDING + [False] * 10
    assert pending.add(numbered(1)[0])
    assert pending.take(0.0) == tuple(numbered(BATCH))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12)), max_size=60))
def test_every_hint_is_looked_at_after_it_came_and_never_twice_within_its_rest(
    arrivals: list[tuple[int, int]],
) -> None:
    pending, now = Pending(), 0.0
    looked: dict[Hint, list[float]] = {}
    came: dict[Hint, float] = {}
    for number, quarters in arrivals:
        hint = numbered(6)[number]
        now += quarters / 4
        pending.add(hint)
        came[hint] = now
        for each in pending.take(now):
            looked.setdefault(each, []).append(now)
    for each in pending.take(now + 10):
        looked.setdefault(each, []).append(now + 10)

    for hint, at in came.items():
        assert looked[hint][-1] >= at
        between = zip(looked[hint], looked[hint][1:], strict=False)
        assert all(later - earlier >= REST_SECONDS[hint.kind] for earlier, later in between)
