"""One HTTP exchange with a registry: bounded in time and size, retried when it is worth it.

Nothing that requests, urllib3, ssl or a socket raises leaves this file: a caller sees an answer or one of
our errors. Redirects are never followed.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import ProxyFailed, TlsFailed, UnexpectedAnswer
from portshift_bridge.outbound.guard import POOL_SIZE
from portshift_bridge.outbound.pause import Pause, retry_after
from portshift_bridge.outbound.reading import reading_until

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
MAX_BODY = 8 * 1024 * 1024

_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.2
_CHUNK = 64 * 1024
_TOO_MANY_REQUESTS = 429

# Each of these has been seen to pass through requests untranslated.
EXCHANGE_FAILURES = (
    requests.RequestException,
    HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


@dataclass(frozen=True)
class Answer:
    """A complete answer; ``headers`` are looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            UnexpectedAnswer: it is none, so the neighbour is not the server it should be.

        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise UnexpectedAnswer("found an answer that is no JSON, expected Artifactory's") from error


def _connections() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(POOL_SIZE)


@dataclass(frozen=True)
class Limits:
    """What all transports to one server keep to together: its pauses, and how many requests are under way."""

    pause: Pause = field(default_factory=Pause)
    connections: threading.BoundedSemaphore = field(default_factory=_connections)


class Transport:
    """Exchanges with the registry at ``base``; safe to use from several threads.

    ``limits`` are those of the server, where others ask it too.
    """

    def __init__(
        self,
        base: str,
        *,
        adapter: BaseAdapter,
        sleep: Callable[[float], object] = time.sleep,
        limits: Limits | None = None,
    ) -> None:
        self.base = base
        self._sleep = sleep
        self._limits = limits or Limits()
        self._session = requests.Session()
        # Neither ~/.netrc nor proxies of the environment may change where a login is sent.
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers["User-Agent"] = "portshift-bridge"
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        self._session.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        deadline: Deadline,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limit: int = MAX_BODY,
    ) -> Answer:
        """Send a request that is safe to repeat; the answer's status is below 500 and is not 429.

        ``limit`` bounds the answer's body, in bytes.

        Raises:
            Unreachable: no whole answer by ``deadline``, one that is too large, a redirect, or only 429
                and 5xx in all attempts.

        """
        request = requests.Request(method, url, headers=dict(headers), params=params, data=body)
        seconds = _FIRST_PAUSE_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            answer = self._in_turn(request, deadline, limit, last=attempt == _ATTEMPTS)
            if answer is not None and not _worth_repeating(answer.status):
                return answer
            asked = _pause_asked_for(answer, seconds)
            self._limits.pause.extend(asked)
            if attempt == _ATTEMPTS or max(asked, seconds) >= deadline.remaining():
                break
            if not asked:
                self._sleep(seconds)
            seconds *= 2
        if answer is None:
            raise Unreachable(f"{self.base} closed the connection without an answer")
        raise _overloaded(self.base, answer)

    def _in_turn(
        self, request: requests.Request, deadline: Deadline, limit: int, *, last: bool
    ) -> Answer | None:
        """One try when the server may be asked; None as for ``_attempt``."""
        pause, connections = self._limits.pause, self._limits.connections
        pause.wait(self.base, deadline=deadline, sleep=self._sleep)
        waits = not connections.acquire(blocking=False)
        if waits and not connections.acquire(timeout=deadline.remaining()):
            raise Unreachable(f"{self.base} did not finish earlier requests in time")
        try:
            if waits:
                # It may have asked for a pause meanwhile.
                pause.wait(self.base, deadline=deadline, sleep=self._sleep)
            return self._attempt(request, deadline, limit, last=last)
        finally:
            connections.release()

    def _attempt(
        self, request: requests.Request, deadline: Deadline, limit: int, *, last: bool
    ) -> Answer | None:
        """One try; None when the connection broke, as an idle one that the server closed does."""
        try:
            with reading_until(deadline):
                return self._exchange(request, deadline, limit)
        except requests.exceptions.SSLError as error:
            raise TlsFailed(
                f"{self.base}: TLS failed ({innermost(error)})",
                cure="give the registry's certificate authority, or correct its certificate",
            ) from error
        except requests.Timeout as error:
            raise Unreachable(f"{self.base} did not answer in time") from error
        except requests.exceptions.ProxyError as error:
            raise ProxyFailed(
                f"{self.base}: the proxy on the way to it does not let through ({innermost(error)})",
                cure="correct the registry's proxy or its login there",
            ) from error
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            if deadline.passed:
                # requests tells of a body that stalls as of a connection that broke.
                raise Unreachable(f"{self.base} did not finish its answer in time") from error
            if last or isinstance(_cause(error), NewConnectionError):
                raise Unreachable(f"{self.base} cannot be reached ({innermost(error)})") from error
            return None
        except EXCHANGE_FAILURES as error:
            raise Unreachable(f"{self.base}: the exchange failed ({innermost(error)})") from error

    def _exchange(self, request: requests.Request, deadline: Deadline, limit: int) -> Answer:
        remaining = deadline.remaining()
        if not remaining:
            raise Unreachable(f"{self.base} did not answer in time")
        with self._session.send(
            self._session.prepare_request(request),
            stream=True,
            allow_redirects=False,
            timeout=(min(CONNECT_SECONDS, remaining), min(READ_SECONDS, remaining)),
        ) as response:
            if response.is_redirect:
                raise UnexpectedAnswer(
                    f"{self.base} redirects to {response.headers['Location'][:200]!r}, expected an answer",
                    cure="redirects are not followed; give the address that answers as the registry's URL",
                )
            if response.status_code == http.HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                raise ProxyFailed(
                    f"{self.base}: the proxy on the way to it asks for a login (407)",
                    cure="give the proxy's login, or correct it",
                )
            return Answer(response.status_code, response.headers, self._body(response, deadline, limit))

    def _body(self, response: requests.Response, deadline: Deadline, limit: int) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > limit:
                raise UnexpectedAnswer(f"{self.base} answers more than {limit // 1024**2} MiB")
            if deadline.passed:
                raise Unreachable(f"{self.base} did not finish its answer in time")
        return bytes(body)


def _worth_repeating(status: int) -> bool:
    return status == _TOO_MANY_REQUESTS or status >= http.HTTPStatus.INTERNAL_SERVER_ERROR


def _pause_asked_for(answer: Answer | None, seconds: float) -> float:
    """How long every request should wait, after a bare 429 ``seconds``; 0 where only this one failed."""
    if answer is None:
        return 0.0
    asked = retry_after(answer.headers, now=time.time())
    return max(asked, seconds) if asked or answer.status == _TOO_MANY_REQUESTS else 0.0


def _overloaded(base: str, answer: Answer) -> Unreachable:
    if answer.status == _TOO_MANY_REQUESTS:
        return Unreachable(f"{base} answers 429, too many requests", cure="try again later")
    return Unreachable(f"{base} answers {answer.status}", cure="see the log of Artifactory")


def _cause(error: BaseException) -> object:
    """What urllib3 gave up for: requests hands its MaxRetryError on as the first argument."""
    return getattr(error.args[0], "reason", None) if error.args else None


def innermost(error: BaseException) -> str:
    """The plainest name for what happened, without the nesting of three libraries."""
    for inside in (_cause(error), *error.args):
        if isinstance(inside, BaseException):
            return innermost(inside)
    return (str(error).rpartition(": ")[2] or type(error).__name__)[:200]
