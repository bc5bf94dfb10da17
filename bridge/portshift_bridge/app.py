"""The web application: routers, errors, counting, and what runs beside the requests."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import portshift
from portshift_bridge.api import (
    access,
    artifacts,
    audit,
    events,
    identities,
    oidc,
    public,
    registrations,
    registries,
    status,
)
from portshift_bridge.api.problems import add_problem_handlers, problem
from portshift_bridge.api.schemas import SCHEMAS
from portshift_bridge.errors import StorageUnavailable
from portshift_bridge.services import Services

PURGE_EVERY_SECONDS = 3_600
_log = logging.getLogger(__name__)


class BridgeApp(FastAPI):
    """FastAPI, with our messages in its OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """The document: every operation, every message, and the access token."""
        if self.openapi_schema is None:
            document = super().openapi()
            components = document.setdefault("components", {})
            components["schemas"] = dict(SCHEMAS)
            components["securitySchemes"] = {
                "accessToken": {"type": "http", "scheme": "bearer"},
                "webhookSecret": {"type": "apiKey", "in": "header", "name": "X-JFrog-Event-Auth"},
            }
        return self.openapi_schema or {}


def create_app(services: Services | None) -> FastAPI:
    """The application on these services; without any, it can only describe itself."""
    app = BridgeApp(
        title="portshift-bridge",
        version=portshift.__version__,
        description="Registers what is deployed, and signs an identity for each workload.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.services = services
    for module in (registrations, identities, artifacts, registries, events, access, oidc, audit, status):
        app.include_router(module.router)
    app.include_router(public.router)
    add_problem_handlers(app)
    if services is not None:
        app.add_middleware(_Counted, services=services)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    services.watcher.start()
    services.cataloguer.start()
    purging = asyncio.create_task(_purge_for_ever(services))
    try:
        yield
    finally:
        purging.cancel()
        with suppress(asyncio.CancelledError):
            await purging
        # Side by side: each waits some seconds for a registry that hangs.
        stops = (services.watcher.stop, services.cataloguer.stop)
        await asyncio.gather(*map(run_in_threadpool, stops))


async def _purge_for_ever(services: Services) -> None:
    while True:
        try:
            purged = await run_in_threadpool(services.purge)
            _log.info("purged registrations=%d", purged)
        except StorageUnavailable as error:
            _log.warning("purge failed cause=%r", str(error))
        await asyncio.sleep(PURGE_EVERY_SECONDS)


class _Counted:
    """Counts and logs each request under its route's template, never under text that a client chose."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.monotonic()
        status: int | None = None

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            # Only the end of the process cancels a request, when the time for running ones is over.
            if status is not None:
                raise
            await _ending()(scope, receive, noting)
        finally:
            self._note(scope, status or 500, time.monotonic() - start)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if route != "unmatched" else "any"
        self._services.metrics.answered(method=method, route=route, status=status, seconds=seconds)
        actor = scope.get("state", {}).get("actor", "-")
        _log.info(
            "request method=%s path=%r status=%d ms=%d actor=%s",
            scope["method"],
            scope["path"],
            status,
            seconds * 1_000,
            actor,
        )


def _ending() -> JSONResponse:
    return problem(
        "busy",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the bridge ends, and did not wait for this any longer; it may be done or not",
        cure="try again when it has started again",
        headers={"Connection": "close"},
    )
