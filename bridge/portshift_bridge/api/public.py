"""What everybody may read: keys, health, metrics, and the API's own description."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from portshift_bridge.api.docs import documentation_page
from portshift_bridge.api.requests import Refused, ServicesOf, answer_with_tag
from portshift_bridge.api.schemas import operation
from portshift_bridge.metrics import CONTENT_TYPE

router = APIRouter(tags=["public"], dependencies=[Refused])


@router.get(
    "/.well-known/jwks.json",
    **operation("Show the public keys that tokens are verified with", answer="KeySet", public=True),
)
def jwks(request: Request, services: ServicesOf) -> Response:
    """Signing and verifying keys, without distrusted ones."""
    return answer_with_tag(request, services.keys.jwks())


@router.get("/healthz", **operation("Tell whether the process runs", answer="Health", public=True))
async def healthz() -> JSONResponse:
    """Needs nothing but the process."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", **operation("Tell whether database and keys answer", answer="Health", public=True))
def readyz(services: ServicesOf) -> JSONResponse:
    """503 with the cause when one does not."""
    services.check_ready()
    return JSONResponse({"status": "ready"})


@router.get("/metrics", include_in_schema=False)
def metrics(services: ServicesOf) -> Response:
    """Prometheus' text format."""
    return Response(services.metrics.exposition(), media_type=CONTENT_TYPE)


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    """The OpenAPI document."""
    return JSONResponse(request.app.openapi())


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """The OpenAPI document as a page, without scripts and without another host."""
    return HTMLResponse(documentation_page(request.app.openapi()))
