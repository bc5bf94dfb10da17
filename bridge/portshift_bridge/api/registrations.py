"""``/api/v1/registrations``: what Helm tells the bridge before a deployment."""

from __future__ import annotations

import logging

from fastapi import APIRouter
from starlette.responses import JSONResponse

from portshift.core.wire import Outcome, RegistrationRequest
from portshift_bridge.access import Role, require
from portshift_bridge.api.requests import Caller, JsonBody, Refused, ServicesOf
from portshift_bridge.api.schemas import operation

router = APIRouter(prefix="/api/v1/registrations", tags=["registrations"])
_log = logging.getLogger(__name__)


@router.post(
    "",
    dependencies=[Refused],
    **operation(
        "Register a rendering: find its images, sign an identity for each workload",
        answer="RegistrationResponse",
        body="RegistrationRequest",
    ),
)
def register(services: ServicesOf, caller: Caller, body: JsonBody) -> JSONResponse:
    """Scope is checked before an image is looked up; one revoked identity refuses the whole request."""
    require(caller, Role.DEPLOYER, Role.ADMIN)
    request = RegistrationRequest.from_json(body)
    response = services.registrar.register(request, caller=caller)
    services.metrics.registered(request.intent)
    services.cataloguer.note(
        result.image
        for workload in response.workloads
        for result in workload.images
        if result.outcome is Outcome.RESOLVED
    )
    _log.info(
        "registered id=%s actor=%s intent=%s workloads=%d",
        response.registration,
        caller.name,
        request.intent,
        len(request.workloads),
    )
    return JSONResponse(response.to_json())
