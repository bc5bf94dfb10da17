"""Webhook subscriptions: what an administrator may subscribe, and which events each takes (facts §2)."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.standin.answers import Refusal
from tests.standin.delivery import Delivery
from tests.standin.model import Event, Repository
from tests.standin.patterns import path_matches
from tests.standin.switches import Switches

KINDS = {
    "artifact": {"deployed", "deleted", "moved", "copied", "cached"},
    "artifact_property": {"added", "deleted"},
    "docker": {"pushed", "deleted", "promoted"},
    "build": {"uploaded", "deleted", "promoted"},
}
INVALID = "Validation Error - unable to validate subscription"
_KEY = re.compile(r"[^\s/\\:|?*\"<>]{2,200}\Z")


def checked(document: object, *, strict_urls: bool) -> dict[str, Any]:
    """A subscription as it may be stored.

    Raises:
        Refusal: 400 for what is no subscription; with ``strict_urls`` also for a target in a private network
            (jfrog.com, how-to-disable-artifactory-webhook-validation).

    """
    if not isinstance(document, dict) or not _KEY.match(str(document.get("key", ""))):
        raise Refusal(400, f"{INVALID}: key")
    _check_filter(document.get("event_filter"))
    handlers = document.get("handlers")
    if not isinstance(handlers, list) or not handlers:
        raise Refusal(400, f"{INVALID}: handlers")
    for handler in handlers:
        _check_handler(handler, strict_urls=strict_urls)
    return {"description": "", "enabled": True, **document}


def _check_filter(wanted: object) -> None:
    if not isinstance(wanted, dict) or str(wanted.get("domain")) not in KINDS:
        raise Refusal(400, f"{INVALID}: domain")
    kinds = wanted.get("event_types")
    if not isinstance(kinds, list) or not kinds or not set(map(str, kinds)) <= KINDS[str(wanted["domain"])]:
        raise Refusal(400, f"{INVALID}: event_types")
    criteria = wanted.get("criteria", {})
    lists = ("repoKeys", "includePatterns", "excludePatterns")
    if not isinstance(criteria, dict) or not all(isinstance(criteria.get(name, []), list) for name in lists):
        raise Refusal(400, f"{INVALID}: criteria")


def _check_handler(handler: object, *, strict_urls: bool) -> None:
    if not isinstance(handler, dict) or handler.get("handler_type") != "webhook":
        raise Refusal(400, f"{INVALID}: handler_type")
    try:
        parts = urlsplit(str(handler.get("url", "")))
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise Refusal(400, f"{INVALID}: {error}") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise Refusal(400, f"{INVALID}: url")
    if strict_urls and _is_private(host):
        raise Refusal(400, INVALID)
    headers = handler.get("custom_http_headers") or []
    if not isinstance(headers, list) or not all(isinstance(one, dict) and "name" in one for one in headers):
        raise Refusal(400, f"{INVALID}: custom_http_headers")


def _is_private(host: str) -> bool:
    """An address of a private network or of this machine; names are not resolved but for localhost."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def takes(document: Mapping[str, Any], event: Event, repository: Repository | None) -> bool:
    """Whether a subscription asks for an event in that repository."""
    wanted = document["event_filter"]
    if not document["enabled"] or wanted["domain"] != event.domain or event.kind not in wanted["event_types"]:
        return False
    criteria = wanted.get("criteria", {})
    rclass = repository.rclass if repository else "local"
    by_class = criteria.get({"local": "anyLocal", "remote": "anyRemote"}.get(rclass, "anyFederated"))
    own_keys = {event.repo, repository.key if repository else event.repo}
    if not by_class and not own_keys & {str(key) for key in criteria.get("repoKeys") or ()}:
        return False
    included = criteria.get("includePatterns") or ["**"]
    excluded = criteria.get("excludePatterns") or []
    return _matches(included, event.path) and not _matches(excluded, event.path)


def _matches(patterns: list[Any], path: str) -> bool:
    return any(path_matches(str(pattern), path) for pattern in patterns)


def deliveries(
    document: Mapping[str, Any], event: Event, switches: Switches, *, origin: str
) -> list[Delivery]:
    """One delivery for each handler; with a secret it carries ``X-JFrog-Event-Auth``."""
    body = json.dumps(
        {
            "domain": event.domain,
            "event_type": event.kind,
            "data": event.data,
            "subscription_key": document["key"],
            "jpd_origin": origin,
            "source": f"jfrog/{event.user}",
        }
    ).encode()
    return [
        Delivery(document["key"], handler["url"], body, _headers(handler, body, switches))
        for handler in document["handlers"]
    ]


def _headers(handler: Mapping[str, Any], body: bytes, switches: Switches) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": "JFrog Event/7.x"}
    for extra in handler.get("custom_http_headers") or ():
        headers[str(extra["name"])] = str(extra.get("value", ""))
    secret = str(handler.get("secret") or "")
    if secret and handler.get("use_secret_for_signing"):
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers["X-JFrog-Event-Auth"] = f"{switches.webhook_signature_prefix}{signature}"
    elif secret:
        headers["X-JFrog-Event-Auth"] = secret
    return headers
