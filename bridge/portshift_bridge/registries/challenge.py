"""Docker's token challenge: what a 401 asks for, and the tokens that were given.

Distribution's token specification: the client asks ``realm`` for a token with ``service`` and ``scope`` and
repeats its request with it. Artifactory's HEAD answers have left ``scope`` out, so it is filled in.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from portshift_bridge.outbound.errors import UnexpectedAnswer

_PARAMETER = re.compile(r'([a-z]+)="([^"]*)"')
_MAX_TOKENS = 1_000
_MAX_REPOSITORIES = 1_000
_DEFAULT_SECONDS = 60.0
_MARGIN_SECONDS = 10.0


@dataclass(frozen=True)
class Challenge:
    """Where a token is to be had, and for what."""

    realm: str
    service: str
    scope: str


def bearer_challenge(header: str, *, image: str, base: str) -> Challenge | None:
    """Read ``WWW-Authenticate``; None when it asks for no Bearer token.

    Raises:
        UnexpectedAnswer: the realm is another server than the registry at ``base``, which gets no login.

    """
    scheme, _, rest = header.partition(" ")
    parameters = dict(_PARAMETER.findall(rest))
    if scheme.lower() != "bearer" or "realm" not in parameters:
        return None
    realm = parameters["realm"]
    if _origin(realm) != _origin(base):
        raise UnexpectedAnswer(
            f"{base} sends its login to {realm[:200]!r}, expected its own host",
            cure="set Artifactory's custom base URL to the registry's URL",
        )
    return Challenge(
        realm=realm,
        service=parameters.get("service", ""),
        scope=parameters.get("scope") or _scope(image),
    )


class Tokens:
    """Tokens by what they are for, each until shortly before it ends, and where repositories want one."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._tokens: OrderedDict[tuple[str, str], tuple[str, float]] = OrderedDict()
        self._challenges: dict[str, Challenge] = {}

    def get(self, repository: str, image: str) -> str | None:
        with self._lock:
            token, until = self._tokens.get((repository, image), (None, 0.0))
        return token if self._now() < until else None

    def put(self, repository: str, image: str, token: str, *, seconds: float | None) -> None:
        until = self._now() + (seconds or _DEFAULT_SECONDS) - _MARGIN_SECONDS
        with self._lock:
            self._tokens[repository, image] = (token, until)
            self._tokens.move_to_end((repository, image))
            if len(self._tokens) > _MAX_TOKENS:
                self._tokens.popitem(last=False)

    def expected(self, repository: str, image: str) -> Challenge | None:
        """The challenge that a request without a token would meet, as earlier ones at the repository did."""
        challenge = self._challenges.get(repository)
        return None if challenge is None else replace(challenge, scope=_scope(image))

    def expect(self, repository: str, challenge: Challenge) -> None:
        with self._lock:
            if len(self._challenges) >= _MAX_REPOSITORIES:
                self._challenges.clear()
            self._challenges[repository] = challenge


def _scope(image: str) -> str:
    return f"repository:{image}:pull"


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ("", "", None)
    return (parts.scheme, (parts.hostname or "").lower(), port)
