"""``/api/v1/status``: which bridge this is, and who the caller is to it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

import portshift
from portshift_bridge.api.requests import Caller, Refused, ServicesOf
from portshift_bridge.api.schemas import operation

router = APIRouter(prefix="/api/v1", tags=["status"])


@router.get("/status", dependencies=[Refused], **operation("Show bridge and caller", answer="Status"))
def status(services: ServicesOf, caller: Caller) -> JSONResponse:
    """For every role; a cheap way to try an access token."""
    return JSONResponse(
        {
            "version": portshift.__version__,
            "issuer": services.installation.issuer,
            "trustDomain": services.installation.trust_domain,
            "name": caller.name,
            "role": caller.role.value,
        }
    )
