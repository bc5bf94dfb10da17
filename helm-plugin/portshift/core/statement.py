"""The facts of a token as an in-toto Statement, and the DSSE envelope that carries it.

For tools that read attestations and not our tokens. Whoever holds a signing key signs ``pae(…)`` of the
statement; its first bytes are ``DSSEv1 ``, so such a signature can never be moved onto a token.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portshift.core.claims import image_claim
from portshift.core.errors import InvalidInput
from portshift.core.identity import PlannedImage
from portshift.core.token import VerifiedToken

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://portshift.io/image-identity/v1"


@dataclass(frozen=True)
class Signature:
    """A signature of an envelope: ECDSA P-256 with SHA-256 over the PAE, in DER, as DSSE tools read it."""

    keyid: str
    der: bytes


def identity_statement(token: VerifiedToken) -> bytes:
    """The in-toto Statement v1 of a verified token, as the bytes to sign.

    Subjects are the images whose digest is known, each once; the predicate holds them all. The same token
    always gives the same bytes.

    Raises:
        InvalidInput: no image has a digest, so that the statement would be about nothing.

    """
    subjects = _subjects(token.images)
    if not subjects:
        raise InvalidInput(
            f"identity {token.id} knows no digest, expected at least one image that a registry knows",
            cure="connect the registry that holds its images and deploy again",
        )
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": PREDICATE_TYPE,
        "predicate": _predicate(token),
    }
    return json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding: the bytes that a DSSE v1 signature covers."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def envelope(payload_type: str, payload: bytes, signatures: Sequence[Signature]) -> dict[str, Any]:
    """The DSSE v1 envelope of a payload and its signatures, as JSON values.

    Raises:
        InvalidInput: there is no signature.

    """
    if not signatures:
        raise InvalidInput("found no signature, expected at least one in an envelope")
    return {
        "payload": _base64(payload),
        "payloadType": payload_type,
        "signatures": [{"keyid": signature.keyid, "sig": _base64(signature.der)} for signature in signatures],
    }


def _subjects(images: Sequence[PlannedImage]) -> list[dict[str, Any]]:
    known = dict.fromkeys((image.reference, image.digest) for image in images if image.digest is not None)
    subjects = []
    for reference, digest in known:
        algorithm, _, value = digest.partition(":")
        subjects.append({"name": reference, "digest": {algorithm: value}})
    return subjects


def _predicate(token: VerifiedToken) -> dict[str, Any]:
    subject = token.subject
    issued_at = datetime.fromtimestamp(token.issued_at, UTC)
    return {
        "identity": token.id,
        "issuer": token.issuer,
        "audience": token.audience,
        "issuedAt": issued_at.isoformat().replace("+00:00", "Z"),
        "workload": {
            "path": subject.path,
            "namespace": subject.namespace,
            "kind": subject.kind_group,
            "name": subject.name,
            "generated": subject.generated,
        },
        "images": [image_claim(image) for image in token.images],
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
