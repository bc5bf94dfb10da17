"""What is kept, for how long, and that a question is asked once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.resolving.cache import Cache, Recent


class Question:
    """Counts how often it is asked."""

    def __init__(self, answer: str = "yes", *, failures: int = 0) -> None:
        self.asked = 0
        self._answer = answer
        self._failures = failures

    def __call__(self) -> str:
        self.asked += 1
        if self.asked <= self._failures:
            raise Unreachable("not now")
        return self._answer


def soon() -> Deadline:
    """A deadline of this moment: one made at import would have passed when a long session comes here."""
    return Deadline.after(60)


def test_an_answer_is_kept() -> None:
    cache, question = Cache[str, str](size=2), Question()
    assert [cache.remember("a", question, deadline=soon()) for _ in range(3)] == ["yes"] * 3
    assert question.asked == 1


def test_the_answer_used_longest_ago_makes_room() -> None:
    cache, first = Cache[str, str](size=2), Question()
    cache.remember("a", first, deadline=soon())
    cache.remember("b", Question(), deadline=soon())
    cache.remember("a", first, deadline=soon())
    cache.remember("c", Question(), deadline=soon())
    cache.remember("a", first, deadline=soon())
    assert first.asked == 1
    cache.remember("b", again := Question(), deadline=soon())
    assert again.asked == 1


def test_an_old_answer_is_asked_for_again() -> None:
    clock = [0.0]
    cache, question = Cache[str, str](size=2, seconds=300, now=lambda: clock[0]), Question()
    for clock[0] in (0.0, 299.0, 300.0, 599.0):
        cache.remember("a", question, deadline=soon())
    assert question.asked == 2


def test_a_failure_is_not_kept() -> None:
    cache, question = Cache[str, str](size=2), Question(failures=1)
    with pytest.raises(Unreachable):
        cache.remember("a", question, deadline=soon())
    assert cache.remember("a", question, deadline=soon()) == "yes"


def test_callers_at_the_same_time_share_one_question() -> None:
    cache, question, gate = Cache[str, str](size=2), Question(), threading.Event()

    def ask() -> str:
        gate.wait(5)
        return question()

    with ThreadPoolExecutor(8) as workers:
        waiting = [workers.submit(cache.remember, "a", ask, deadline=soon()) for _ in range(8)]
        gate.set()
        assert [future.result() for future in waiting] == ["yes"] * 8
    assert question.asked == 1


def test_nobody_waits_for_another_s_question_beyond_the_deadline() -> None:
    cache, asking, gate = Cache[str, str](size=2), threading.Event(), threading.Event()

    def ask() -> str:
        asking.set()
        gate.wait(5)
        return "late"

    with ThreadPoolExecutor(1) as workers:
        first = workers.submit(cache.remember, "a", ask, deadline=soon())
        asking.wait(5)
        with pytest.raises(Unreachable, match="no answer yet"):
            cache.remember("a", Question(), deadline=Deadline.after(0.01))
        gate.set()
        assert first.result() == "late"


def test_a_note_counts_from_the_moment_it_is_of() -> None:
    clock = [100.0]
    recent = Recent[str, str](size=2, seconds=300, now=lambda: clock[0])
    recent.put("a", "yes", at=90.0)
    clock[0] = 389.0
    assert recent.get("a") == "yes"
    clock[0] = 390.0
    assert recent.get("a") is None


def test_the_oldest_note_makes_room_and_one_can_be_forgotten() -> None:
    recent = Recent[str, str](size=2, seconds=300, now=lambda: 0.0)
    for key in "abc":
        recent.put(key, key, at=0.0)
    recent.forget("b")
    recent.forget("never there")
    assert [recent.get(key) for key in "abc"] == [None, None, "c"]
