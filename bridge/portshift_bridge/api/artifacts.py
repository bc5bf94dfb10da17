"""``/api/v1/artifacts``: what the connected registries hold, from the catalogue, and one artifact live."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import JSONResponse

from portshift.core.errors import Unreachable
from portshift.core.wire import MAX_TEXT, Outcome
from portshift_bridge.access import require
from portshift_bridge.api.artifact_json import listed_to_json, shown_to_json
from portshift_bridge.api.identities import READERS
from portshift_bridge.api.requests import Caller, PageQuery, Refused, ServicesOf, page_after, page_answer
from portshift_bridge.api.schemas import operation
from portshift_bridge.errors import NotFound
from portshift_bridge.services import Services
from portshift_bridge.store.artifact_lists import ArtifactFilter, Position, is_prefix

router = APIRouter(prefix="/api/v1/artifacts", tags=["artifacts"])


class ArtifactQuery(PageQuery):
    """Filters of the list; all of them must hold of one place of the artifact."""

    registry: str | None = Field(default=None, max_length=MAX_TEXT)
    repository: str | None = Field(
        default=None, max_length=MAX_TEXT, description="Where it is stored: no virtual."
    )
    image: str | None = Field(default=None, max_length=MAX_TEXT, description="Path inside the repository.")
    tag: str | None = Field(default=None, max_length=MAX_TEXT)
    digest: str | None = Field(default=None, max_length=MAX_TEXT, description="Or the beginning of one.")
    build: str | None = Field(default=None, max_length=MAX_TEXT, description="NAME or NAME/NUMBER.")


@router.get("", **operation("List artifacts, those seen last first", answer="Artifacts"))
def list_artifacts(
    services: ServicesOf, caller: Caller, query: Annotated[ArtifactQuery, Query()]
) -> JSONResponse:
    """From the catalogue: no registry is asked."""
    require(caller, *READERS)
    wanted = ArtifactFilter(**{field.name: getattr(query, field.name) for field in fields(ArtifactFilter)})
    parts = page_after(query, int, int)
    after = None if parts is None else Position(*parts)
    page = services.artifact_lists.page(wanted, after=after, limit=query.limit)
    last = (None,) if page.last is None else (page.last.first_seen_at, page.last.key)
    return page_answer(map(listed_to_json, page.items), *last)


@router.get(
    "/{artifact:path}",
    dependencies=[Refused],
    **operation("Show everything about an artifact, asked of every registry now", answer="Artifact"),
)
def show_artifact(services: ServicesOf, caller: Caller, artifact: str) -> JSONResponse:
    """By digest, by 8 digits or more of a known one, or by image reference, within about 20 seconds."""
    require(caller, *READERS)
    return JSONResponse(shown_to_json(services.inspector.show(_digest(services, artifact))))


def _digest(services: Services, text: str) -> str:
    if is_prefix(text):
        return services.artifact_lists.digest(text)
    found = services.registrar.resolver.resolve([text])[text]
    if found.outcome is Outcome.RESOLVED and found.digest is not None:
        return found.digest
    told = f"{text[:200]}: {found.reason or found.outcome}"
    if not found.outcome.conclusive:
        raise Unreachable(told)
    # The reason of every other outcome ends with its own cure.
    invalid = found.outcome is Outcome.INVALID
    forms = "give a digest, 8 digits or more of a known one, or an image reference"
    raise NotFound(told, cure=forms if invalid else None)
