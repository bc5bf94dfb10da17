"""Webhook subscriptions at the JFrog platform's event service, as an administrator.

A subscription has one domain and one handler, so a webhook is two of them (docs.jfrog.com, "Create Webhook
Subscription"). The documented answers: 201 for a new one, 204 for a replaced or removed one, 404 for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from portshift_bridge.errors import Conflict
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.errors import NotFound
from portshift_bridge.registries.session import Session

SUBSCRIPTIONS = "/event/api/v1/subscriptions"
EVENTS: Mapping[str, tuple[str, ...]] = {
    "docker": ("pushed", "deleted", "promoted"),
    "artifact_property": ("added", "deleted"),
}
# Artifactory's system.yaml: the first from JFrog's help, the second only quoted by others.
PRIVATE_NETWORK = (
    "event.webhooks.urlStrictPolicy: false (7.11 and later), or event.security.blacklist.enabled: false"
)
_REQUEST_SECONDS = 30.0
_ISSUER_CHARACTERS = 8


def subscription_keys(registry: str, *, issuer: str) -> tuple[str, ...]:
    """The keys of a registry's subscriptions, the same at each call and others for another bridge."""
    prefix = "".join(letter for letter in issuer if letter.isalnum())[:_ISSUER_CHARACTERS]
    return tuple(f"portshift-{prefix}-{registry}-{domain}" for domain in EVENTS)


def subscribe(session: Session, keys: tuple[str, ...], *, url: str, secret: str) -> None:
    """Have events sent to ``url``, signed with ``secret``; what the keys name already is replaced.

    Raises:
        LoginRefused, Forbidden: the session's login is none of an administrator.
        Conflict: the platform has no event service.
        Unreachable: it did not answer, or refuses the address.

    """
    for key, domain in zip(keys, EVENTS, strict=True):
        document = _subscription(key, domain, url=url, secret=secret)
        path = f"{SUBSCRIPTIONS}/{quote(key, safe='')}"
        try:
            if _exists(session, path):
                session.send("PUT", path, deadline=_deadline(), document=document)
            else:
                _create(session, document)
        except UnexpectedAnswer as error:
            raise UnexpectedAnswer(
                error.problem,
                cure=f"if {url} is in a private network, Artifactory's system.yaml has to allow it:"
                f" {PRIVATE_NETWORK}",
            ) from error


def unsubscribe(session: Session, keys: tuple[str, ...]) -> None:
    """Have no more events sent; nothing happens for a key that names none.

    Raises:
        LoginRefused, Forbidden, Unreachable: as for ``subscribe``.

    """
    for key in keys:
        path = f"{SUBSCRIPTIONS}/{quote(key, safe='')}"
        if _exists(session, path):
            session.send("DELETE", path, deadline=_deadline())


def _create(session: Session, document: Mapping[str, Any]) -> None:
    try:
        session.send("POST", SUBSCRIPTIONS, deadline=_deadline(), document=document)
    except NotFound as error:
        raise Conflict(
            f"this Artifactory has no webhooks ({error.problem}), expected version 7.6 or later",
            cure="do without: the poller finds what changes within the setting poll_seconds",
        ) from error


def _exists(session: Session, path: str) -> bool:
    try:
        session.get(path, deadline=_deadline())
    except NotFound:
        return False
    return True


def _subscription(key: str, domain: str, *, url: str, secret: str) -> dict[str, Any]:
    criteria: dict[str, Any] = {
        "anyLocal": True,
        "anyRemote": True,
        "anyFederated": True,
        "repoKeys": [],
        "includePatterns": [],
        "excludePatterns": [],
    }
    handler = {
        "handler_type": "webhook",
        "url": url,
        "secret": secret,
        "use_secret_for_signing": True,
        "custom_http_headers": [],
    }
    return {
        "key": key,
        "description": "portshift: what is pushed is known before it is deployed",
        "enabled": True,
        "event_filter": {"domain": domain, "event_types": list(EVENTS[domain]), "criteria": criteria},
        "handlers": [handler],
    }


def _deadline() -> Deadline:
    return Deadline.after(_REQUEST_SECONDS)
