"""``/api/v1/identities``: listing, showing, exporting, revoking and restoring."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import JSONResponse, Response

from portshift.core.errors import InvalidMessage
from portshift.core.wire import MAX_TEXT, planned_image_to_json, workload_to_json
from portshift_bridge.access import Role, require
from portshift_bridge.api.requests import (
    Caller,
    JsonBody,
    PageQuery,
    Refused,
    ServicesOf,
    answer_with_tag,
    json_object,
    page_after,
    page_answer,
)
from portshift_bridge.api.schemas import operation
from portshift_bridge.clock import rfc3339
from portshift_bridge.exporting import export_statement
from portshift_bridge.store.identities import IdentityFilter, Position
from portshift_bridge.store.records import KeptIdentity

router = APIRouter(prefix="/api/v1/identities", tags=["identities"])

READERS = (Role.VIEWER, Role.DEPLOYER, Role.ADMIN)
EFFECT = (
    "registrations, verify and lists follow this at once; no cluster does: pods that run go on running,"
    " and a cluster admits the token as before"
)


class IdentityQuery(PageQuery):
    """Filters of the list; each must be equal, all together."""

    namespace: str | None = Field(default=None, max_length=MAX_TEXT)
    name: str | None = Field(default=None, max_length=MAX_TEXT)
    kind: str | None = Field(default=None, max_length=MAX_TEXT)
    cluster: str | None = Field(default=None, max_length=MAX_TEXT)
    environment: str | None = Field(default=None, max_length=MAX_TEXT)
    status: Literal["active", "revoked"] | None = None
    digest: str | None = Field(
        default=None, max_length=MAX_TEXT, description="Of an image, as the token has it."
    )
    reference: str | None = Field(default=None, max_length=MAX_TEXT, description="Of an image, as planned.")


@router.get("", **operation("List identities, newest first", answer="Identities"))
def list_identities(
    services: ServicesOf, caller: Caller, query: Annotated[IdentityQuery, Query()]
) -> JSONResponse:
    """Pages by cursor: a page costs the same however deep it lies."""
    require(caller, *READERS)
    wanted = IdentityFilter(**{field.name: getattr(query, field.name) for field in fields(IdentityFilter)})
    parts = page_after(query, int, int)
    after = None if parts is None else Position(*parts)
    page = services.identities.page(wanted, after=after, limit=query.limit)
    last = (None,) if page.last is None else (page.last.issued_at, page.last.key)
    return page_answer(map(identity_to_json, page.items), *last)


@router.get("/{id}", dependencies=[Refused], **operation("Show an identity", answer="Identity"))
def show_identity(request: Request, services: ServicesOf, caller: Caller, id: str) -> Response:  # noqa: A002
    """``id`` may be a unique prefix of at least 8 digits."""
    require(caller, *READERS)
    return answer_with_tag(request, identity_to_json(services.identities.get(id)))


@router.get(
    "/{id}/statement",
    dependencies=[Refused],
    **operation("Export an identity as a signed in-toto Statement (DSSE)", answer="Envelope"),
)
def export_identity(services: ServicesOf, caller: Caller, id: str) -> JSONResponse:  # noqa: A002
    """The facts of the token, signed with the current key."""
    require(caller, *READERS)
    kept = services.identities.get(id)
    return JSONResponse(export_statement(kept, keys=services.keys, installation=services.installation))


@router.post(
    "/{id}/revoke",
    dependencies=[Refused],
    **operation("Revoke an identity", answer="Identity", body="Revocation"),
)
def revoke_identity(services: ServicesOf, caller: Caller, id: str, body: JsonBody) -> JSONResponse:  # noqa: A002
    """Until clusters have an admission check, this reaches the bridge, ``verify`` and lists only."""
    require(caller, Role.ADMIN)
    reason = json_object(body, fields=("reason",)).get("reason")
    if not isinstance(reason, str) or not reason.strip() or len(reason) > MAX_TEXT:
        raise InvalidMessage(f"reason: expected text of at most {MAX_TEXT} characters, for those it stops")
    kept = services.identities.revoke(id, reason=reason.strip(), actor=caller.name)
    return JSONResponse({**identity_to_json(kept), "effect": EFFECT})


@router.post(
    "/{id}/restore", dependencies=[Refused], **operation("Restore a revoked identity", answer="Identity")
)
def restore_identity(services: ServicesOf, caller: Caller, id: str) -> JSONResponse:  # noqa: A002
    """Its workload may be registered again, with the same token as ever."""
    require(caller, Role.ADMIN)
    kept = services.identities.restore(id, actor=caller.name)
    return JSONResponse({**identity_to_json(kept), "effect": EFFECT})


def identity_to_json(kept: KeptIdentity) -> dict[str, Any]:
    """An identity as every answer shows it."""
    revocation = kept.revocation
    return {
        "id": kept.id,
        "status": "active" if revocation is None else "revoked",
        "workload": {
            "cluster": kept.cluster,
            "environment": kept.environment,
            **workload_to_json(kept.workload),
        },
        "containers": [planned_image_to_json(image) for image in kept.images],
        "issuedAt": rfc3339(kept.issued_at),
        "signedBy": kept.signed_by,
        "lastRegisteredAt": rfc3339(kept.last_registered_at),
        "revokedAt": None if revocation is None else rfc3339(revocation.at),
        "revokedBy": None if revocation is None else revocation.by,
        "revokedReason": None if revocation is None else revocation.reason,
        "release": kept.release.to_json(),
        "intent": kept.intent.value,
        "token": kept.token,
    }
