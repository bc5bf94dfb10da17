"""``/api/v1/registries``: the connected Artifactories. A login's secret comes in and never goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

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
    page_after,
    page_answer,
    read_admin_token,
)
from portshift_bridge.api.schemas import operation
from portshift_bridge.registries.model import Login, ProxyLogin, Registry, UnavailableLogin
from portshift_bridge.registries.testing.checks import passed
from portshift_bridge.services import Services
from portshift_bridge.store.registries import ConnectedRegistry

router = APIRouter(prefix="/api/v1/registries", tags=["registries"])

_CHANGEABLE = ("url", "insecure", "ca", "proxy", "hosts", "mirrors", "repositories", "login", "proxyLogin")


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
    (after,) = page_after(query, str) or (None,)
    page = services.registries.page(after=after, limit=query.limit)
    return page_answer(map(_to_json, page.items), page.last)


@router.post(
    "",
    dependencies=[Refused],
    **operation("Connect a registry", answer="Registry", body="NewRegistry", status=201),
)
def add_registry(services: ServicesOf, caller: Caller, body: JsonBody) -> JSONResponse:
    """Nothing is asked of the registry here; test it first or afterwards."""
    require(caller, Role.ADMIN)
    registry, login = _read(body)
    services.registries.create(registry, login, actor=caller.name)
    services.watcher.look()
    return JSONResponse(_to_json(ConnectedRegistry(registry, login)), status_code=201)


@router.post(
    "/test",
    dependencies=[Refused],
    **operation("Test a registry before connecting it", answer="ConnectionTest", body="NewRegistry"),
)
def test_new_registry(services: ServicesOf, caller: Caller, body: JsonBody) -> JSONResponse:
    """Asks the registry, keeps nothing."""
    require(caller, Role.ADMIN)
    return _tested(services, ConnectedRegistry(*_read(body)))


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
    services.watcher.look()
    return JSONResponse(_to_json(after))


@router.delete("/{name}", **operation("Disconnect a registry and forget its login", answer="Removal"))
def remove_registry(
    services: ServicesOf, caller: Caller, name: str, query: Annotated[RemovalQuery, Query()]
) -> JSONResponse:
    """Refused while identities name its artifacts, unless forced. Its webhook stays in Artifactory."""
    require(caller, Role.ADMIN)
    return _removed(services, name, force=query.force, actor=caller.name)


@router.post(
    "/{name}/removal",
    dependencies=[Refused],
    **operation("Disconnect a registry and remove its webhook", answer="Removal", body="RegistryRemoval"),
)
def remove_registry_with_webhook(
    services: ServicesOf, caller: Caller, name: str, body: JsonBody
) -> JSONResponse:
    """Refused as DELETE is, before the webhook is touched; the administrator's token is not kept."""
    require(caller, Role.ADMIN)
    given = json_object(body, fields=("adminToken", "force"))
    force = given.get("force", False)
    if not isinstance(force, bool):
        raise InvalidMessage(f"force: found {force!r}, expected true or false")
    admin_token = read_admin_token(given)
    services.registries.require_removable(name, force=force)
    services.webhooks.remove(services.registries.get(name), admin_token=admin_token, actor=caller.name)
    return _removed(services, name, force=force, actor=caller.name)


@router.post(
    "/{name}/test",
    dependencies=[Refused],
    **operation("Test a connected registry", answer="ConnectionTest"),
)
def test_registry(services: ServicesOf, caller: Caller, name: str) -> JSONResponse:
    """Each check with its cause and cure."""
    require(caller, Role.ADMIN)
    return _tested(services, services.registries.get(name))


def _removed(services: Services, name: str, *, force: bool, actor: str) -> JSONResponse:
    removed = services.registries.delete(name, force=force, actor=actor)
    services.watcher.look()
    return JSONResponse(
        {
            "name": name,
            "identities": removed.identities,
            "paths": removed.paths,
            "secretsLeft": list(removed.secrets_left),
        }
    )


def _read(body: object) -> tuple[Registry, Login]:
    given = json_object(body, fields=("name", *_CHANGEABLE))
    registry = Registry.from_json(given)
    login = replace(Login.from_json(given.get("login") or {}), proxy=_proxy_login(given))
    _require_proxy(registry, login)
    return registry, login


def _proxy_login(given: Mapping[str, Any]) -> ProxyLogin | None:
    return None if given.get("proxyLogin") is None else ProxyLogin.from_json(given["proxyLogin"])


def _require_proxy(registry: Registry, login: Login | UnavailableLogin) -> None:
    if registry.proxy is None and isinstance(login, Login) and login.proxy is not None:
        raise InvalidMessage("proxyLogin: found a login and no proxy", cure="give the proxy's address too")


def _changed(before: ConnectedRegistry, given: Mapping[str, Any]) -> ConnectedRegistry:
    fields = {**before.registry.to_json(), **given}
    registry = Registry.from_json({name: value for name, value in fields.items() if value is not None})
    login = _changed_login(before, registry, given)
    _require_proxy(registry, login)
    return ConnectedRegistry(registry, login)


def _changed_login(
    before: ConnectedRegistry, registry: Registry, given: Mapping[str, Any]
) -> Login | UnavailableLogin:
    """The login after a change; a secret that is stored never follows to another host."""
    if isinstance(before.login, UnavailableLogin):
        return _login_instead(before.login, given)
    login = before.login
    if "login" in given:
        login = replace(Login.from_json(given["login"] or {}), proxy=login.proxy)
    elif login.secret is not None and _moved(before.registry.url, registry.url):
        raise _follows_nowhere("url", "login")
    if "proxyLogin" in given or registry.proxy is None:
        login = replace(login, proxy=_proxy_login(given))
    elif login.proxy is not None and _moved(before.registry.proxy, registry.proxy):
        raise _follows_nowhere("proxy", "proxyLogin")
    return login


def _login_instead(unavailable: UnavailableLogin, given: Mapping[str, Any]) -> Login | UnavailableLogin:
    """What takes the place of a login that cannot be had, so that nobody knows which secrets it holds."""
    if "login" in given:
        return replace(Login.from_json(given["login"] or {}), proxy=_proxy_login(given))
    for field in ("url", "proxy", "proxyLogin"):
        if field in given:
            raise InvalidMessage(
                f"{field}: the registry's login is unavailable ({unavailable.problem})",
                cure="give the login too, or bring the secret store back first",
            )
    return unavailable


def _moved(before: str | None, after: str | None) -> bool:
    return urlsplit(before or "").netloc != urlsplit(after or "").netloc


def _follows_nowhere(address: str, login: str) -> InvalidMessage:
    return InvalidMessage(
        f"{address}: found another host and no {login}; the stored secret is not sent to another host",
        cure=f"give the {login} with the new {address}",
    )


def _tested(services: Services, connected: ConnectedRegistry) -> JSONResponse:
    checks = services.test_connection(connected)
    status = "passed" if passed(checks) else "failed"
    return JSONResponse({"checks": [check.to_json() for check in checks], "status": status})


def _to_json(connected: ConnectedRegistry) -> dict[str, Any]:
    login = connected.login
    proxy = login.proxy if isinstance(login, Login) else None
    return {
        **connected.registry.to_json(),
        "login": _login_to_json(login),
        "proxyLogin": None if proxy is None else {"username": proxy.username},
    }


def _login_to_json(login: Login | UnavailableLogin) -> dict[str, Any]:
    if isinstance(login, Login):
        return {**login.to_json(), "state": "available", "problem": None, "cure": None}
    unknown = {"kind": None, "username": None}
    return {**unknown, "state": login.state.value, "problem": login.problem, "cure": login.cure}
