"""Errors as RFC 9457 problem documents, each with a stable ``type``."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from portshift.core.errors import InvalidInput, NotVerified, PortshiftError, Unreachable
from portshift_bridge.errors import (
    Busy,
    Conflict,
    IdentityRevoked,
    JobTokenRefused,
    NotFound,
    NotPermitted,
    SignerUnavailable,
    StorageUnavailable,
    Unauthenticated,
)

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:portshift:problem:"
_log = logging.getLogger(__name__)

# The first class that fits gives the type and the status.
_PROBLEMS: tuple[tuple[type[PortshiftError], str, HTTPStatus], ...] = (
    (InvalidInput, "invalid-request", HTTPStatus.BAD_REQUEST),
    (Unauthenticated, "unauthenticated", HTTPStatus.UNAUTHORIZED),
    (NotPermitted, "not-permitted", HTTPStatus.FORBIDDEN),
    (JobTokenRefused, "job-token-refused", HTTPStatus.FORBIDDEN),
    (IdentityRevoked, "identity-revoked", HTTPStatus.FORBIDDEN),
    (NotFound, "not-found", HTTPStatus.NOT_FOUND),
    (Conflict, "conflict", HTTPStatus.CONFLICT),
    (Busy, "busy", HTTPStatus.SERVICE_UNAVAILABLE),
    (StorageUnavailable, "storage-unavailable", HTTPStatus.SERVICE_UNAVAILABLE),
    (NotVerified, "not-verified", HTTPStatus.CONFLICT),
    (SignerUnavailable, "signer-unavailable", HTTPStatus.SERVICE_UNAVAILABLE),
    (Unreachable, "neighbour-unreachable", HTTPStatus.BAD_GATEWAY),
    # What is left comes from the data folder's key and secret files (durable, keys, secrets).
    (PortshiftError, "storage-unavailable", HTTPStatus.SERVICE_UNAVAILABLE),
)
_NAMES = {
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
    HTTPStatus.REQUEST_TIMEOUT: "too-slow",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported-encoding",
}


class RefusedBody(PortshiftError):
    """A request body that is too large, too slow, encoded or cut off; ``status`` says which."""

    def __init__(self, problem: str, *, status: HTTPStatus, cure: str | None = None) -> None:
        super().__init__(problem, cure=cure)
        self.status = status


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error, also those of the framework, as a problem document."""
    app.add_exception_handler(PortshiftError, _portshift_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_parameters)
    app.add_exception_handler(Exception, _unexpected)


def problem(
    name: str,
    status: HTTPStatus,
    detail: str,
    *,
    cure: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem document; ``name`` is the stable part of its type."""
    body: dict[str, Any] = {
        "type": f"{_TYPE}{name}",
        "title": name.replace("-", " ").capitalize(),
        "status": status.value,
        "detail": detail,
    }
    if cure is not None:
        body["cure"] = cure
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def _portshift_error(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, RefusedBody):
        # What is left of the body is not read, so the connection cannot be used again.
        return problem(
            _NAMES.get(error.status, "invalid-request"),
            error.status,
            error.problem,
            cure=error.cure,
            headers={"Connection": "close"},
        )
    for kind, name, status in _PROBLEMS:
        if isinstance(error, kind):
            headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                _log.error("problem type=%s detail=%r", name, str(error))
            return problem(name, status, error.problem, cure=error.cure, headers=headers)
    return _unexpected(_request, error)


def _http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        return _unexpected(request, error)
    status = HTTPStatus(error.status_code)
    name = _NAMES.get(status, "invalid-request")
    detail = error.detail if error.detail != status.phrase else f"{status.phrase.lower()}: {request.url.path}"
    return problem(name, status, detail, cure="see /docs for what there is", headers=error.headers)


def _invalid_parameters(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        return _unexpected(_request, error)
    told = "; ".join(_told(each) for each in error.errors())
    return problem("invalid-request", HTTPStatus.BAD_REQUEST, told, cure="see /docs for the parameters")


def _told(error: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in error["loc"][1:])
    if error["type"] == "extra_forbidden":
        return f"found the query parameter {name!r}, which is unknown here"
    return f"{name}: {error['msg']}"


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _log.error("unexpected method=%s path=%r", request.method, request.url.path, exc_info=error)
    return problem(
        "internal",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "the bridge failed unexpectedly; nothing was kept",
        cure="see the bridge's log",
    )
