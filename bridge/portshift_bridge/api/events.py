"""``/api/v1/registries/{name}``: the events of a registry, its webhook, and how far it was read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from portshift_bridge.access import Role, require
from portshift_bridge.api.identities import READERS
from portshift_bridge.api.requests import (
    Caller,
    JsonBody,
    Refused,
    ServicesOf,
    json_object,
    read_admin_token,
    read_body,
    read_text,
)
from portshift_bridge.api.schemas import operation
from portshift_bridge.clock import rfc3339, rfc3339_or_none
from portshift_bridge.registries.subscriptions import PRIVATE_NETWORK
from portshift_bridge.watching.events import AUTHENTICATION_HEADER
from portshift_bridge.watching.webhooks import Webhook

router = APIRouter(prefix="/api/v1/registries", tags=["registries"])

MAX_EVENT = 1024 * 1024


async def _event(request: Request) -> bytes:
    return await read_body(request, limit=MAX_EVENT)


_EVENT = operation("Take in an event of a registry", answer=None, body="Event", status=202, public=True)
_EVENT["openapi_extra"]["security"] = [{"webhookSecret": []}]


@router.post("/{name}/events", dependencies=[Refused], **_EVENT)
async def receive_event(
    request: Request, services: ServicesOf, name: str, body: Annotated[bytes, Depends(_event)]
) -> Response:
    """Authenticated by the webhook's secret, in the numbered steps of docs/how-to/webhooks.md.

    1. The body is read, up to 1 MiB and for as long as any request's.
    2. ``X-JFrog-Event-Auth`` must hold the webhook's secret, or the body's HMAC-SHA256 under it in
       hexadecimal digits, with or without ``sha256=``. Both are compared in constant time. An unknown
       registry is compared with a secret that nobody has: the answer is the same 401.
    3. The body must be a JSON object, else 400.
    4. The places that the event names are noted. Unknown domains and types name none; events of
       ``portshift.*`` properties are the bridge's own doing. Nothing else of the event is used.
    5. The answer is 202, before any place is read. When too many wait, the poller will find them.
    """
    request.state.actor = "webhook"
    authentication = request.headers.get(AUTHENTICATION_HEADER, "")
    services.watcher.receive(name, authentication=authentication, body=body)
    return Response(status_code=202)


@router.put(
    "/{name}/webhook",
    dependencies=[Refused],
    **operation("Have a registry send its events", answer="Webhook", body="NewWebhook"),
)
def create_webhook(services: ServicesOf, caller: Caller, name: str, body: JsonBody) -> JSONResponse:
    """The administrator's token is used for this once, and neither kept nor logged."""
    require(caller, Role.ADMIN)
    given = json_object(body, fields=("adminToken", "url"))
    webhook = services.webhooks.create(
        services.registries.get(name),
        admin_token=read_admin_token(given),
        url=read_text(given, "url"),
        actor=caller.name,
    )
    return JSONResponse({**_webhook(webhook), "privateNetwork": PRIVATE_NETWORK})


@router.post(
    "/{name}/webhook/removal",
    dependencies=[Refused],
    **operation("Have a registry send no more events", answer=None, body="WebhookRemoval", status=204),
)
def remove_webhook(services: ServicesOf, caller: Caller, name: str, body: JsonBody) -> Response:
    """A POST, because the administrator's token is in the body."""
    require(caller, Role.ADMIN)
    given = json_object(body, fields=("adminToken",))
    connected = services.registries.get(name)
    services.webhooks.remove(connected, admin_token=read_admin_token(given), actor=caller.name)
    return Response(status_code=204)


@router.get(
    "/{name}/watch",
    dependencies=[Refused],
    **operation("Tell how far a registry was read", answer="Watch"),
)
def show_watch(services: ServicesOf, caller: Caller, name: str) -> JSONResponse:
    """The webhook, the poller and the last comparison of paths, with the last problem."""
    require(caller, *READERS)
    webhook = services.webhooks.get(services.registries.get(name))
    progress = services.progress.get(name)
    return JSONResponse(
        {
            "webhook": None if webhook is None else _webhook(webhook),
            "lastEventAt": rfc3339_or_none(progress.event_at),
            "polledAt": rfc3339_or_none(progress.polled_at),
            "readUntil": rfc3339_or_none(progress.modified_until),
            "comparedAt": rfc3339_or_none(progress.compared_at),
            "problem": progress.problem,
        }
    )


def _webhook(webhook: Webhook) -> dict[str, Any]:
    return {
        "url": webhook.url,
        "createdAt": rfc3339(webhook.created_at),
        "keys": list(webhook.keys),
        "registryUrl": webhook.registry_url,
        "problem": webhook.problem,
        "cure": webhook.cure,
    }
