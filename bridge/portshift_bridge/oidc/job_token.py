"""Reading and verifying the token of a CI job: an OpenID Connect ID token (OpenID Connect Core 1.0 §2).

The steps are numbered as in docs/reference/job-tokens.md. Each fails closed: what a step does not
recognise is refused. The cryptography is joserfc's; what it reads more leniently than we do (repeated keys,
stray bits, unknown header fields) is refused before it sees the token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from portshift.core.errors import InvalidInput
from portshift.core.jose import decode_base64url, parse_object
from portshift_bridge.errors import JobTokenRefused
from portshift_bridge.oidc.discovery import PublicKey
from portshift_bridge.oidc.patterns import claim_matches

MAX_CHARACTERS = 16 * 1024
ALGORITHMS = ("RS256", "PS256", "ES256", "ES384")
LEEWAY_SECONDS = 60
MAX_AGE_SECONDS = 3_600
_HEADER = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
_MAX_KID = 256
_MAX_SUBJECT = 1_024
_MAX_SHOWN = 200


class Step(StrEnum):
    """The steps of verification, in their order."""

    SIZE = "size"
    FORM = "form"
    HEADER = "header"
    ISSUER = "issuer"
    KEY = "key"
    SIGNATURE = "signature"
    TIME = "time"
    AUDIENCE = "audience"
    SUBJECT = "subject"
    CLAIMS = "claims"


@dataclass(frozen=True)
class JobToken:
    """A token as read, of which nothing is believed until its signature was checked."""

    text: str
    algorithm: str
    kid: str
    claims: Mapping[str, Any]

    @property
    def issuer(self) -> str:
        return str(self.claims["iss"])

    @property
    def subject(self) -> str:
        return str(self.claims["sub"])


def read_job_token(text: str) -> JobToken:
    """Steps 1 to 3, and that step 4 has an issuer to look at. No key and no network is needed.

    Raises:
        JobTokenRefused: naming the step.

    """
    if len(text) > MAX_CHARACTERS:
        raise refused(Step.SIZE, f"found {len(text)} characters, expected at most {MAX_CHARACTERS}")
    try:
        header, claims = _parts(text)
    except InvalidInput as error:
        raise refused(Step.FORM, error.problem) from error
    algorithm, kid = _checked_header(header)
    if not isinstance(claims.get("iss"), str):
        raise refused(Step.ISSUER, "found no text in the claim iss")
    return JobToken(text, algorithm, kid, claims)


def check_signature(token: JobToken, key: PublicKey) -> None:
    """Step 6: the key is for this algorithm and for signing (joserfc sees to both), and it signed the token.

    Raises:
        JobTokenRefused: it did not.

    """
    try:
        jws.deserialize_compact(token.text, key, algorithms=[token.algorithm])
    except (JoseError, ValueError) as error:
        raise refused(Step.SIGNATURE, f"the issuer's key {token.kid[:64]!r} did not sign this") from error


def check_times(token: JobToken, *, now: float) -> None:
    """Step 7: not expired, not from the future, and not over an hour old; ``now`` in seconds since 1970.

    Raises:
        JobTokenRefused: one of them, or exp or iat is missing.

    """
    expires, issued = _time(token, "exp"), _time(token, "iat")
    if expires <= now - LEEWAY_SECONDS:
        raise refused(Step.TIME, f"it expired {_ago(now - expires)}", cure="ask for a fresh one")
    begins = _time(token, "nbf") if "nbf" in token.claims else issued
    if max(begins, issued) > now + LEEWAY_SECONDS:
        ahead = int(max(begins, issued) - now)
        raise refused(Step.TIME, f"it is of {ahead} seconds from now", cure="compare the machines' clocks")
    if issued <= now - MAX_AGE_SECONDS - LEEWAY_SECONDS:
        raise refused(
            Step.TIME,
            f"it was issued {_ago(now - issued)}, expected within the hour",
            cure="log in early in the job, or ask for a fresh one",
        )


def is_for(token: JobToken, *, audience: str) -> bool:
    """Step 8: the token is for this audience alone; one for several could come from any of them."""
    found = token.claims.get("aud")
    return found in (audience, [audience])


def check_subject(token: JobToken) -> None:
    """Step 9: somebody is named.

    Raises:
        JobTokenRefused: sub is missing, empty, over long or no text.

    """
    found = token.claims.get("sub")
    if not isinstance(found, str) or not 0 < len(found) <= _MAX_SUBJECT:
        raise refused(Step.SUBJECT, f"found no claim sub, expected text of up to {_MAX_SUBJECT} characters")


def mismatches(token: JobToken, patterns: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Step 10: the names of the claims that no pattern of theirs matches."""
    return tuple(
        name for name, wanted in patterns.items() if not claim_matches(wanted, token.claims.get(name))
    )


def shown(found: object) -> str:
    """A claim of the caller's own token, short enough to say."""
    text = repr(found)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def refused(step: Step, problem: str, *, cure: str | None = None) -> JobTokenRefused:
    """The error of a step, with its number."""
    number = list(Step).index(step) + 1
    told = f"the job token is refused at step {number}, {step.value}: {problem}"
    return JobTokenRefused(told, step=step.value, cure=cure or "see docs/reference/job-tokens.md")


def _parts(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        parts = text.encode("ascii").split(b".")
    except UnicodeEncodeError as error:
        raise InvalidInput("found characters outside ASCII, expected base64url") from error
    if len(parts) != 3 or b"" in parts:
        raise InvalidInput(f"found {len(parts)} parts, expected the three of a signed JWT, none empty")
    header, payload, _ = map(decode_base64url, parts)
    return parse_object(header), parse_object(payload)


def _checked_header(header: Mapping[str, Any]) -> tuple[str, str]:
    if unknown := sorted(header.keys() - _HEADER):
        raise refused(
            Step.HEADER, f"found the field {unknown[0][:64]!r}, expected only {', '.join(sorted(_HEADER))}"
        )
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if algorithm not in ALGORITHMS:
        raise refused(
            Step.HEADER, f"found the algorithm {shown(algorithm)}, expected one of {', '.join(ALGORITHMS)}"
        )
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise refused(Step.HEADER, f"found the type {shown(kind)}, expected JWT")
    if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID:
        raise refused(Step.HEADER, f"found no kid, expected one of up to {_MAX_KID} characters")
    return str(algorithm), kid


def _time(token: JobToken, claim: str) -> float:
    found = token.claims.get(claim)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 2**53:
        raise refused(Step.TIME, f"found {claim} {shown(found)}, expected seconds since 1970")
    return float(found)


def _ago(seconds: float) -> str:
    return f"{int(seconds)} seconds ago"
