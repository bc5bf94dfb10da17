"""The stand-in without a socket: requests go straight into the application."""

from __future__ import annotations

import asyncio
import base64
import json as json_module
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import httpx

from tests.standin import Standin

ADMIN = ("admin", "password")


class Client:
    """Requests to a stand-in, by paths below ``/artifactory/``; a path with ``/`` first is whole."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin

    def __call__(
        self,
        method: str,
        path: str,
        *,
        auth: tuple[str, str] | None = ADMIN,
        headers: Mapping[str, str] | None = None,
        content: str | bytes = b"",
        json: Any = None,
        host: str = "standin.test",
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.standin.application)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
                url = path if path.startswith(("/", "http:")) else f"/artifactory/{path}"
                if json is not None:
                    return await client.request(method, url, auth=auth, headers=headers, json=json)
                return await client.request(method, url, auth=auth, headers=headers, content=content)

        return asyncio.run(ask())

    def raw(self, method: str, path: str, query: str, *, body: bytes = b"") -> int:
        """The status of an administrator's request whose URL goes over the wire as it is."""
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        basic = base64.b64encode(":".join(ADMIN).encode())
        scope = {
            "method": method,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"authorization", b"Basic " + basic)],
        }
        asyncio.run(self.standin.application(scope, receive, send))
        status: int = sent[0]["status"]
        return status

    def at_once(self, method: str, path: str, bodies: Sequence[object]) -> list[httpx.Response]:
        """The same request by the administrator with each body, all under way at the same time.

        Texts go as they are, other bodies as JSON.
        """

        async def ask() -> list[httpx.Response]:
            transport = httpx.ASGITransport(app=self.standin.application)
            async with httpx.AsyncClient(transport=transport, base_url="http://standin.test") as client:
                contents = [body if isinstance(body, str) else json_module.dumps(body) for body in bodies]
                url = f"/artifactory/{path}"
                asked = (client.request(method, url, auth=ADMIN, content=content) for content in contents)
                return list(await asyncio.gather(*asked))

        return asyncio.run(ask())

    def aql(self, query: str, *, auth: tuple[str, str] | None = ADMIN) -> httpx.Response:
        return self("POST", "api/search/aql", auth=auth, content=query)

    def rows(self, query: str, *, auth: tuple[str, str] | None = ADMIN) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = self.aql(query, auth=auth).raise_for_status().json()["results"]
        return results
