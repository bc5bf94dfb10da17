"""``/api/v1/registries``: the connected Artifactories. A login's secret comes in and never goes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from portshift.core.errors import InvalidMessage
from portshift_bridge.access import Role, require
from portshift_bridge.api.identities import READERS
from portshift_bridge.api.requests import (
    Caller,
    JsonBody,
    PageQuery,
    Refused,
    ServicesOf,
    json_object,
    read_cursor,
    write_cursor,
)
from portshift_bridge.api.schemas import operation
from portshift_bridge.registries.connection import Check
from portshift_bridge.registries.model import Login, Registry
from portshift_bridge.services import Services
from portshift_bridge.store.registries import ConnectedRegistry

router = APIRouter(prefix="/api/v1/registries", tags=["registries"])

_CHANGEABLE = ("url", "insecure", "ca", "hosts", "mirrors", "repositories", "login")


class RemovalQuery(BaseModel):
    """Query of a removal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    force: bool = Field(default=False, description="Also when identities name its artifacts.")


@router.get("", **operation("List registries, by name", answer="Registries"))
def list_registries(
    services: ServicesOf, caller: Caller, query: Annotated[PageQuery, Query()]
) -> JSONResponse:
    """Logins without their secrets."""
    require(caller, *READERS)
    after = read_cursor(query.cursor, kinds=(str,))[0] if query.cursor is not None else None
    page = services.registries.page(after=after, limit=query.limit)
    following = None if page.last is None else write_cursor(page.last)
    return JSONResponse({"items": [_to_json(item) for item in page.items], "next": following})


@router.post(
    "",
    dependencies=[Refused],
    **operation("Connect a registry", answer="Registry", body="NewRegistry", status=201),
)
def add_registry(services: ServicesOf, caller: Caller, body: JsonBody) -> JSONResponse:
    """Nothing is asked of the registry here; test it first or afterwards."""
    require(caller, Role.ADMIN)
    new = _read(body)
    services.registries.create(new, actor=caller.name)
    return JSONResponse(_to_json(new), status_code=201)


@router.post(
    "/test",
    dependencies=[Refused],
    **operation("Test a registry before connecting it", answer="ConnectionTest", body="NewRegistry"),
)
def test_new_registry(services: ServicesOf, caller: Caller, body: JsonBody) -> JSONResponse:
    """Asks the registry, keeps nothing."""
    require(caller, Role.ADMIN)
    return _tested(services, _read(body))


@router.get("/{name}", dependencies=[Refused], **operation("Show a registry", answer="Registry"))
def show_registry(services: ServicesOf, caller: Caller, name: str) -> JSONResponse:
    """Its login without the secret."""
    require(caller, *READERS)
    return JSONResponse(_to_json(services.registries.get(name)))


@router.patch(
    "/{name}",
    dependencies=[Refused],
    **operation("Change a registry", answer="Registry", body="RegistryChange"),
)
def change_registry(services: ServicesOf, caller: Caller, name: str, body: JsonBody) -> JSONResponse:
    """Fields that are given replace what is there; null puts back the default (RFC 7396)."""
    require(caller, Role.ADMIN)
    given = json_object(body, fields=_CHANGEABLE)
    after = services.registries.update(name, lambda before: _changed(before, given), actor=caller.name)
    return JSONResponse(_to_json(after))


@router.delete("/{name}", **operation("Disconnect a registry and forget its login", answer=None, status=204))
def remove_registry(
    services: ServicesOf, caller: Caller, name: str, query: Annotated[RemovalQuery, Query()]
) -> Response:
    """Refused while identities name its artifacts, unless forced."""
    require(caller, Role.ADMIN)
    services.registries.delete(name, force=query.force, actor=caller.name)
    return Response(status_code=204)


@router.post(
    "/{name}/test",
    dependencies=[Refused],
    **operation("Test a connected registry", answer="ConnectionTest"),
)
def test_registry(services: ServicesOf, caller: Caller, name: str) -> JSONResponse:
    """Each check with its cause and cure."""
    require(caller, Role.ADMIN)
    return _tested(services, services.registries.get(name))


def _read(body: object) -> ConnectedRegistry:
    given = json_object(body, fields=("name", *_CHANGEABLE))
    return ConnectedRegistry(Registry.from_json(given), Login.from_json(given.get("login") or {}))


def _changed(before: ConnectedRegistry, given: Mapping[str, Any]) -> ConnectedRegistry:
    fields = {**before.registry.to_json(), **given}
    registry = Registry.from_json({name: value for name, value in fields.items() if value is not None})
    if "login" in given:
        return ConnectedRegistry(registry, Login.from_json(given["login"] or {}))
    if urlsplit(registry.url).netloc != urlsplit(before.registry.url).netloc and before.login.secret:
        raise InvalidMessage(
            "url: found another host and no login; the stored secret is not sent to another host",
            cure="give the login with the new URL",
        )
    return ConnectedRegistry(registry, before.login)


def _tested(services: Services, connected: ConnectedRegistry) -> JSONResponse:
    checks = services.test_connection(connected)
    failed = any(check.status == "failed" for check in checks)
    return JSONResponse(
        {"checks": [_check_to_json(check) for check in checks], "status": "failed" if failed else "passed"}
    )


def _check_to_json(check: Check) -> dict[str, Any]:
    return {"name": check.name, "status": check.status, "cause": check.cause, "cure": check.cure}


def _to_json(connected: ConnectedRegistry) -> dict[str, Any]:
    return {**connected.registry.to_json(), "login": connected.login.to_json()}
