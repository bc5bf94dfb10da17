"""``/api/v1/login/oidc`` for jobs, and ``/api/v1/access/trusts`` for the administrator who lets them in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from portshift.core.errors import InvalidMessage
from portshift_bridge.access import Role, require
from portshift_bridge.api.requests import (
    Caller,
    JsonBody,
    PageQuery,
    Refused,
    ServicesOf,
    SmallJsonBody,
    json_object,
    page_after,
    page_answer,
)
from portshift_bridge.api.schemas import operation
from portshift_bridge.clock import rfc3339
from portshift_bridge.oidc.trusts import FIELDS, Trust, parse_trust

router = APIRouter(prefix="/api/v1", tags=["access"])


@router.post(
    "/login/oidc",
    dependencies=[Refused],
    **operation(
        "Exchange a job's token for a short-lived access", answer="JobLogin", body="JobToken", public=True
    ),
)
def log_in(services: ServicesOf, body: SmallJsonBody) -> JSONResponse:
    """Needs no access token; the job's own proves who asks."""
    given = json_object(body, fields=("token", "trust"))
    token, trust = given.get("token"), given.get("trust")
    if not isinstance(token, str) or not isinstance(trust, str | None):
        raise InvalidMessage("token, trust: expected text in the first, and in the second where it is given")
    secret, session = services.exchange.log_in(token, trust=trust)
    return JSONResponse(
        {
            "token": secret,
            "expiresAt": rfc3339(session.expires_at),
            "name": session.holder.name,
            "role": session.holder.role.value,
            "clusters": list(session.holder.clusters),
            "namespaces": list(session.holder.namespaces),
        },
        headers={"Cache-Control": "no-store"},
    )


@router.get("/access/trusts", **operation("List trusts in jobs, by name", answer="Trusts"))
def list_trusts(services: ServicesOf, caller: Caller, query: Annotated[PageQuery, Query()]) -> JSONResponse:
    """Whose jobs may log in, and as what."""
    require(caller, Role.ADMIN)
    (after,) = page_after(query, str) or (None,)
    page = services.trusts.page(after=after, limit=query.limit)
    return page_answer((_to_json(trust, created) for trust, created in page.items), page.last)


@router.post(
    "/access/trusts",
    dependencies=[Refused],
    **operation("Trust an issuer's jobs with these claims", answer="Trust", body="NewTrust", status=201),
)
def add_trust(services: ServicesOf, caller: Caller, body: JsonBody) -> JSONResponse:
    """Nothing is asked of the issuer before a job logs in."""
    require(caller, Role.ADMIN)
    new = parse_trust(json_object(body, fields=FIELDS))
    created = services.trusts.create(new, actor=caller.name)
    return JSONResponse(_to_json(new, created), status_code=201)


@router.get("/access/trusts/{name}", dependencies=[Refused], **operation("Show a trust", answer="Trust"))
def show_trust(services: ServicesOf, caller: Caller, name: str) -> JSONResponse:
    """One of the list."""
    require(caller, Role.ADMIN)
    return JSONResponse(_to_json(*services.trusts.get(name)))


@router.delete(
    "/access/trusts/{name}",
    dependencies=[Refused],
    **operation("Trust no longer, and end the sessions of its jobs", answer=None, status=204),
)
def remove_trust(services: ServicesOf, caller: Caller, name: str) -> Response:
    """At once."""
    require(caller, Role.ADMIN)
    services.trusts.delete(name, actor=caller.name)
    return Response(status_code=204)


def _to_json(trust: Trust, created: int) -> dict[str, Any]:
    return {**trust.to_json(), "createdAt": rfc3339(created)}
