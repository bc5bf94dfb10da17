"""A registry without a socket: the stand-in behind an adapter of requests, with a clock that tests move."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import MutableMapping
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.session import Session, open_session
from tests.standin import Permission, Standin

READER = Login(LoginKind.PASSWORD, "reader", "reads")
# Long before now: the registry's clock is not ours.
BEGINNING = 1_000_000_000.0


class Direct(BaseAdapter):
    """Hands each request to the stand-in's application.

    ``down`` answers 503 instead; ``trims`` says of every AQL answer that it is not whole.
    """

    def __init__(self, standin: Standin) -> None:
        super().__init__()
        self.down = self.trims = False
        self.asked: list[str] = []
        self._standin = standin
        self._loop: asyncio.AbstractEventLoop | None = None

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        url = urlsplit(str(request.url))
        self.asked.append(f"{request.method} {url.path}")
        scope = {
            "type": "http",
            "method": request.method,
            "path": url.path,
            "raw_path": url.path.encode(),
            "query_string": url.query.encode(),
            "headers": [
                (name.lower().encode(), str(value).encode()) for name, value in request.headers.items()
            ],
            "server": ("standin.test", 80),
        }
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            body = request.body or b""
            return {"type": "http.request", "body": body.encode() if isinstance(body, str) else body}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        if self.down:
            return _response(request, 503, {}, b"")
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._standin.application(scope, receive, send))
        headers = {name.decode().title(): value.decode() for name, value in sent[0]["headers"]}
        headers["Date"] = formatdate(self._standin.store.clock(), usegmt=True)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        if self.trims and url.path.endswith("/aql"):
            document = json.loads(body)
            document["range"]["notification"] = "results are trimmed"
            headers, body = {}, json.dumps(document).encode()
        return _response(request, sent[0]["status"], headers, body)

    def close(self) -> None:
        if self._loop is not None:
            self._loop.close()
        self._loop = None


class FakeRegistry:
    """A stand-in with one repository, the login ``reader`` on it, and its time."""

    def __init__(self) -> None:
        self.now = BEGINNING
        self.standin = Standin(clock=self._tick, post=lambda *_: 200)
        self.standin.add_repository("docker-local")
        self.show("**")
        self.adapter = Direct(self.standin)
        self.registry = Registry("acme", "http://standin.test/artifactory", insecure=True)

    def session(self) -> Session:
        return open_session(self.registry, READER, adapter=self.adapter, sleep=lambda _: None)

    def show(self, *paths: str, also: str = "") -> None:
        """Let the login read just these paths of the repository, and another repository whole."""
        permissions = [Permission.of("read", repo="docker-local", path=path) for path in paths]
        if also:
            permissions.append(Permission.of("read", repo=also, path="**"))
        self.standin.add_user("reader", "reads", permissions=permissions)

    def push(self, image: str, tag: str, *, content: str = "", platforms: int = 1) -> None:
        names = ("linux/amd64", "linux/arm64", "linux/s390x")[:platforms]
        self.standin.push_image("docker-local", image, tag, content=content, platforms=names)

    def delete(self, path: str) -> None:
        with self.standin.store.lock:
            self.standin.store.delete(self.standin.item("docker-local", path))

    def copy(self, source: str, target: str) -> None:
        """As Artifactory copies: dates stay what they were."""
        with self.standin.store.lock:
            item = self.standin.item("docker-local", source)
            self.standin.store.copy(item, "docker-local", target, user="admin")

    def truth(self) -> dict[tuple[str, str, str], str]:
        """Every manifest that lies in the registry, hidden or not, with its digest."""
        return {
            (item.repo, item.parent, item.name): f"sha256:{item.sha256}"
            for item in self.standin.store.every_item()
            if item.name in {"manifest.json", "list.manifest.json"} and not item.folder
        }

    def _tick(self) -> float:
        self.now += 0.0007
        return self.now


def _response(
    request: requests.PreparedRequest, status: int, headers: dict[str, str], body: bytes
) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    response.request = request
    response.url = request.url or ""
    method = request.method or "GET"
    response.raw = HTTPResponse(
        io.BytesIO(body), headers=headers, status=status, preload_content=False, request_method=method
    )
    return response
