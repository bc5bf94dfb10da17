"""Artifactory's events: whether one is authentic, and which places it hints at. Pure.

An event is a hint and never believed: whatever it says, all that follows is that the bridge reads a place
again with its own login. Forms: jfrog.com/help, "Domain: Docker" and docs.jfrog.com, "Event Types"; the
signature: docs.jfrog.com, "Verify Webhook Payload", and akuity/kargo's receiver, which checks the same.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from portshift.core.errors import InvalidMessage
from portshift_bridge.registries.aql import MANIFEST, MANIFEST_LIST

AUTHENTICATION_HEADER = "X-JFrog-Event-Auth"
OWN_PROPERTIES = "portshift."
_SIGNATURE_PREFIX = "sha256="
_MAX_PATH = 2_048
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
# Wider than Docker's grammar, but without the wildcards of AQL and without control characters.
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:+@=~-]{0,255}\Z")
_FILES = (MANIFEST, MANIFEST_LIST)
_LAYER = "sha256__"


class Kind(StrEnum):
    """What to do about a hint: read the folder of a tag again, or compare all paths of an image."""

    READ = "read"
    COMPARE = "compare"


@dataclass(frozen=True)
class Hint:
    """A place to look at: ``path`` is a tag's folder for ``READ``, an image's for ``COMPARE``."""

    kind: Kind
    repository: str
    path: str


def authentic(header: str, body: bytes, secret: str) -> bool:
    """Whether the header holds the secret itself, or the body's HMAC-SHA256 in hexadecimal digits.

    Both are always compared, each in constant time. A prefix ``sha256=`` is taken too.
    """
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = header.strip().encode("utf-8", "surrogateescape")
    signed = given.removeprefix(_SIGNATURE_PREFIX.encode()).lower()
    plain = hmac.compare_digest(given, secret.encode())
    return hmac.compare_digest(signed, signature.encode()) | plain


def hints_of(body: bytes) -> frozenset[Hint]:
    """The places that an event names; none for one that says nothing of an image, or of our own properties.

    Raises:
        InvalidMessage: the body is no JSON object.

    """
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidMessage("the event is not JSON") from error
    if not isinstance(event, dict):
        raise InvalidMessage("found no object in the event, expected one")
    data = event.get("data")
    if not isinstance(data, dict):
        return frozenset()
    return frozenset(_hints(str(event.get("domain")), str(event.get("event_type")), data))


def _hints(domain: str, happened: str, data: Mapping[str, Any]) -> Iterator[Hint]:
    repository, folder = _text(data, "repo_key"), _folder(domain, data)
    if not _REPOSITORY.match(repository) or not _is_path(folder):
        return
    image, _, tag = folder.rpartition("/")
    if domain == "docker" and happened == "pushed":
        yield Hint(Kind.READ, repository, folder)
    elif domain == "docker" and happened == "deleted":
        yield Hint(Kind.COMPARE, repository, image)
    elif domain == "docker" and happened == "promoted":
        # A promotion that moves leaves its source without the tag.
        yield Hint(Kind.COMPARE, repository, image)
        target = _text(data, "target_repo") or repository
        promoted = f"{image}/{_text(data, 'target_tag') or tag}"
        if _REPOSITORY.match(target) and _is_path(promoted):
            yield Hint(Kind.READ, target, promoted)
    elif domain == "artifact_property" and happened in {"added", "deleted"} and not _is_own(data):
        yield Hint(Kind.READ, repository, folder)


def _is_own(data: Mapping[str, Any]) -> bool:
    """Whether the event tells of a property that portshift itself writes."""
    return _text(data, "property_key").startswith(OWN_PROPERTIES)


def _folder(domain: str, data: Mapping[str, Any]) -> str:
    """The folder of the tag: an event's path is that of a file, or for a property also of a folder."""
    image, tag = _text(data, "image_name"), _text(data, "tag")
    if domain == "docker" and image and tag:
        return f"{image}/{tag}"
    path = _text(data, "path").strip("/")
    folder, _, name = path.rpartition("/")
    return folder if name in _FILES or name.startswith(_LAYER) else path


def _is_path(path: str) -> bool:
    """Whether it can be a tag's folder: an image and a tag, of characters that their names may have."""
    segments = path.split("/")
    return len(path) <= _MAX_PATH and len(segments) > 1 and all(map(_SEGMENT.match, segments))


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
