"""Makes tokens by hand, so that each part can be wrong in its own way."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from portshift.core.identity import Build, Identity, PlannedImage, Workload, cluster_audience
from portshift.core.token import jwk, token_claims

ISSUER = "urn:uuid:0d4b9f8e-3c53-4a1c-9d1e-6d5a0f0f8a11"
TRUST_DOMAIN = "example.com"
AUDIENCE = cluster_audience("prod-eu-1")
ISSUED_AT = 1_767_225_600
# The order of P-256's group (SEC 2 §2.4.2).
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

WEB = "sha256:" + "a1" * 32
AMD64 = "sha256:" + "b2" * 32
IDENTITY = Identity(
    workload=Workload("apps", "Deployment", "shop", "web"),
    audience=AUDIENCE,
    images=(
        PlannedImage(
            "web",
            "registry.example.com/docker-local/web:1.4",
            WEB,
            (AMD64,),
            "acme/docker-local/web/1.4/list.manifest.json",
            Build("web", "417"),
        ),
        PlannedImage("proxy", "unknown.example.org/proxy:2"),
    ),
)
PATH = IDENTITY.workload.path
IMAGES = tuple((image.name, image.reference) for image in IDENTITY.images)


def private_key(number: int) -> ec.EllipticCurvePrivateKey:
    """The same key in every run, so that a failing vector can be looked at twice."""
    return ec.derive_private_key(number, ec.SECP256R1())


KEY = private_key(0x5EED_0001)
OTHER_KEY = private_key(0x5EED_0002)
KID = jwk(KEY.public_key())["kid"]


def claims(identity: Identity = IDENTITY) -> dict[str, Any]:
    return token_claims(identity, issuer=ISSUER, trust_domain=TRUST_DOMAIN, issued_at=ISSUED_AT)


def header(**changes: Any) -> dict[str, Any]:
    return {"alg": "ES256", "kid": KID, "typ": "JWT", **changes}


def to_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def raw_signature(signed: str, key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass(frozen=True)
class Mint:
    """A token of these parts, signed by the right key unless a signature is made otherwise."""

    header: bytes = field(default_factory=lambda: to_json(header()))
    payload: bytes = field(default_factory=lambda: to_json(claims()))
    sign: Callable[[str], bytes] = raw_signature

    def __str__(self) -> str:
        signed = f"{part(self.header)}.{part(self.payload)}"
        return f"{signed}.{part(self.sign(signed))}"


def good_token() -> str:
    return str(Mint())


def with_claims(**changes: Any) -> str:
    """A token with changed claims and an id that fits them no longer; None removes a claim."""
    changed = {**claims(), **{name.replace("__", "."): value for name, value in changes.items()}}
    return str(Mint(payload=to_json({name: value for name, value in changed.items() if value is not None})))
