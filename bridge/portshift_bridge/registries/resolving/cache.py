"""Answers that are worth keeping: bounded in number and in age."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.deadline import Deadline

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """The ``size`` answers used last, each for at most ``seconds`` (None: as long as there is room).

    Callers that want the same answer at the same time share one question. A failure is not kept.
    """

    def __init__(
        self, *, size: int, seconds: float | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._seconds = seconds
        self._now = now
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, tuple[float, Future[V]]] = OrderedDict()

    def remember(self, key: K, ask: Callable[[], V], *, deadline: Deadline) -> V:
        """The kept answer, else that of ``ask``.

        Raises:
            Unreachable: another caller is asking and has no answer by ``deadline``.
            PortshiftError: whatever ``ask`` raises, for everyone who waits for it.

        """
        mine: Future[V] = Future()
        shared = self._claim(key, mine)
        if shared is not mine:
            try:
                return shared.result(timeout=deadline.remaining())
            except TimeoutError as error:
                raise Unreachable("another request for the same facts has no answer yet") from error
        try:
            mine.set_result(ask())
        except BaseException as error:
            self._forget(key, mine)
            mine.set_exception(error)
            raise
        return mine.result()

    def _claim(self, key: K, mine: Future[V]) -> Future[V]:
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None and (self._seconds is None or self._now() - entry[0] < self._seconds):
                self._entries.move_to_end(key)
                return entry[1]
            self._entries[key] = (self._now(), mine)
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
            return mine

    def _forget(self, key: K, mine: Future[V]) -> None:
        with self._lock:
            if (entry := self._entries.get(key)) is not None and entry[1] is mine:
                del self._entries[key]


class Recent(Generic[K, V]):
    """The ``size`` values noted last, each until ``seconds`` after the moment that it is of."""

    def __init__(self, *, size: int, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._seconds = seconds
        self.now = now
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        with self._lock:
            entry = self._entries.get(key)
        return entry[1] if entry is not None and self.now() - entry[0] < self._seconds else None

    def put(self, key: K, value: V, *, at: float) -> None:
        """Note what was true ``at`` a reading of ``now``."""
        with self._lock:
            self._entries[key] = (at, value)
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def forget(self, key: K) -> None:
        with self._lock:
            self._entries.pop(key, None)
