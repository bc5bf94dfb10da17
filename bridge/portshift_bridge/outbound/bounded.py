"""Waiting no longer than agreed for work that nothing can interrupt, such as a DNS lookup."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Final, TypeVar

from portshift_bridge.outbound.deadline import Deadline

_T = TypeVar("_T")


class _End:
    """What a worker puts after its last item."""


_END: Final = _End()


def until(deadline: Deadline, items: Iterator[_T]) -> tuple[list[_T], bool]:
    """The items that come by the deadline, and whether they were all.

    They are made in a thread of their own. One that hangs is left behind: it ends with its own timeouts,
    or with the process. What the iterator raises is raised here.
    """
    made: queue.SimpleQueue[_T | Exception | _End] = queue.SimpleQueue()

    def work() -> None:
        try:
            for item in items:
                made.put(item)
            made.put(_END)
        except Exception as error:
            made.put(error)

    threading.Thread(target=work, name="bounded", daemon=True).start()
    found: list[_T] = []
    while True:
        try:
            item = made.get(timeout=deadline.remaining())
        except queue.Empty:
            return found, False
        if isinstance(item, _End):
            return found, True
        if isinstance(item, Exception):
            raise item
        found.append(item)
