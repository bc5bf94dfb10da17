"""The stand-in as an ASGI application: faults, authentication, routing, the form of errors."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request, not_found
from tests.standin.conjure import Conjurer
from tests.standin.content import Content
from tests.standin.docker import DockerReader, DockerRefusal, check_digest
from tests.standin.docker_push import DockerWriter
from tests.standin.faults import Fault, LoggedRequest
from tests.standin.metadata import Metadata
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
_MANIFEST = re.compile(r"(?P<image>.+)/manifests/(?P<reference>[^/]+)\Z")
_UPLOAD = re.compile(r"(?P<image>.+)/blobs/uploads/?(?P<upload>[^/]*)\Z")
_BLOB = re.compile(r"(?P<image>.+)/blobs/(?P<digest>sha256:[0-9a-f]{64})\Z")
_TAGS = re.compile(r"(?P<image>.+)/tags/list\Z")


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
        self.docker_writer = DockerWriter(store, access, switches)
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
            user = self.access.authenticate(request.headers)
            known = Request(**{**request.__dict__, "user": user})
            return user.name if user else None, await self._route(known)
        except Refusal as refusal:
            return None, refusal.answer()

    async def _route(self, request: Request) -> Answer:
        path = request.path
        if path == "/v2" or path.startswith("/v2/"):
            return self._docker_by_host(request, path[3:].lstrip("/"))
        if not path.startswith("/artifactory/"):
            raise not_found("Not Found")
        first, _, rest = path.removeprefix("/artifactory/").partition("/")
        if first == "v2":
            return self._docker_by_host(request, rest)
        if first != "api":
            return self._content(request, first, rest)
        area, _, rest = rest.partition("/")
        if area == "docker":
            key, _, inner = rest.partition("/")
            return self._docker(request, key, inner.removeprefix("v2").lstrip("/"))
        if area in {"storage", "metadata"}:
            key, _, inner = rest.partition("/")
            return await self._items(request, area, key, inner.strip("/"))
        with self.store.lock:
            return self._other(request, area, rest)

    def _docker_by_host(self, request: Request, rest: str) -> Answer:
        """The subdomain method when the host's first label is a repository, else the repository path."""
        label = request.headers.get("host", "").split(".")[0]
        if label in self.store.repositories:
            return self._docker(request, label, rest)
        if rest in {"", "token"}:
            return self._docker(request, "null", rest)
        key, _, inner = rest.partition("/")
        return self._docker(request, key, inner)

    def _docker(self, request: Request, key: str, rest: str) -> Answer:
        if rest == "token":
            return self.docker.token(request)
        with self.store.lock:
            image = next((match["image"] for match in map(_matcher(rest), _SHAPES) if match), None)
            if request.user is None:
                actions = "pull" if request.method in {"GET", "HEAD"} else "pull,push"
                raise self.docker.challenge(request, key, image, actions)
            if rest == "":
                return self.docker.ping()
            self.docker.repository(request, key)
            return self._registry(request, key, rest)

    def _registry(self, request: Request, key: str, rest: str) -> Answer:
        if rest == "_catalog":
            return self.docker.catalog(request, key)
        if match := _MANIFEST.match(rest):
            check_digest(match["reference"])
            return self._manifest(request, key, match["image"], match["reference"])
        if match := _UPLOAD.match(rest):
            if match["upload"]:
                return self.docker_writer.continue_upload(request, key, match["image"], match["upload"])
            return self.docker_writer.start_upload(request, key, match["image"])
        if match := _BLOB.match(rest):
            return self.docker.blob(request, key, match["image"], match["digest"])
        if match := _TAGS.match(rest):
            return self.docker.tags(request, key, match["image"])
        raise DockerRefusal(404, "UNSUPPORTED", "The operation is unsupported.")

    def _manifest(self, request: Request, key: str, image: str, reference: str) -> Answer:
        match request.method:
            case "GET" | "HEAD":
                if self.conjurer is not None:
                    self.conjurer.image(key, image, reference)
                return self.docker.manifest(request, key, image, reference)
            case "PUT":
                return self.docker_writer.put_manifest(request, key, image, reference)
            case "DELETE":
                return self.docker_writer.delete_manifest(request, key, image, reference)
        raise DockerRefusal(405, "UNSUPPORTED", "The operation is unsupported.")

    async def _items(self, request: Request, area: str, key: str, path: str) -> Answer:
        if area == "metadata" and request.method == "PATCH":
            return await self.metadata.patch(request, key, path)
        with self.store.lock:
            match area, request.method:
                case "metadata", "DELETE":
                    return self.metadata.clear(request, key, path)
                case "storage", "GET":
                    if self.conjurer is not None:
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


_SHAPES = (_MANIFEST, _UPLOAD, _BLOB, _TAGS)


def _matcher(rest: str) -> Callable[[re.Pattern[str]], re.Match[str] | None]:
    return lambda pattern: pattern.match(rest)


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
