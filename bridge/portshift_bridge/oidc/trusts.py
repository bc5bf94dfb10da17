"""What an administrator trusts: the jobs of an issuer whose claims match, and what they may do."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from portshift.core.errors import InvalidMessage
from portshift_bridge.access import Role, parse_access
from portshift_bridge.oidc.patterns import fixed_start
from portshift_bridge.outbound.addresses import permitted_address, proxy_url

MIN_SECONDS, MAX_SECONDS, DEFAULT_SECONDS = 60, 3_600, 900
FIELDS = ("name", "issuer", "audience", "claims", "clusters", "namespaces", "lifetimeSeconds", "ca", "proxy")

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z")
_CLAIM = re.compile(r"[A-Za-z0-9_.:/#-]{1,128}\Z")
_AUDIENCE = re.compile(r"[!-~]{1,255}\Z")
_MAX_ISSUER = 255
_MAX_PATTERN = 512
_MAX_CLAIMS = 32
_MAX_PATTERNS = 100
_MAX_CA = 256 * 1024
# What the token's verification judges itself, or what differs from job to job.
_NO_CLAIMS = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
# Everybody may run jobs there, so a trust must say whose: issuer → claims that do.
_OPEN_TO_ALL = {
    "https://token.actions.githubusercontent.com": (
        "repository",
        "repository_id",
        "repository_owner",
        "repository_owner_id",
        "sub",
    ),
    "https://gitlab.com": ("namespace_id", "namespace_path", "project_id", "project_path", "sub"),
}
# How a subject names its owner at its start. GitHub lets every organisation choose what its subjects are
# made of, though not the values: docs.github.com/rest/actions/oidc.
_SUBJECT_OWNER = re.compile(
    r"(repo|repository|project_path):[^*/:]+/|(repository_id|repository_owner_id|repository_owner|project_id):[^*:]+(:|\Z)"
)


@dataclass(frozen=True)
class Trust:
    """``claims`` maps the name of a claim to patterns, one of which must match; all claims must.

    ``seconds`` is how long an access lasts; ``ca`` holds PEM certificates of the issuer's authority, in
    place of the system's; ``proxy`` is the address of an HTTP proxy on the way to it.
    """

    name: str
    issuer: str
    audience: str
    claims: Mapping[str, tuple[str, ...]]
    clusters: tuple[str, ...] = ("*",)
    namespaces: tuple[str, ...] = ("*",)
    seconds: int = DEFAULT_SECONDS
    ca: str | None = None
    proxy: str | None = None

    def to_json(self) -> dict[str, Any]:
        """What ``parse_trust`` reads."""
        return {
            "name": self.name,
            "issuer": self.issuer,
            "audience": self.audience,
            "claims": {claim: list(patterns) for claim, patterns in self.claims.items()},
            "clusters": list(self.clusters),
            "namespaces": list(self.namespaces),
            "lifetimeSeconds": self.seconds,
            "ca": self.ca,
            "proxy": self.proxy,
        }


def parse_trust(given: Mapping[str, Any]) -> Trust:
    """Read the fields of ``POST /api/v1/access/trusts``.

    Raises:
        InvalidMessage: a field that cannot be, or claims that would trust jobs of everybody.

    """
    name, audience = given.get("name"), given.get("audience")
    if not isinstance(name, str) or not _NAME.match(name):
        raise InvalidMessage(f"name: found {name!r}, expected 1 to 63 of a-z, 0-9 and ._-")
    if not isinstance(audience, str) or not _AUDIENCE.match(audience):
        raise InvalidMessage(
            f"audience: found {audience!r}, expected text without spaces, such as the bridge's address"
        )
    issuer = _issuer(given.get("issuer"))
    scope = parse_access(
        name=name,
        role=Role.DEPLOYER.value,
        clusters=given.get("clusters"),
        namespaces=given.get("namespaces"),
    )
    return Trust(
        name=name,
        issuer=issuer,
        audience=audience,
        claims=_claims(given.get("claims"), issuer),
        clusters=scope.clusters,
        namespaces=scope.namespaces,
        seconds=_seconds(given.get("lifetimeSeconds")),
        ca=_ca(given.get("ca")),
        proxy=_proxy(given.get("proxy")),
    )


def _issuer(value: object) -> str:
    """The issuer as its tokens spell it: it is compared by its text, so it is not normalised."""
    expected = "expected https://HOST[/PATH], just as the tokens' claim iss says it"
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
        raise InvalidMessage(f"issuer: found {value!r}, {expected}")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidMessage(f"issuer: found {value!r}, {expected}") from error
    extra = "@" in parts.netloc or "?" in value or "#" in value
    if parts.scheme != "https" or not host or extra or len(value) > _MAX_ISSUER:
        raise InvalidMessage(f"issuer: found {value!r}, {expected}")
    if not permitted_address(host):
        raise InvalidMessage(f"issuer: found the link-local or metadata address {host}, {expected}")
    return value


def _claims(value: object, issuer: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict) or not 0 < len(value) <= _MAX_CLAIMS:
        raise InvalidMessage(
            f"claims: expected 1 to {_MAX_CLAIMS}, such as {{'repository': ['acme/shop']}};"
            " issuer and audience alone do not say whose jobs are trusted"
        )
    claims = {claim: _patterns(claim, patterns) for claim, patterns in value.items()}
    owners = _OPEN_TO_ALL.get(issuer)
    if owners and not any(_names_owner(claim, claims[claim]) for claim in owners if claim in claims):
        raise InvalidMessage(
            f"claims: everybody may run jobs at {issuer}, and these claims do not say whose are trusted",
            cure=f"add one of {', '.join(owners)}, with no wildcard before the owner's name has ended",
        )
    if all(set(pattern) <= {"*"} for patterns in claims.values() for pattern in patterns):
        raise InvalidMessage("claims: found only wildcards, expected one claim that says whose jobs")
    return claims


def _names_owner(claim: str, patterns: tuple[str, ...]) -> bool:
    """Whether each pattern holds the owner's whole name, up to its slash, before its first wildcard.

    ``acme*/shop`` would take ``acme-evil/shop``; an owner's name or a number has no slash to end it.
    """
    if claim == "sub":
        return all(_SUBJECT_OWNER.match(pattern) for pattern in patterns)
    path = claim in {"repository", "project_path", "namespace_path"}
    return all("*" not in pattern or (path and "/" in fixed_start(pattern)) for pattern in patterns)


def _patterns(claim: object, value: object) -> tuple[str, ...]:
    if not isinstance(claim, str) or not _CLAIM.match(claim) or claim in _NO_CLAIMS:
        raise InvalidMessage(f"claims: found the claim {claim!r}, expected one that says whose job it is")
    if not isinstance(value, list) or not 0 < len(value) <= _MAX_PATTERNS:
        raise InvalidMessage(f"claims.{claim}: expected a list of 1 to {_MAX_PATTERNS} patterns")
    for pattern in value:
        if not isinstance(pattern, str) or not pattern.isprintable() or not 0 < len(pattern) <= _MAX_PATTERN:
            raise InvalidMessage(f"claims.{claim}: found {pattern!r}, expected text such as 'acme/shop'")
        if "***" in pattern:
            raise InvalidMessage(f"claims.{claim}: found '***', expected * (within a part) or ** (anything)")
    return tuple(value)


def _seconds(value: object) -> int:
    if value is None:
        return DEFAULT_SECONDS
    if not isinstance(value, int) or isinstance(value, bool) or not MIN_SECONDS <= value <= MAX_SECONDS:
        raise InvalidMessage(
            f"lifetimeSeconds: found {value!r}, expected a whole number from {MIN_SECONDS} to {MAX_SECONDS}"
        )
    return value


def _ca(value: object) -> str | None:
    if value is None:
        return None
    try:
        if not isinstance(value, str) or len(value) > _MAX_CA:
            raise ValueError("no PEM")
        ssl.create_default_context(cadata=value)
    except (ValueError, ssl.SSLError) as error:
        raise InvalidMessage("ca: found no certificates, expected PEM of the issuer's authority") from error
    return value


def _proxy(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidMessage(f"proxy: found {value!r}, expected http://HOST:PORT")
    return proxy_url(value)
