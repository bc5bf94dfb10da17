"""Reading requests: bodies within bounds, cursors, and who is calling."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, NoReturn

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from portshift.core.errors import InvalidMessage
from portshift_bridge.access import Access
from portshift_bridge.api.problems import RefusedBody
from portshift_bridge.errors import Unauthenticated
from portshift_bridge.services import Services

MAX_PAGE = 500
_MIB = 1024 * 1024
_MAX_TOKEN_CHARACTERS = 1_024
_SMALLER = "register the chart in parts, or raise the bridge's setting max_body_mib"
_SMALL_BODY = 64 * 1024


class PageQuery(BaseModel):
    """The query of a list; every list takes these and refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(default=50, ge=1, le=MAX_PAGE, description="Most items in the answer.")
    cursor: str | None = Field(default=None, max_length=512, description="`next` of the page before; opaque.")


def services(request: Request) -> Services:
    """What the application was made with."""
    found = request.app.state.services
    if not isinstance(found, Services):
        raise TypeError("the application was made without its services")
    return found


def caller(request: Request) -> Access:
    """The holder of the request's access token.

    Raises:
        Unauthenticated: there is none, or the bridge does not know it.

    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > _MAX_TOKEN_CHARACTERS:
        raise Unauthenticated(
            "found no access token, expected 'Authorization: Bearer TOKEN'",
            cure="set PORTSHIFT_TOKEN, or run helm portshift login",
        )
    found = services(request)
    holder = found.access.holder(token.strip()) or found.sessions.holder(token.strip())
    if holder is None:
        raise Unauthenticated(
            "the access token is unknown or was revoked", cure="ask an administrator for a new one"
        )
    request.state.actor = holder.name
    return holder


def no_query(request: Request) -> None:
    """Refuse a query where none is read: a mistyped filter must not pass for an answer.

    Raises:
        InvalidMessage: naming the first parameter.

    """
    for name in request.query_params:
        raise InvalidMessage(f"found the query parameter {name!r}, which is unknown here")


async def _body(request: Request, _caller: Annotated[Access, Depends(caller)]) -> bytes:
    limit = services(request).settings.max_body_mib * _MIB
    return await read_body(request, limit=limit, cure=_SMALLER)


async def _small_body(request: Request) -> bytes:
    """For the routes that strangers may call."""
    return await read_body(request, limit=_SMALL_BODY)


async def read_body(request: Request, *, limit: int, cure: str | None = None) -> bytes:
    """The body, up to ``limit`` bytes; ``cure`` is for who sends more.

    Raises:
        RefusedBody: it is larger, encoded, too slow or cut off.

    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise RefusedBody(
            "found an encoded body, expected plain JSON", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        )
    settings = services(request).settings
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        _too_large(limit, cure)
    try:
        async with asyncio.timeout(settings.max_body_seconds):
            return await _gathered(request, limit, cure)
    except TimeoutError:
        raise RefusedBody(
            f"found no end of the body after {settings.max_body_seconds} seconds",
            status=HTTPStatus.REQUEST_TIMEOUT,
            cure="try again over a faster connection",
        ) from None
    except ClientDisconnect:
        # Nobody is left to read this; the log line says what happened.
        raise RefusedBody("the client went away", status=HTTPStatus.BAD_REQUEST) from None


async def _gathered(request: Request, limit: int, cure: str | None) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            _too_large(limit, cure)
        parts.append(part)
    return b"".join(parts)


def _too_large(limit: int, cure: str | None) -> NoReturn:
    size = f"{limit // _MIB} MiB" if limit >= _MIB else f"{limit // 1024} KiB"
    raise RefusedBody(f"found a body over {size}", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, cure=cure)


def _json_body(body: Annotated[bytes, Depends(_body)]) -> Any:
    return _parsed(body)


def _small_json_body(body: Annotated[bytes, Depends(_small_body)]) -> Any:
    return _parsed(body)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except RecursionError:
        raise InvalidMessage("found JSON nested too deeply, expected a few levels") from None
    except ValueError as error:
        raise InvalidMessage(f"the body is not JSON: {error}") from error


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


ServicesOf = Annotated[Services, Depends(services)]
Caller = Annotated[Access, Depends(caller)]
JsonBody = Annotated[Any, Depends(_json_body)]
SmallJsonBody = Annotated[Any, Depends(_small_json_body)]
Refused = Depends(no_query)


def json_object(body: object, *, fields: Sequence[str]) -> dict[str, Any]:
    """The body as an object that has no other fields than these.

    Raises:
        InvalidMessage: it is no object, or a field is unknown.

    """
    if not isinstance(body, dict):
        raise InvalidMessage("found no object in the body, expected one")
    unknown = sorted(body.keys() - set(fields))
    if unknown:
        raise InvalidMessage(f"found the field {unknown[0]!r}, expected only {', '.join(fields)}")
    return body


def read_text(given: Mapping[str, Any], field: str) -> str | None:
    """The text of a field, or None where it is absent or null.

    Raises:
        InvalidMessage: it is no text, or empty.

    """
    value = given.get(field)
    if value is not None and (not isinstance(value, str) or not value):
        raise InvalidMessage(f"{field}: expected text")
    return value


def read_admin_token(given: Mapping[str, Any]) -> str:
    """The access token of an administrator of Artifactory.

    Raises:
        InvalidMessage: it is absent, empty or no text.

    """
    token = read_text(given, "adminToken")
    if token is None:
        raise InvalidMessage("adminToken: found none, expected an access token of an administrator")
    return token


def write_cursor(*parts: str | int) -> str:
    """An opaque cursor that ``read_cursor`` reads."""
    text = json.dumps(parts, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, *, kinds: tuple[type, ...]) -> list[Any]:
    """The parts of a cursor, one of each kind.

    Raises:
        InvalidMessage: this list did not give it.

    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if isinstance(parts, list) and [type(part) for part in parts] == list(kinds) and _storable(parts):
            return parts
    except (ValueError, binascii.Error, RecursionError):
        pass
    raise InvalidMessage("cursor: found text that no page of this list gave", cure="start without a cursor")


def page_after(query: PageQuery, *kinds: type) -> list[Any] | None:
    """Where the page begins that a query asks for: the parts of its cursor, or None for the first page.

    Raises:
        InvalidMessage: as for ``read_cursor``.

    """
    return None if query.cursor is None else read_cursor(query.cursor, kinds=kinds)


def page_answer(items: Iterable[Any], *last: str | int | None) -> JSONResponse:
    """A page of a list; ``last`` is the position of its last item, None when nothing follows."""
    following = None if None in last else write_cursor(*(part for part in last if part is not None))
    return JSONResponse({"items": list(items), "next": following})


def _storable(parts: list[Any]) -> bool:
    return all(abs(part) < 2**63 for part in parts if isinstance(part, int))


def answer_with_tag(request: Request, content: object) -> Response:
    """The content with its ETag, or 304 when the client has it already (RFC 9110 §13.1.2)."""
    response = JSONResponse(content)
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return response
