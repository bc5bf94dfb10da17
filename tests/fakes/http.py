"""A requests adapter that answers from a script instead of a network."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

Reply = Callable[[requests.PreparedRequest], "Scripted"]


@dataclass(frozen=True)
class Scripted:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, *, status: int = 200, **headers: str) -> Scripted:
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


class ScriptedAdapter(BaseAdapter):
    """Answers each request with the next of ``replies`` (the last one for ever), or raises it."""

    def __init__(self, *replies: Scripted | Reply | Exception) -> None:
        super().__init__()
        self._replies = list(replies)
        self.requests: list[requests.PreparedRequest] = []
        self.timeouts: list[Any] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        self.requests.append(request)
        self.timeouts.append(kwargs.get("timeout"))
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, Exception):
            raise reply
        return _response(request, reply if isinstance(reply, Scripted) else reply(request))

    def close(self) -> None:
        """Nothing is open."""

    @property
    def seen(self) -> list[str]:
        """``METHOD url`` of each request."""
        return [f"{request.method} {request.url}" for request in self.requests]


def _response(request: requests.PreparedRequest, scripted: Scripted) -> requests.Response:
    response = requests.Response()
    response.status_code = scripted.status
    response.headers.update(scripted.headers)
    response.request = request
    response.url = request.url or ""
    response.raw = HTTPResponse(
        io.BytesIO(scripted.body), headers=scripted.headers, status=scripted.status, preload_content=False
    )
    return response
