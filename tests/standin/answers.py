"""What handlers take and give: a request, an answer, and the refusals in Artifactory's JSON form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote_plus

from tests.standin.model import User


@dataclass(frozen=True)
class Request:
    """One HTTP request, with the user that its credentials name (None without); ``port`` is the server's."""

    method: str
    path: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    user: User | None
    port: int | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """Query parameters, decoded; ``+`` is a space (facts §2). The last of a repeated name counts."""
        pairs = (part.partition("=") for part in self.query.split("&") if part)
        return {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}

    def every(self, name: str) -> list[str]:
        """Each value of a query parameter that may be repeated."""
        pairs = (part.partition("=") for part in self.query.split("&"))
        return [unquote_plus(value) for held, _, value in pairs if unquote_plus(held) == name]

    @property
    def base(self) -> str:
        """``http://host:port`` as the client wrote it."""
        return f"http://{self.headers.get('host', '127.0.0.1')}"

    @property
    def user_name(self) -> str:
        return self.user.name if self.user else "anonymous"


@dataclass(frozen=True)
class Answer:
    """One HTTP response."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None

    @classmethod
    def json(
        cls,
        document: object,
        *,
        status: int = 200,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        body = json.dumps(document).encode()
        return cls(status=status, body=body, headers=headers or {}, content_type=content_type)

    @classmethod
    def text(cls, text: str, *, status: int = 200) -> Answer:
        return cls(status=status, body=text.encode(), content_type="text/plain")


class Refusal(Exception):
    """A request that is refused: status and message; an empty message becomes the reason phrase."""

    def __init__(self, status: int, message: str = "", *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message or HTTPStatus(status).phrase
        self.headers = dict(headers or {})

    def answer(self) -> Answer:
        body = {"errors": [{"status": self.status, "message": self.message}]}
        return Answer.json(body, status=self.status, headers=self.headers)


def only_in_pro() -> Refusal:
    """What an unlicensed server says to an API that an add-on brings (ISS artifactory-client-java#203)."""
    return Refusal(
        400,
        "This REST API is available only in Artifactory Pro (see: http://www.jfrog.com/addons.php). "
        "If you are already running Artifactory Pro please make sure your server is activated with "
        "a valid license key.\n",
    )


def not_found(message: str = "Unable to find item") -> Refusal:
    """Artifactory's 404, the same for what is absent and what may not be seen."""
    return Refusal(404, message)
