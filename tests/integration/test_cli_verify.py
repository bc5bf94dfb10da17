"""``identities verify`` on real tokens, with a bridge and without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from portshift.core.identity import Identity, PlannedImage, Workload, cluster_audience
from portshift.core.jwks import jwk, thumbprint
from portshift.core.token import seal, signing_input, token_claims
from tests.fakes.bridge import DIGEST, STATUS, FakeBridge, running_bridge, stored_identity
from tests.fakes.program import Outcome, Program, program_for

pytestmark = pytest.mark.integration

KEY = ec.generate_private_key(ec.SECP256R1())
KID = thumbprint(KEY.public_key())
WEB = Workload("apps", "Deployment", "shop", "web")


def _identity(
    reference: str = "acme.example/web:1", *, known: bool = True, cluster: str | None = None
) -> Identity:
    image = PlannedImage("app", reference, digest=DIGEST if known else None)
    return Identity(WEB, cluster_audience(cluster), (image,))


def _token(identity: Identity) -> str:
    claims = token_claims(
        identity, issuer=STATUS["issuer"], trust_domain=STATUS["trustDomain"], issued_at=1_790_000_000
    )
    signed = signing_input(claims, kid=KID)
    r, s = decode_dss_signature(KEY.sign(signed, ec.ECDSA(hashes.SHA256())))
    return seal(signed, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def _manifest(token: str | None, *, name: str = "web", reference: str = "acme.example/web:1") -> bytes:
    annotation = f"      annotations:\n        portshift.io/identity: {token}\n" if token else ""
    text = (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: shop\nspec:\n"
        f"  template:\n    metadata:\n      labels: {{a: b}}\n{annotation}"
        f"    spec:\n      containers:\n      - name: app\n        image: {reference}\n"
    )
    return text.encode()


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    with running_bridge() as running:
        running.jwks = {"keys": [jwk(KEY.public_key())]}
        yield running


@pytest.fixture
def program(bridge: FakeBridge, tmp_path: Path) -> Program:
    return program_for(bridge, tmp_path)


def _verdict(done: Outcome) -> tuple[int, str, str | None]:
    (item,) = done.json["items"]
    return done.exit_code, item["verdict"], item["step"]


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (_manifest(_token(_identity())), (0, "valid", None)),
        (_manifest(_token(_identity(known=False))), (0, "unidentified", None)),
        (_manifest(None), (5, "missing", None)),
        (_manifest(_token(_identity()), name="copied"), (5, "invalid", "subject")),
        (_manifest(_token(_identity()), reference="acme.example/web:2"), (5, "invalid", "images")),
        (_manifest(_token(_identity()) + "A"), (5, "invalid", "form")),
        (_manifest(_token(_identity(cluster="eu"))), (5, "invalid", "audience")),
    ],
    ids=["valid", "unknown image", "no token", "copied", "other image", "damaged", "other cluster"],
)
def test_a_token_holds_only_where_it_belongs(
    program: Program, manifest: bytes, expected: tuple[int, str, str | None]
) -> None:
    assert _verdict(program.run("identities", "verify", "-", "-o", "json", stdin=manifest)) == expected


def test_a_named_cluster_is_accepted(program: Program) -> None:
    manifest = _manifest(_token(_identity(cluster="eu")))
    done = program.run("identities", "verify", "-", "--cluster", "eu", "-o", "json", stdin=manifest)
    assert _verdict(done) == (0, "valid", None)


def test_a_revoked_identity_fails_the_last_step(program: Program, bridge: FakeBridge) -> None:
    identity = _identity()
    bridge.identities = [
        stored_identity("web", status="revoked") | {"id": identity.id, "token": _token(identity)}
    ]
    done = program.run("identities", "verify", _token(identity), "-o", "json")
    assert _verdict(done) == (5, "revoked", "revocation")


def test_all_identities_of_the_bridge_are_verified(program: Program, bridge: FakeBridge) -> None:
    bridge.identities = [
        stored_identity(f"web-{number}") | {"token": _token(_identity(f"acme.example/web:{number}"))}
        for number in range(600)
    ]
    bridge.identities[7]["token"] = "damaged"
    done = program.run("identities", "verify", "-o", "json")
    assert done.exit_code == 5
    assert [item["verdict"] for item in done.json["items"]].count("valid") == 599
    assert "1 of 600 did not verify" in done.err


def test_without_a_bridge_the_keys_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [jwk(KEY.public_key())]}))
    (tmp_path / "web.yaml").write_bytes(_manifest(_token(_identity())))
    program = Program(tmp_path, {"PORTSHIFT_BRIDGE_URL": "http://127.0.0.1:1"})
    offline = ["--jwks", "jwks.json", "--issuer", STATUS["issuer"], "--trust-domain", STATUS["trustDomain"]]
    done = program.run("identities", "verify", "web.yaml", "-o", "json", *offline)
    assert _verdict(done) == (0, "valid", None)
    assert "revocations are not known" in done.err
    assert program.run("identities", "verify", *offline).exit_code == 2
    assert program.run("identities", "verify", "web.yaml", "--jwks", "jwks.json").exit_code == 2
