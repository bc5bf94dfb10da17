"""The stand-in as an ASGI application: faults, authentication, the form of errors."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request
from tests.standin.conjure import Conjurer
from tests.standin.delivery import Sender
from tests.standin.faults import Fault, LoggedRequest
from tests.standin.model import User
from tests.standin.routes import Routes
from tests.standin.store import Store
from tests.standin.switches import Switches
from tests.standin.upstream import Source

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LOG_LENGTH = 100_000


class Application:
    """Takes requests in the event loop; the store's lock is held while one is handled."""

    def __init__(
        self,
        store: Store,
        access: Access,
        switches: Switches,
        sources: list[Source],
        conjurer: Conjurer | None,
        sender: Sender,
    ) -> None:
        self.access = access
        self.faults: list[Fault] = []
        self.log: deque[LoggedRequest] = deque(maxlen=LOG_LENGTH)
        self.routes = Routes(store, access, switches, sources, conjurer, sender)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await _read(scope, receive)
        fault = next((fault for fault in self.faults if fault.takes(request.method, request.path)), None)
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault is not None and fault.status is not None:
            user, answer = None, Refusal(fault.status, fault.message, headers=fault.headers).answer()
        else:
            user, answer = await self._answer(request)
        self.log.append(
            LoggedRequest(request.method, request.path, request.query, user, answer.status, request.body)
        )
        await _send(answer, request.method, send, cut=fault is not None and fault.cut)

    async def _answer(self, request: Request) -> tuple[str | None, Answer]:
        try:
            if "|" in request.query:
                raise Refusal(400)  # Tomcat takes no raw "|" in a URL (facts §2)
            user = self._user(request)
            known = Request(**{**request.__dict__, "user": user})
            return user.name if user else None, await self.routes.answer(known)
        except Refusal as refusal:
            return None, refusal.answer()

    def _user(self, request: Request) -> User | None:
        """Who asks. A Docker client whose token is not known is challenged to fetch another."""
        try:
            return self.access.authenticate(request.headers)
        except Refusal:
            bearer = request.headers.get("authorization", "").lower().startswith("bearer ")
            if bearer and request.path.startswith(("/v2/", "/artifactory/api/docker/")):
                return None
            raise


async def _read(scope: Scope, receive: Receive) -> Request:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    raw_path = scope["raw_path"].decode("latin-1")
    return Request(
        method=scope["method"],
        path=unquote(raw_path),
        raw_path=raw_path,
        query=scope["query_string"].decode("latin-1"),
        headers=_headers(scope["headers"]),
        body=b"".join(chunks),
        user=None,
        port=(scope.get("server") or (None, None))[1],
    )


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their name; repeated ones, such as skopeo's Accept, as one list."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def _send(answer: Answer, method: str, send: Send, *, cut: bool) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    if answer.content_type is not None:
        headers.append((b"content-type", answer.content_type.encode()))
    length = len(answer.body)
    if answer.status != 204:
        headers.append((b"content-length", str(length + 1 if cut else length).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if method == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body[: length // 2] if cut else body, "more_body": cut})
