from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from portshift.core.errors import InvalidInput
from portshift.core.identity import PlannedImage
from portshift.core.statement import PAYLOAD_TYPE, Signature, envelope, identity_statement, pae
from portshift.core.token import KeySet, VerifiedToken, jwk, verify_token
from tests.jose.minting import (
    AMD64,
    AUDIENCE,
    IDENTITY,
    ISSUER,
    KEY,
    KID,
    TRUST_DOMAIN,
    WEB,
    good_token,
)


def token() -> VerifiedToken:
    keys = KeySet.from_jwks({"keys": [jwk(KEY.public_key())]})
    return verify_token(
        good_token(), keys=keys, issuer=ISSUER, trust_domain=TRUST_DOMAIN, audiences=[AUDIENCE]
    )


def test_the_statement_is_about_the_known_images_and_names_them_all() -> None:
    assert json.loads(identity_statement(token())) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": "registry.example.com/docker-local/web:1.4", "digest": {"sha256": WEB[7:]}},
        ],
        "predicateType": "https://portshift.io/image-identity/v1",
        "predicate": {
            "identity": IDENTITY.id,
            "issuer": ISSUER,
            "audience": "portshift:cluster:prod-eu-1",
            "issuedAt": "2026-01-01T00:00:00Z",
            "workload": {
                "path": "ns/shop/deployment.apps/web",
                "namespace": "shop",
                "kind": "deployment.apps",
                "name": "web",
                "generated": False,
            },
            "images": [
                {
                    "name": "web",
                    "reference": "registry.example.com/docker-local/web:1.4",
                    "digest": WEB,
                    "children": [AMD64],
                    "artifact": "acme/docker-local/web/1.4/list.manifest.json",
                    "build": {"name": "web", "number": "417"},
                },
                {"name": "proxy", "reference": "unknown.example.org/proxy:2"},
            ],
        },
    }


def test_an_image_of_two_containers_is_one_subject() -> None:
    images = (PlannedImage("a", "web:1", WEB), PlannedImage("b", "web:1", WEB))
    statement = json.loads(identity_statement(token()._replace(images=images)))
    assert len(statement["subject"]) == 1
    assert len(statement["predicate"]["images"]) == 2


def test_a_statement_about_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no digest"):
        identity_statement(token()._replace(images=IDENTITY.images[1:]))


def test_the_pae_is_that_of_the_dsse_specification() -> None:
    # secure-systems-lab/dsse, protocol.md: the test vector.
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_of_the_pae_count_bytes() -> None:
    assert pae("é", "é".encode()) == "DSSEv1 2 é 2 é".encode()


def test_an_envelope_verifies_with_what_it_carries() -> None:
    payload = identity_statement(token())
    der = KEY.sign(pae(PAYLOAD_TYPE, payload), ec.ECDSA(hashes.SHA256()))
    sealed = envelope(PAYLOAD_TYPE, payload, [Signature(KID, der)])
    carried = base64.b64decode(sealed["payload"])
    KEY.public_key().verify(
        base64.b64decode(sealed["signatures"][0]["sig"]),
        pae(sealed["payloadType"], carried),
        ec.ECDSA(hashes.SHA256()),
    )
    assert sealed["signatures"][0]["keyid"] == KID
    assert carried == payload


def test_an_envelope_without_a_signature_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no signature"):
        envelope(PAYLOAD_TYPE, b"{}", [])
