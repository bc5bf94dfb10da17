"""``/api/v1/audit``: who changed what."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import JSONResponse

from portshift.core.wire import MAX_TEXT
from portshift_bridge.access import Role, require
from portshift_bridge.api.requests import Caller, PageQuery, ServicesOf, page_after, page_answer
from portshift_bridge.api.schemas import operation
from portshift_bridge.clock import rfc3339
from portshift_bridge.store.audit import AuditFilter, Change

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])


class AuditQuery(PageQuery):
    """Filters of the log; each must be equal, all together."""

    object: str | None = Field(default=None, max_length=MAX_TEXT, description="What was changed, by name.")
    action: str | None = Field(default=None, max_length=MAX_TEXT, description="Such as registry.update.")
    actor: str | None = Field(default=None, max_length=MAX_TEXT, description="Who changed it.")


@router.get("", **operation("List changes, newest first", answer="Changes"))
def list_changes(services: ServicesOf, caller: Caller, query: Annotated[AuditQuery, Query()]) -> JSONResponse:
    """Every change that an administrator or a setting made; no entry holds a secret."""
    require(caller, Role.VIEWER, Role.ADMIN)
    wanted = AuditFilter(object=query.object, action=query.action, actor=query.actor)
    (after,) = page_after(query, int) or (None,)
    page = services.audit.page(wanted, after=after, limit=query.limit)
    return page_answer((_to_json(number, change) for number, change in page.items), page.last)


def _to_json(number: int, change: Change) -> dict[str, Any]:
    return {
        "number": number,
        "at": rfc3339(change.at),
        "actor": change.actor,
        "action": change.action,
        "object": change.object,
        "detail": dict(change.detail),
    }
