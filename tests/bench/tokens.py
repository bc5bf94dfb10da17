"""Token verification beside the bare signature check that it cannot do without."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from portshift.core.claims import token_claims
from portshift.core.identity import ANY_CLUSTER, Build, Identity, PlannedImage, Workload
from portshift.core.jwks import KeySet, jwk, thumbprint
from portshift.core.token import seal, signing_input, verify_token
from tests.bench.measure import Row, paired_medians

_ISSUER = "https://issuer.example.test/0123456789abcdef"
_TRUST_DOMAIN = "example.test"
# Short runs and many pairs: what disturbs one run disturbs its pair less often.
_TIMES = 200
_ES256 = ec.ECDSA(hashes.SHA256())


def verify_rate() -> Row:
    """Tokens verified in a second, two containers each and no cache, beside raw ES256 checks in a second."""
    key = ec.generate_private_key(ec.SECP256R1())
    kid = thumbprint(key.public_key())
    signed = signing_input(
        token_claims(_identity(), issuer=_ISSUER, trust_domain=_TRUST_DOMAIN, issued_at=1_790_000_000),
        kid=kid,
    )
    signature = key.sign(signed, _ES256)
    token = seal(signed, _raw(signature))
    keys = KeySet.from_jwks({"keys": [jwk(key.public_key())]})
    public = key.public_key()

    def verify() -> None:
        for _ in range(_TIMES):
            verify_token(token, keys=keys, issuer=_ISSUER, trust_domain=_TRUST_DOMAIN)

    def check_raw() -> None:
        for _ in range(_TIMES):
            public.verify(signature, signed, _ES256)

    ours, reference = paired_medians(verify, check_raw, pairs=61)
    return Row(
        work="verify a token of two containers",
        ours=f"{_TIMES / ours:,.0f}/s",
        reference=f"raw ES256 {_TIMES / reference:,.0f}/s",
        value=reference / ours,
        limit=0.7,
        at_least=True,
    )


def _raw(signature: bytes) -> bytes:
    r, s = decode_dss_signature(signature)
    return r.to_bytes(32) + s.to_bytes(32)


def _identity() -> Identity:
    workload = Workload(group="apps", kind="Deployment", namespace="shop", name="web")
    return Identity(workload=workload, audience=ANY_CLUSTER, images=(_image("app"), _image("proxy")))


def _image(name: str) -> PlannedImage:
    return PlannedImage(
        name=name,
        reference=f"acme.jfrog.test/docker-local/{name}:1.0",
        digest="sha256:" + "a" * 64,
        children=("sha256:" + "b" * 64, "sha256:" + "c" * 64),
        artifact=f"acme/docker-local/{name}/1.0/list.manifest.json",
        build=Build(name=f"{name}-build", number="42"),
    )
