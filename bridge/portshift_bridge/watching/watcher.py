"""Watching all connected registries, and taking in the events that they send."""

from __future__ import annotations

import secrets as randomness
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from portshift.core.errors import PortshiftError
from portshift_bridge.clock import Clock
from portshift_bridge.errors import Unauthenticated
from portshift_bridge.metrics import Metrics
from portshift_bridge.registries.model import Login, Registry, UnavailableLogin
from portshift_bridge.registries.session import Session, open_session
from portshift_bridge.secrets import SecretStore
from portshift_bridge.store.progress import ProgressStore
from portshift_bridge.store.registries import ConnectedRegistry
from portshift_bridge.watching.catalogue import Catalogue
from portshift_bridge.watching.events import authentic, hints_of
from portshift_bridge.watching.lanes import EventLane, PollLane, Schedule, log_failure
from portshift_bridge.watching.reading import Reader

REFRESH_SECONDS = 5.0
# Longer than it takes to see the end between two requests; a request that hangs is left to its fate.
_STOP_SECONDS = 3.0


class Connect(Protocol):
    """Opens a session that waits by ``sleep``."""

    def __call__(self, registry: Registry, login: Login, *, sleep: Callable[[float], object]) -> Session: ...


def webhook_secret_name(registry: str) -> str:
    """Where the secret store keeps what a registry's events are authenticated with."""
    return f"registries/{registry}/webhook"


@dataclass
class _Watch:
    """One registry's session and its two threads."""

    connected: ConnectedRegistry
    session: Session
    ended: threading.Event
    events: EventLane
    threads: list[threading.Thread] = field(default_factory=list)

    def end(self) -> None:
        self.ended.set()
        self.events.wake()

    def close(self, *, by: float) -> None:
        for thread in self.threads:
            thread.join(max(0.0, by - time.monotonic()))
        self.session.close()


class Watcher:
    """Reads every connected registry into the catalogue; safe to use from several threads.

    The registries are looked up again every few seconds, so one that was added, changed or removed, here or
    by another process on the same data folder, is followed without being told.
    """

    def __init__(
        self,
        *,
        registries: Callable[[], Sequence[ConnectedRegistry]],
        catalogue: Catalogue,
        progress: ProgressStore,
        secrets: SecretStore,
        metrics: Metrics,
        clock: Clock,
        schedule: Schedule,
        connect: Connect = open_session,
    ) -> None:
        self._registries = registries
        self._catalogue = catalogue
        self._progress = progress
        self._secrets = secrets
        self._metrics = metrics
        self._clock = clock
        self._schedule = schedule
        self._connect = connect
        self._holder = str(uuid.uuid4())
        self._ended = threading.Event()
        self._changed = threading.Event()
        self._lock = threading.Lock()
        self._watches: dict[str, _Watch] = {}
        # By registry: when its webhook was made, and the secret. All that a request needs is in memory, so
        # that an unknown registry takes as long as a known one.
        self._webhooks: dict[str, tuple[int, str]] = {}
        # By registry: why the secret of its webhook cannot be had.
        self._unlearned: dict[str, str] = {}
        self._nobody = randomness.token_hex(32)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch, in threads of its own."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End every thread that is not inside a request; returns after some seconds at the latest."""
        self._ended.set()
        self._changed.set()
        for watch in list(self._watches.values()):
            watch.end()
        by = time.monotonic() + _STOP_SECONDS
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
        self._follow((), by=by)

    def receive(self, registry: str, *, authentication: str, body: bytes) -> None:
        """Take in an event: authenticate it, and have the places looked at that it names. Never waits.

        Raises:
            Unauthenticated: the registry is unknown or has no webhook, or the secret is another.
            InvalidMessage: the body is no JSON object.

        """
        _, secret = self._webhooks.get(registry, (0, self._nobody))
        if not authentic(authentication, body, secret):
            self._metrics.event("refused")
            raise Unauthenticated(
                "the event is not authenticated",
                cure="make the webhook again with registries update NAME --webhook",
            )
        hints = hints_of(body)
        watch = self._watches.get(registry)
        if not hints or watch is None:
            self._metrics.event("dropped" if hints else "ignored")
            return
        taken = [watch.events.add(hint) for hint in hints]
        self._metrics.event("accepted" if all(taken) else "dropped")

    def look(self) -> None:
        """Have the registries looked up at once, because one was added or changed."""
        self._changed.set()

    def know_webhook(self, registry: str, *, made_at: int, secret: str) -> None:
        """Take events with this secret from now on."""
        self._webhooks[registry] = (made_at, secret)
        self.look()

    def forget_webhook(self, registry: str) -> None:
        """Refuse the registry's events from now on."""
        self._webhooks.pop(registry, None)

    def refresh(self) -> None:
        """Look up the registries and their webhooks once."""
        connected = self._registries()
        self._know_webhooks([each.registry.name for each in connected])
        self._follow(connected, by=time.monotonic() + _STOP_SECONDS)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._changed.clear()
            try:
                self.refresh()
            except Exception as error:
                # The outermost edge of the thread: what failed is tried again.
                log_failure("watching", "all", error)
            self._changed.wait(REFRESH_SECONDS)

    def _know_webhooks(self, names: Sequence[str]) -> None:
        for gone in set(self._webhooks) - set(names):
            self.forget_webhook(gone)
        for name in names:
            made_at = self._progress.get(name).webhook_at
            if made_at is None:
                self.forget_webhook(name)
            elif self._webhooks.get(name, (None, ""))[0] != made_at:
                self._learn_webhook(name, made_at=made_at)

    def _learn_webhook(self, name: str, *, made_at: int) -> None:
        try:
            secret = self._secrets.get(webhook_secret_name(name))["secret"]
        except PortshiftError as error:
            # Once for each cause: this is tried again every few seconds.
            if self._unlearned.get(name) != str(error):
                log_failure("webhook secret", name, error)
            self._unlearned[name] = str(error)
            return
        self._unlearned.pop(name, None)
        self.know_webhook(name, made_at=made_at, secret=secret)

    def _follow(self, connected: Sequence[ConnectedRegistry], *, by: float) -> None:
        """End the watches of what is gone or changed, without waiting longer; begin those of what is new."""
        wanted = {each.registry.name: each for each in connected}
        with self._lock:
            gone = [name for name, watch in self._watches.items() if wanted.get(name) != watch.connected]
            ended = [self._watches.pop(name) for name in gone]
            for watch in ended:
                watch.end()
            for watch in ended:
                watch.close(by=by)
            for name in wanted.keys() - self._watches.keys():
                if not self._ended.is_set():
                    self._begin(wanted[name])

    def _begin(self, connected: ConnectedRegistry) -> None:
        if isinstance(connected.login, UnavailableLogin):
            # Without a login there is nothing to ask; the next look may find one.
            return
        name, ended = connected.registry.name, threading.Event()
        # Its pauses between attempts end with the watch.
        session = self._connect(connected.registry, connected.login, sleep=ended.wait)

        def reader() -> Reader:
            return Reader(connected.registry, session, self._catalogue, clock=self._clock)

        events = EventLane(reader(), self._progress, ended)
        polls = PollLane(
            reader(),
            self._progress,
            ended,
            holder=self._holder,
            schedule=self._schedule,
            clock=self._clock,
            polled=self._metrics.polled,
        )
        watch = _Watch(connected, session, ended, events)
        for purpose, run in (("events", events.run), ("polls", polls.run)):
            thread = threading.Thread(target=run, name=f"{purpose}-{name}", daemon=True)
            watch.threads.append(thread)
            thread.start()
        self._watches[name] = watch
