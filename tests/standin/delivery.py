"""Webhooks on their way: one thread for each target, so that a bad one holds up nobody else."""

from __future__ import annotations

import http.client
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from tests.standin.switches import Switches

TIMEOUT = 5.0
Post = Callable[[str, bytes, Mapping[str, str]], int]


@dataclass(frozen=True)
class Delivery:
    """One event for one target. ``status`` is the target's last answer, None when there was none."""

    subscription: str
    url: str
    body: bytes
    headers: Mapping[str, str]
    status: int | None = None
    attempts: int = 0

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def http_post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of a POST; redirects are not followed.

    Raises:
        OSError, http.client.HTTPException: the target cannot be reached or speaks no HTTP.

    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        connection.request("POST", path, body=body, headers=dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()


class Sender:
    """Delivers in the background, in order for each target, again when a target does not take it."""

    def __init__(self, switches: Switches, post: Post = http_post) -> None:
        self.switches = switches
        self.done: list[Delivery] = []
        self._post = post
        self._queues: dict[str, queue.SimpleQueue[Delivery]] = {}
        self._under_way = 0
        self._changed = threading.Condition()
        self._closed = threading.Event()

    def send(self, delivery: Delivery) -> None:
        """Queue a delivery; returns at once."""
        with self._changed:
            if self._closed.is_set():
                return
            self._under_way += 1
            waiting = self._queues.get(delivery.url)
            if waiting is None:
                waiting = self._queues[delivery.url] = queue.SimpleQueue()
                threading.Thread(target=self._work, args=(waiting,), daemon=True).start()
        waiting.put(delivery)

    def wait(self, seconds: float) -> bool:
        """Whether everything was delivered or given up within ``seconds``."""
        with self._changed:
            return self._changed.wait_for(lambda: self._under_way == 0, timeout=seconds)

    def close(self) -> None:
        """Give up what is under way; the threads end."""
        with self._changed:
            self._closed.set()
            for waiting in self._queues.values():
                waiting.put(Delivery("", "", b"", {}))  # wakes the thread, which then sees the end

    def attempt(self, delivery: Delivery) -> Delivery:
        """One try, at once."""
        try:
            status = self._post(delivery.url, delivery.body, delivery.headers)
        except (OSError, http.client.HTTPException, ValueError):
            return replace(delivery, status=None, attempts=delivery.attempts + 1)
        return replace(delivery, status=status, attempts=delivery.attempts + 1)

    def _work(self, waiting: queue.SimpleQueue[Delivery]) -> None:
        while True:
            delivery = waiting.get()
            if self._closed.is_set():
                return
            delivery = self.attempt(delivery)
            while not delivery.arrived and delivery.attempts < self.switches.webhook_attempts:
                if self._closed.wait(self.switches.webhook_retry_pause):
                    return
                delivery = self.attempt(delivery)
            with self._changed:
                self.done.append(delivery)
                self._under_way -= 1
                self._changed.notify_all()
