"""Work that nothing can interrupt is waited for no longer than agreed."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from portshift_bridge.outbound.bounded import until
from portshift_bridge.outbound.deadline import Deadline


def test_everything_that_comes_in_time_is_given() -> None:
    assert until(Deadline.after(5), iter([1, 2, 3])) == ([1, 2, 3], True)


def test_what_came_before_a_hang_is_given() -> None:
    go_on = threading.Event()

    def hanging() -> Iterator[int]:
        yield 1
        go_on.wait(10)
        yield 2

    assert until(Deadline.after(0.1), hanging()) == ([1], False)
    go_on.set()


def test_a_failure_of_the_work_is_raised_where_it_is_waited_for() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        until(Deadline.after(5), failing())
