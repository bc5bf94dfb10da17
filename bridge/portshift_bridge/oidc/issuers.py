"""The keys of trusted issuers, kept for a while: what a stranger sends cannot make us ask them often."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from requests.adapters import BaseAdapter

from portshift.core.errors import Unreachable
from portshift_bridge.clock import SECOND, Clock
from portshift_bridge.oidc.discovery import PublicKey, fetch_keys
from portshift_bridge.oidc.trusts import Trust
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.guard import GuardedAdapter
from portshift_bridge.outbound.transport import Transport

FRESH_SECONDS = 900
AGAIN_SECONDS = 30
FETCH_SECONDS = 10.0
# Logins that may wait for issuers at once: a hanging one must not take all worker threads.
_WAITING = 8
_MAX_ISSUERS = 1_000
_HEADERS = {"Accept": "application/json"}
_CURE = "let the bridge reach the issuer; where it needs them, give every trust in it its ca and proxy"


@dataclass
class _Known:
    """What is known of an issuer; ``lock`` lets one thread ask it while others wait."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    fetched_at: int | None = None
    asked_at: int | None = None
    failure: Unreachable | None = None


class Issuers:
    """Keys by issuer and ``kid``, fetched when they are first asked for and again when they are stale."""

    def __init__(self, clock: Clock, *, adapter: Callable[[Trust], BaseAdapter] | None = None) -> None:
        self._clock = clock
        self._adapter = adapter or _guarded
        self._known: dict[tuple[str, str | None, str | None], _Known] = {}
        self._slots = threading.BoundedSemaphore(_WAITING)

    def key(self, trust: Trust, kid: str) -> PublicKey | None:
        """The key of this name that the trust's issuer has, or None when it has none.

        Keys are believed for 15 minutes. For a ``kid`` that is not among them the issuer is asked once
        more, and after any asking not again for 30 seconds.

        Raises:
            Unreachable: the issuer's keys cannot be had, or too many logins wait for issuers.

        """
        known = self._of(trust)
        if self._fresh(known) and kid in known.keys:
            return known.keys[kid]
        if not self._slots.acquire(blocking=False):
            raise Unreachable("too many logins wait for the keys of issuers", cure="try again in a minute")
        try:
            with known.lock:
                if not (self._fresh(known) and kid in known.keys):
                    self._ask(known, trust)
                return known.keys.get(kid)
        finally:
            self._slots.release()

    def _of(self, trust: Trust) -> _Known:
        if len(self._known) > _MAX_ISSUERS:
            self._known.clear()
        return self._known.setdefault((trust.issuer, trust.ca, trust.proxy), _Known())

    def _fresh(self, known: _Known) -> bool:
        return known.fetched_at is not None and 0 <= self._clock() - known.fetched_at < FRESH_SECONDS * SECOND

    def _ask(self, known: _Known, trust: Trust) -> None:
        """Fetch the keys unless the issuer was asked a moment ago; keys that went stale are not used."""
        now = self._clock()
        if known.asked_at is None or not 0 <= now - known.asked_at < AGAIN_SECONDS * SECOND:
            known.asked_at, known.failure = now, None
            try:
                known.keys = self._fetch(trust)
                known.fetched_at = self._clock()
            except Unreachable as error:
                known.failure = error
        if not self._fresh(known):
            cause = known.failure.problem if known.failure else "it was asked a moment ago"
            raise Unreachable(
                f"the keys of the issuer {trust.issuer} cannot be had: {cause}",
                cure=(known.failure and known.failure.cure) or "try again in a minute",
            )

    def _fetch(self, trust: Trust) -> Mapping[str, PublicKey]:
        transport = Transport(trust.issuer, adapter=self._adapter(trust))
        deadline = Deadline.after(FETCH_SECONDS)

        def get(url: str) -> bytes:
            try:
                answer = transport.request("GET", url, deadline=deadline, headers=_HEADERS)
            except Unreachable as error:
                raise Unreachable(error.problem, cure=_CURE) from error
            if answer.status != 200:
                raise Unreachable(f"{url} answers {answer.status}")
            return answer.body

        try:
            return fetch_keys(trust.issuer, get=get)
        finally:
            transport.close()


def _guarded(trust: Trust) -> BaseAdapter:
    return GuardedAdapter(ca=trust.ca, proxy=trust.proxy)
