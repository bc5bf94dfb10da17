"""``/api/v1/access``: who may talk to the bridge; administrators only."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from portshift_bridge.access import Access, Role, new_token, parse_access, require
from portshift_bridge.api.requests import (
    Caller,
    JsonBody,
    PageQuery,
    Refused,
    ServicesOf,
    json_object,
    page_after,
    page_answer,
)
from portshift_bridge.api.schemas import operation
from portshift_bridge.clock import rfc3339

router = APIRouter(prefix="/api/v1/access", tags=["access"])

_FIELDS = ("name", "role", "clusters", "namespaces")


@router.get("", **operation("List accesses, by name", answer="Accesses"))
def list_access(services: ServicesOf, caller: Caller, query: Annotated[PageQuery, Query()]) -> JSONResponse:
    """Names, roles and scopes; tokens are not kept."""
    require(caller, Role.ADMIN)
    (after,) = page_after(query, str) or (None,)
    page = services.access.page(after=after, limit=query.limit)
    items = ({**_to_json(item), "createdAt": rfc3339(created)} for item, created in page.items)
    return page_answer(items, page.last)


@router.post(
    "",
    dependencies=[Refused],
    **operation(
        "Create an access; its token is shown this once", answer="CreatedAccess", body="NewAccess", status=201
    ),
)
def create_access(services: ServicesOf, caller: Caller, body: JsonBody) -> JSONResponse:
    """Only the token's hash is kept."""
    require(caller, Role.ADMIN)
    given = json_object(body, fields=_FIELDS)
    new = parse_access(**{field: given.get(field) for field in _FIELDS})
    token = new_token()
    services.access.create(new, token=token, actor=caller.name)
    return JSONResponse({**_to_json(new), "token": token}, status_code=201)


@router.delete("/{name}", dependencies=[Refused], **operation("Revoke an access", answer=None, status=204))
def delete_access(services: ServicesOf, caller: Caller, name: str) -> Response:
    """The last administrator cannot be deleted."""
    require(caller, Role.ADMIN)
    services.access.delete(name, actor=caller.name)
    return Response(status_code=204)


def _to_json(access: Access) -> dict[str, Any]:
    return {
        "name": access.name,
        "role": access.role.value,
        "clusters": list(access.clusters),
        "namespaces": list(access.namespaces),
    }
