"""The bridge's HTTP API, as the command line uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

from portshift.adapters.endpoint import Endpoint
from portshift.adapters.transport import Answer, exchange
from portshift.core.errors import Blocked, InvalidMessage, PortshiftError, Unreachable
from portshift.core.wire import RegistrationRequest, RegistrationResponse

Json = dict[str, Any]
PAGE = 500
_PROBLEM = "urn:portshift:problem:"
_STATUS = ("version", "issuer", "trustDomain", "name", "role")
_CURES = {
    "unauthenticated": "log in with `portshift login`, or set PORTSHIFT_TOKEN",
    "identity-revoked": "`portshift identities restore` allows it again",
}


class Bridge:
    """A client of one bridge.

    Every method raises ``Unreachable`` when the bridge does not answer, or not as a bridge, ``Blocked`` when
    an identity was revoked, and ``PortshiftError`` when the bridge refuses the request.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    def register(self, request: RegistrationRequest) -> RegistrationResponse:
        """Register what a rendering is about to deploy."""
        body = self.call("POST", "/api/v1/registrations", request.to_json())
        try:
            return RegistrationResponse.from_json(body)
        except InvalidMessage as error:
            raise self._another_service(error.problem) from error

    def status(self) -> Json:
        """What the bridge says of itself, and whose access token this is; each of ``_STATUS`` is text."""
        body = self.call("GET", "/api/v1/status")
        if missing := [name for name in _STATUS if not isinstance(body.get(name), str)]:
            raise self._another_service(f"no {missing[0]} in its status")
        return body

    def pages(self, path: str, query: Mapping[str, str | None], *, limit: int | None) -> Iterator[Json]:
        """The pages of a list, each ``{items, next}``, until ``limit`` items were given or none are left.

        ``next`` is a cursor only on the page where ``limit`` cut the list: the others are followed here.
        """
        wanted = {name: value for name, value in query.items() if value is not None}
        left = limit
        while True:
            size = PAGE if left is None else min(PAGE, left)
            page = self.call("GET", f"{path}?{urlencode({**wanted, 'limit': str(size)})}")
            items, cursor = page.get("items"), page.get("next")
            if not isinstance(items, list) or (cursor and cursor == wanted.get("cursor")):
                raise self._another_service("no list")
            left = None if left is None else left - len(items)
            if not cursor or (left is not None and left <= 0):
                yield page
                return
            yield {"items": items, "next": None}
            wanted["cursor"] = cursor

    def call(self, method: str, path: str, body: Any = None) -> Json:
        """Send one request and read the JSON object of its answer; an answer without content is empty."""
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        answer = exchange(self.endpoint, method, path, content)
        if answer.status >= 400:
            self._refuse(answer)
        if answer.status == 204:
            return {}
        value = _json(answer)
        if not isinstance(value, dict):
            raise self._another_service(answer.content_type or "no content type")
        return value

    def _refuse(self, answer: Answer) -> NoReturn:
        problem = _json(answer)
        kind = problem.get("type") if isinstance(problem, dict) else None
        if not isinstance(kind, str) or not kind.startswith(_PROBLEM):
            if answer.status >= 500:
                raise Unreachable(
                    f"the bridge at {self.endpoint.url} failed with HTTP {answer.status}",
                    cure="try again, or look at the bridge's log",
                )
            raise self._another_service(f"HTTP {answer.status}")
        name = kind.removeprefix(_PROBLEM)
        raise _error(answer.status, name)(
            str(problem.get("detail") or problem.get("title") or name),
            cure=_text(problem.get("cure")) or _CURES.get(name),
        )

    def _another_service(self, found: str) -> Unreachable:
        return Unreachable(
            f"{self.endpoint.url} does not answer as a portshift bridge ({found})",
            cure="check PORTSHIFT_BRIDGE_URL",
        )


def segment(text: str) -> str:
    """A name as one segment of a path."""
    return quote(text, safe="")


def _error(status: int, name: str) -> type[PortshiftError]:
    if name == "identity-revoked":
        return Blocked
    return Unreachable if status >= 500 or status == 429 else PortshiftError


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
