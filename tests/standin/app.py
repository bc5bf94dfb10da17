"""The stand-in as an ASGI application: faults, authentication, routing, the form of errors."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request, not_found
from tests.standin.conjure import Conjurer
from tests.standin.content import Content
from tests.standin.docker import DockerReader
from tests.standin.docker_promotion import DockerPromotion
from tests.standin.docker_push import DockerWriter
from tests.standin.docker_routes import DockerRoutes
from tests.standin.faults import Fault, LoggedRequest
from tests.standin.metadata import Metadata
from tests.standin.model import User
from tests.standin.search import Searches
from tests.standin.storage import Storage
from tests.standin.store import Store
from tests.standin.switches import Switches
from tests.standin.system import System
from tests.standin.upstream import Source

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LOG_LENGTH = 100_000


class Application:
    """Takes requests one at a time in the event loop; the store's lock is held while one is handled."""

    def __init__(
        self,
        store: Store,
        access: Access,
        switches: Switches,
        sources: list[Source],
        conjurer: Conjurer | None = None,
    ) -> None:
        self.store = store
        self.conjurer = conjurer
        self.access = access
        self.faults: list[Fault] = []
        self.log: deque[LoggedRequest] = deque(maxlen=LOG_LENGTH)
        self.docker = DockerReader(store, access, switches, sources)
        self.docker_routes = DockerRoutes(
            self.docker,
            DockerWriter(store, access, switches),
            DockerPromotion(store, access, switches),
            conjurer,
        )
        self.storage = Storage(store, access, switches)
        self.metadata = Metadata(self.storage)
        self.content = Content(self.storage)
        self.searches = Searches(store, access, switches, self.storage, conjurer)
        self.system = System(store, access, switches)

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
            return user.name if user else None, await self._route(known)
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

    async def _route(self, request: Request) -> Answer:
        path = request.path
        if path == "/v2" or path.startswith("/v2/"):
            return self.docker_routes.by_host(request, path[3:].lstrip("/"))
        if not path.startswith("/artifactory/"):
            raise not_found("Not Found")
        first, _, rest = path.removeprefix("/artifactory/").partition("/")
        if first == "v2":
            return self.docker_routes.by_host(request, rest)
        if first != "api":
            return self._content(request, first, rest)
        area, _, rest = rest.partition("/")
        if area == "docker":
            key, _, inner = rest.partition("/")
            return self.docker_routes.of_repository(request, key, inner.removeprefix("v2").lstrip("/"))
        if area in {"storage", "metadata"}:
            key, _, inner = rest.partition("/")
            return await self._items(request, area, key, inner.strip("/"))
        with self.store.lock:
            return self._other(request, area, rest)

    async def _items(self, request: Request, area: str, key: str, path: str) -> Answer:
        if area == "metadata" and request.method == "PATCH":
            return await self.metadata.patch(request, key, path)
        with self.store.lock:
            match area, request.method:
                case "metadata", "DELETE":
                    return self.metadata.clear(request, key, path)
                case "storage", "GET":
                    if self.conjurer is not None and request.user is not None:
                        self.conjurer.path(key, path)
                    return self.storage.get(request, key, path)
                case "storage", "PUT":
                    return self.storage.set_properties(request, key, path)
                case "storage", "DELETE":
                    return self.storage.delete_properties(request, key, path)
        raise Refusal(405)

    def _other(self, request: Request, area: str, rest: str) -> Answer:
        match request.method, area, rest.strip("/").split("/"):
            case "POST", "search", ["aql"]:
                return self.searches.aql(request)
            case "GET", "search", ["checksum"]:
                return self.searches.checksum(request)
            case "GET", "system", ["ping"]:
                return self.system.ping()
            case "GET", "system", ["version"]:
                return self.system.version(request)
            case "GET", "repositories", [""]:
                return self.system.repositories(request)
            case "GET", "repositories", [key]:
                return self.system.repository(request, key)
            case _, "build", parts:
                return self._build(request, parts)
        raise not_found("Not Found")

    def _build(self, request: Request, parts: list[str]) -> Answer:
        match request.method, parts:
            case "PUT", [""]:
                return self.system.put_build(request)
            case "GET", [""]:
                return self.system.builds(request)
            case "GET", [name]:
                return self.system.build_numbers(request, name)
            case "GET", [name, number]:
                return self.system.build(request, name, number)
        raise Refusal(405)

    def _content(self, request: Request, key: str, path: str) -> Answer:
        plain = path.partition(";")[0]
        with self.store.lock:
            match request.method:
                case "GET" | "HEAD":
                    return self.content.get(request, key, plain)
                case "PUT":
                    return self.content.put(request, key, plain)
                case "DELETE":
                    return self.content.delete(request, key, plain.rstrip("/"))
        raise Refusal(405)


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
