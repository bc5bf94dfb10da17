"""A token: an identity as a compact JWS, made and verified.

The bridge makes one from ``token_claims``, ``signing_input`` and ``seal``; ``verify_token`` is the one
verifier of the command line, the admission check and the agent. docs/reference/token.md is its
specification: the same steps under the same numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Container, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from portshift.core.claims import (
    USE,
    USE_CLAIM,
    Subject,
    check_claims,
    check_digests,
    check_id,
    read_images,
    read_subject,
    token_claims,
)
from portshift.core.errors import InvalidInput, NotVerified
from portshift.core.identity import ANY_CLUSTER, PlannedImage
from portshift.core.jose import (
    SIGNATURE_BYTES,
    encode_base64url,
    parse_object,
    raw_to_der,
    split_compact,
)
from portshift.core.jwks import ALGORITHM, KeySet, jwk

__all__ = [
    "ANNOTATION",
    "MAX_TOKEN_CHARACTERS",
    "KeySet",
    "Step",
    "Subject",
    "VerifiedToken",
    "jwk",
    "seal",
    "signing_input",
    "token_claims",
    "verify_token",
]

ANNOTATION = "portshift.io/identity"

# Half of what Kubernetes allows all annotations of an object together (256 KiB).
MAX_TOKEN_CHARACTERS = 128 * 1024

_ES256 = ec.ECDSA(hashes.SHA256())
# The one spelling of a header: no JSON is parsed before the signature is verified.
_HEADER_FORM = re.compile(rb'\{"alg":"ES256","kid":"([A-Za-z0-9_-]{43})","typ":"JWT"\}\Z')


class Step(StrEnum):
    """The steps of verification, in their order; ``number`` counts from 1."""

    SIZE = "size"
    FORM = "form"
    HEADER = "header"
    KEY = "key"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    ISSUER = "issuer"
    USE = "use"
    AUDIENCE = "audience"
    SUBJECT = "subject"
    IMAGES = "images"
    DIGESTS = "digests"
    REVOCATION = "revocation"

    @property
    def number(self) -> int:
        return list(Step).index(self) + 1


# Until Python 3.12, reading a member from its class runs Python code: 2 µs of a verification.
(
    _SIZE,
    _FORM,
    _HEADER,
    _KEY,
    _SIGNATURE,
    _CLAIMS,
    _ISSUER,
    _USE,
    _AUDIENCE,
    _SUBJECT,
    _IMAGES,
    _DIGESTS,
    _REVOCATION,
) = Step


class VerifiedToken(NamedTuple):
    """What a token says, after every step passed.

    ``id`` is the identity's; ``issued_at`` is in seconds since 1970.
    """

    id: str
    issuer: str
    subject: Subject
    audience: str
    issued_at: int
    images: tuple[PlannedImage, ...]


def signing_input(claims: Mapping[str, Any], *, kid: str) -> bytes:
    """The bytes to sign (RFC 7515 §5.1): the same claims and key always give the same bytes.

    Raises:
        InvalidInput: the token would be larger than a verifier accepts, or a claim is no Unicode text.

    """
    text = f"{encode_base64url(_header(kid))}.{encode_base64url(_compact_json(claims))}"
    # The dot and the 86 characters of the signature are still to come.
    size = len(text) + 87
    if size > MAX_TOKEN_CHARACTERS:
        raise InvalidInput(
            f"the token would have {size} characters, expected at most {MAX_TOKEN_CHARACTERS}",
            cure="split the workload: it names too many images",
        )
    return text.encode("ascii")


def seal(signing_input: bytes, signature: bytes) -> str:
    """The token: the signing input with its signature, 64 bytes of r||s.

    Raises:
        InvalidInput: the signature has another length, DER perhaps.

    """
    if len(signature) != SIGNATURE_BYTES:
        raise InvalidInput(f"found a signature of {len(signature)} bytes, expected {SIGNATURE_BYTES} of r||s")
    return f"{signing_input.decode('ascii')}.{encode_base64url(signature)}"


def verify_token(
    token: str,
    *,
    keys: KeySet,
    issuer: str,
    trust_domain: str,
    audiences: Collection[str] = (),
    path: str | None = None,
    images: Collection[tuple[str, str]] | None = None,
    revoked: Container[str] = frozenset(),
) -> VerifiedToken:
    """Verify a token, step by step and closed by default.

    ``audiences`` are the clusters' audiences that are accepted beside the one for any cluster. ``path`` is
    the workload the token must be for, and ``images`` the (name, reference) pairs it must plan; leaving
    one out means that the caller makes that comparison. ``revoked`` holds the ids of revoked identities.

    Raises:
        NotVerified: ``step`` names the first step that failed.

    """
    step = _SIZE
    try:
        # 1. Size, before anything is parsed.
        _check_size(token)
        # 2. Form: three canonical base64url parts and a signature of 64 bytes.
        step = _FORM
        signed, header, payload, signature = split_compact(token)
        # 3. Header: exactly alg, kid and typ, in their one spelling.
        step = _HEADER
        kid = _read_header(header)
        # 4. Key: by kid, from the local set, for its one algorithm.
        step = _KEY
        key = keys.key(kid)
        # 5. Signature over the text as it came.
        step = _SIGNATURE
        _check_signature(key, signature, signed)
        # 6. Claims: present and of their types.
        step = _CLAIMS
        claims = parse_object(payload)
        check_claims(claims)
        # 7. Issuer: this bridge.
        step = _ISSUER
        _check_equal(claims["iss"], issuer)
        # 8. Use: an image identity, not something else that the key signed.
        step = _USE
        _check_equal(claims[USE_CLAIM], USE)
        # 9. Audience: any cluster, or one of those accepted here.
        step = _AUDIENCE
        _check_audience(claims["aud"], audiences)
        # 10. Subject: the trust domain, a workload, and the one expected.
        step = _SUBJECT
        subject = read_subject(claims["sub"], trust_domain=trust_domain)
        if path is not None:
            _check_equal(subject.path, path)
        # 11. Images: their form, and the ones expected.
        step = _IMAGES
        planned = read_images(claims)
        if images is not None:
            _check_images(planned, images)
        # 12. Digests: their form, and the id as the hash of it all.
        step = _DIGESTS
        check_digests(planned)
        check_id(claims["jti"], subject=subject, audience=claims["aud"], images=planned)
        # 13. Revocation, last: a forged token must not tell what is revoked.
        step = _REVOCATION
        _check_not_revoked(claims["jti"], revoked)
    except InvalidInput as error:
        raise NotVerified(
            f"the token failed step {step.number} ({step}): {error.problem}", step=step, cure=error.cure
        ) from error
    return VerifiedToken(
        id=claims["jti"],
        issuer=claims["iss"],
        subject=subject,
        audience=claims["aud"],
        issued_at=claims["iat"],
        images=planned,
    )


def _compact_json(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInput("a claim holds a lone surrogate, expected Unicode text") from error


def _header(kid: str) -> bytes:
    return _compact_json({"alg": ALGORITHM, "kid": kid, "typ": "JWT"})


def _check_size(token: str) -> None:
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise InvalidInput(f"found {len(token)} characters, expected at most {MAX_TOKEN_CHARACTERS}")


def _read_header(header: bytes) -> str:
    match = _HEADER_FORM.match(header)
    if match is None:
        raise InvalidInput(
            f"found the header {header[:200]!r}, expected exactly {_header('<thumbprint of the key>')!r}"
        )
    return match.group(1).decode("ascii")


def _check_signature(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> None:
    try:
        key.verify(raw_to_der(signature), signed, _ES256)
    except InvalidSignature as error:
        raise InvalidInput("found a signature that the key did not make", cure="register again") from error


def _check_equal(found: str, expected: str) -> None:
    if found != expected:
        raise InvalidInput(f"found {found!r}, expected {expected!r}")


def _check_audience(audience: str, accepted: Collection[str]) -> None:
    if audience != ANY_CLUSTER and audience not in accepted:
        expected = ", ".join(sorted({ANY_CLUSTER, *accepted}))
        raise InvalidInput(f"found {audience!r}, expected one of {expected}")


def _check_images(planned: tuple[PlannedImage, ...], expected: Collection[tuple[str, str]]) -> None:
    found = {(image.name, image.reference) for image in planned}
    differing = found ^ set(expected)
    if differing:
        name, reference = min(differing)
        where = "only in the token" if (name, reference) in found else "missing from the token"
        raise InvalidInput(f"found {name!r} with {reference!r} {where}, expected the same images")


def _check_not_revoked(jti: str, revoked: Container[str]) -> None:
    if jti in revoked:
        raise InvalidInput(
            f"identity {jti} is revoked",
            cure=f"an administrator may run 'portshift identities restore {jti}'",
        )
