"""Exchanges with one Artifactory as one login: who asks, and what a refusal means."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from requests.adapters import BaseAdapter

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.outbound.guard import GuardedAdapter
from portshift_bridge.outbound.transport import MAX_BODY, Answer, Limits, Transport
from portshift_bridge.registries.challenge import Challenge, Tokens, bearer_challenge
from portshift_bridge.registries.errors import BadRequest, Forbidden, Hidden, LoginRefused, NotFound
from portshift_bridge.registries.facts import MANIFEST_TYPES
from portshift_bridge.registries.model import Login, LoginKind, Registry

# Artifactory runs three AQL queries of a user at once and answers 429 to those that wait too long.
_PARALLEL_QUERIES = 3
_MAX_MESSAGE = 300
# A failed login by API key header, or of a locked user, is a 403 with one of these messages.
_LOGIN_MESSAGES = ("bad credentials", "recurrent login failures", "expired")


def _queries() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(_PARALLEL_QUERIES)


@dataclass(frozen=True)
class Shared:
    """What all sessions with one server as one login have together."""

    limits: Limits = field(default_factory=Limits)
    queries: threading.BoundedSemaphore = field(default_factory=_queries)
    tokens: Tokens = field(default_factory=Tokens)


class Session:
    """Requests below the registry's URL, each answered 2xx or raised as one of our errors.

    A path that begins with ``/`` is beside Artifactory, at another service of the JFrog platform on the same
    host, such as ``/lifecycle/api/v2``.

    Every method raises ``LoginRefused`` (401), ``Forbidden`` (403), ``NotFound`` (404) or ``Unreachable``
    (anything else, and every failure of the network).
    """

    def __init__(self, transport: Transport, login: Login, *, shared: Shared | None = None) -> None:
        self._transport = transport
        self._login = login
        self._identification = _identification(login)
        self._shared = shared or Shared()

    def close(self) -> None:
        self._transport.close()

    @property
    def anonymous(self) -> bool:
        """Whether it asks without a login."""
        return self._login.kind is LoginKind.ANONYMOUS

    def get(
        self,
        path: str,
        *,
        deadline: Deadline,
        params: Mapping[str, str] | None = None,
        limit: int = MAX_BODY,
    ) -> Answer:
        """The answer to a GET, of at most ``limit`` bytes."""
        answer = self._transport.request(
            "GET",
            self._url(path),
            deadline=deadline,
            headers=self._identification,
            params=params,
            limit=limit,
        )
        return self._accepted(answer)

    def send(
        self,
        method: str,
        path: str,
        *,
        deadline: Deadline,
        params: Mapping[str, str] | None = None,
        document: object = None,
    ) -> Answer:
        """A request that is safe to repeat, with ``document`` as its JSON body unless that is None."""
        headers, body = dict(self._identification), None
        if document is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(document).encode()
        url = self._url(path)
        answer = self._transport.request(
            method, url, deadline=deadline, headers=headers, params=params, body=body
        )
        return self._accepted(answer)

    def query(self, aql: str, *, deadline: Deadline) -> Any:
        """The JSON answer to an AQL query."""
        if not self._shared.queries.acquire(timeout=deadline.remaining()):
            raise Unreachable(f"{self._transport.base} did not finish earlier queries in time")
        try:
            answer = self._transport.request(
                "POST",
                self._url("api/search/aql"),
                deadline=deadline,
                headers={**self._identification, "Content-Type": "text/plain"},
                body=aql.encode(),
            )
        finally:
            self._shared.queries.release()
        return self._accepted(answer).json()

    def manifest(
        self,
        method: str,
        repository: str,
        image: str,
        reference: str,
        *,
        types: Collection[str] = MANIFEST_TYPES,
        deadline: Deadline,
    ) -> Answer:
        """HEAD or GET of a manifest of ``types`` by Docker's API, with a token where one is asked for."""
        accept = ", ".join(types)
        path = f"{quote(repository)}/v2/{quote(image)}/manifests/{quote(reference, safe=':')}"
        url = self._url(f"api/docker/{path}")
        expected = self._shared.tokens.expected(repository, image)
        if expected is not None and self._shared.tokens.get(repository, image) is None:
            self._fetch_token(expected, repository, image, deadline)
        answer = self._docker_once(method, url, repository, image, accept, deadline)
        if answer.status == 401 and self._new_token(answer, repository, image, deadline):
            answer = self._docker_once(method, url, repository, image, accept, deadline)
        if answer.status in {401, 403} and not self.anonymous:
            # A HEAD has no body to tell why, and Docker's API may say 401 for a missing permission.
            self._check_login(deadline)
            if answer.status == 401:
                raise Hidden(f"{repository}/{image} is not for this login (401)")
        return self._accepted(answer)

    def _docker_once(
        self, method: str, url: str, repository: str, image: str, accept: str, deadline: Deadline
    ) -> Answer:
        token = self._shared.tokens.get(repository, image)
        identification = self._identification if token is None else {"Authorization": f"Bearer {token}"}
        headers = {**identification, "Accept": accept}
        return self._transport.request(method, url, deadline=deadline, headers=headers)

    def _new_token(self, refused: Answer, repository: str, image: str, deadline: Deadline) -> bool:
        header = refused.headers.get("WWW-Authenticate", "")
        challenge = bearer_challenge(header, image=image, base=self._transport.base)
        if challenge is None:
            return False
        self._shared.tokens.expect(repository, challenge)
        self._fetch_token(challenge, repository, image, deadline)
        return True

    def _fetch_token(self, challenge: Challenge, repository: str, image: str, deadline: Deadline) -> None:
        body = self._ask_token(challenge, deadline)
        token = body.get("token") or body.get("access_token") if isinstance(body, Mapping) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise UnexpectedAnswer(f"{self._transport.base} gave no Docker token, expected one")
        seconds = body.get("expires_in")
        known = float(seconds) if isinstance(seconds, int) and seconds > 0 else None
        self._shared.tokens.put(repository, image, token, seconds=known)

    def _ask_token(self, challenge: Challenge, deadline: Deadline) -> Any:
        answer = self._transport.request(
            "GET",
            challenge.realm,
            deadline=deadline,
            headers=self._identification,
            params={"service": challenge.service, "scope": challenge.scope},
        )
        return self._accepted(answer).json()

    def _check_login(self, deadline: Deadline) -> None:
        """Raises LoginRefused: Artifactory does not know the login at all."""
        with contextlib.suppress(Forbidden, NotFound):
            self.get("api/system/version", deadline=deadline)

    def _accepted(self, answer: Answer) -> Answer:
        if 200 <= answer.status < 300:
            return answer
        said = _message(answer)
        problem = f"{self._transport.base} answers {answer.status}" + (f" ({said})" if said else "")
        if answer.status == 401 or (answer.status == 403 and _is_about_login(said)):
            raise LoginRefused(f"{problem} to {self._who}", cure="correct the registry's login")
        if answer.status == 403:
            raise Forbidden(f"{problem} to {self._who}")
        if answer.status == 404:
            raise NotFound(problem)
        if answer.status == 400:
            raise BadRequest(problem)
        raise UnexpectedAnswer(problem)

    @property
    def _who(self) -> str:
        if self.anonymous:
            return "a request without login"
        return f"the user {self._login.username}" if self._login.username else f"the {self._login.kind.value}"

    def _url(self, path: str) -> str:
        base = self._transport.base
        return f"{base.removesuffix('/artifactory')}{path}" if path.startswith("/") else f"{base}/{path}"


def open_session(
    registry: Registry,
    login: Login,
    *,
    adapter: BaseAdapter | None = None,
    sleep: Callable[[float], object] = time.sleep,
    shared: Shared | None = None,
) -> Session:
    """A session with the registry as the login: the one way to Artifactory. The caller closes it.

    ``adapter`` and ``shared`` are those of other sessions with the same server and login (``Sessions``).
    """
    shared, adapter = shared or Shared(), adapter or guarded_adapter(registry, login)
    transport = Transport(registry.url, adapter=adapter, sleep=sleep, limits=shared.limits)
    return Session(transport, login, shared=shared)


def guarded_adapter(registry: Registry, login: Login) -> GuardedAdapter:
    """The registry's way out of this process."""
    return GuardedAdapter(ca=registry.ca, proxy=registry.proxy, proxy_login=login.proxy)


def _identification(login: Login) -> dict[str, str]:
    if login.kind is LoginKind.PASSWORD:
        pair = f"{login.username}:{login.secret}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    if login.kind is LoginKind.TOKEN:
        return {"Authorization": f"Bearer {login.secret}"}
    if login.kind is LoginKind.API_KEY:
        return {"X-JFrog-Art-Api": str(login.secret)}
    return {}


def _is_about_login(said: str) -> bool:
    return any(part in said.lower() for part in _LOGIN_MESSAGES)


def _message(answer: Answer) -> str:
    """Artifactory's own words; both its error form and Docker's hold ``errors[].message``."""
    try:
        text = answer.json()["errors"][0]["message"]
    except (Unreachable, TypeError, KeyError, IndexError):
        return ""
    return " ".join(str(text).split())[:_MAX_MESSAGE]
