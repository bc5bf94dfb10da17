from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from portshift.core.errors import InvalidInput, InvalidMessage, NotVerified
from portshift.core.identity import ANY_CLUSTER, Identity, PlannedImage, Workload, cluster_audience
from portshift.core.jose import parse_object
from portshift.core.token import (
    KeySet,
    Step,
    VerifiedToken,
    jwk,
    seal,
    signing_input,
    token_claims,
    verify_token,
)
from tests.jose.minting import (
    AMD64,
    AUDIENCE,
    IDENTITY,
    ISSUED_AT,
    ISSUER,
    KEY,
    KID,
    OTHER_KEY,
    TRUST_DOMAIN,
    WEB,
    claims,
    good_token,
    raw_signature,
)

JWK = jwk(KEY.public_key())
KEYS = KeySet.from_jwks({"keys": [JWK]})


def issued(identity: Identity) -> str:
    text = signing_input(claims(identity), kid=KID)
    return seal(text, raw_signature(text.decode()))


def verified(token: str, **expected: Any) -> VerifiedToken:
    return verify_token(token, keys=KEYS, issuer=ISSUER, trust_domain=TRUST_DOMAIN, **expected)


def test_a_token_says_what_the_reference_page_shows() -> None:
    header, payload, _ = good_token().split(".")
    assert base64.urlsafe_b64decode(header + "==") == b'{"alg":"ES256","kid":"%b","typ":"JWT"}' % KID.encode()
    assert json.loads(base64.urlsafe_b64decode(payload + "==")) == {
        "iss": ISSUER,
        "sub": "spiffe://example.com/ns/shop/deployment.apps/web",
        "aud": "portshift:cluster:prod-eu-1",
        "iat": ISSUED_AT,
        "jti": IDENTITY.id,
        "portshift.io/use": "image-identity",
        "portshift.io/images": [
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
    }


def test_a_verified_token_holds_the_identity() -> None:
    token = verified(good_token(), audiences=[AUDIENCE])
    assert (token.id, token.issuer, token.audience) == (IDENTITY.id, ISSUER, AUDIENCE)
    assert token.issued_at == ISSUED_AT
    assert token.images == IDENTITY.images
    assert token.subject == ("ns/shop/deployment.apps/web", "shop", "deployment.apps", "web", False)


@pytest.mark.parametrize(
    ("workload", "subject"),
    [
        (
            Workload("batch", "Job", "shop", "load-", generated=True),
            ("ns/shop/job.batch/load-_", "shop", "job.batch", "load-", True),
        ),
        (
            Workload("acme.io", "Fleet", "", "edge"),
            ("cluster/fleet.acme.io/edge", "", "fleet.acme.io", "edge", False),
        ),
    ],
)
def test_the_subject_of_a_prefix_and_of_a_cluster_scoped_object_reads_back(
    workload: Workload, subject: tuple[str, str, str, str, bool]
) -> None:
    token = issued(replace(IDENTITY, workload=workload, audience=ANY_CLUSTER))
    assert verified(token, path=workload.path).subject == subject


def test_a_token_for_any_cluster_is_accepted_everywhere() -> None:
    token = issued(replace(IDENTITY, audience=ANY_CLUSTER))
    assert verified(token).audience == ANY_CLUSTER
    assert verified(token, audiences=[cluster_audience("test")]).audience == ANY_CLUSTER


def test_a_token_for_one_cluster_is_refused_where_none_is_named() -> None:
    with pytest.raises(NotVerified) as refusal:
        verified(good_token())
    assert refusal.value.step == Step.AUDIENCE


def test_the_same_identity_is_written_with_the_same_bytes() -> None:
    shuffled = dict(reversed(claims().items()))
    assert signing_input(shuffled, kid=KID) == signing_input(claims(), kid=KID)


def test_the_steps_count_from_one_to_thirteen() -> None:
    assert [step.number for step in Step] == list(range(1, 14))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"issuer": ""}, "iss"),
        ({"trust_domain": "Example.com"}, "trust domain"),
        ({"trust_domain": ""}, "trust domain"),
        ({"issued_at": -1}, "iat"),
    ],
)
def test_nothing_is_signed_that_no_verifier_would_take(changes: dict[str, Any], found: str) -> None:
    given = {"issuer": ISSUER, "trust_domain": TRUST_DOMAIN, "issued_at": ISSUED_AT, **changes}
    with pytest.raises(InvalidInput, match=found):
        token_claims(IDENTITY, **given)


def test_an_image_with_a_malformed_digest_is_not_signed() -> None:
    with pytest.raises(InvalidInput, match="sha256"):
        claims(replace(IDENTITY, images=(PlannedImage("web", "web:1", "sha256:short"),)))


def test_a_token_beyond_the_size_of_annotations_is_not_signed() -> None:
    many = tuple(PlannedImage(f"c{number}", "r" * 4_000) for number in range(40))
    with pytest.raises(InvalidInput, match="expected at most 131072"):
        signing_input(claims(replace(IDENTITY, images=many)), kid=KID)


def test_a_thousand_short_images_fit() -> None:
    many = tuple(PlannedImage(f"c{number}", "r:1") for number in range(1_000))
    assert len(verified(issued(replace(IDENTITY, images=many, audience=ANY_CLUSTER))).images) == 1_000


def test_a_claim_that_is_no_unicode_text_is_not_signed() -> None:
    with pytest.raises(InvalidInput, match="surrogate"):
        signing_input({"iss": "\ud800"}, kid=KID)


def test_a_der_signature_is_not_sealed() -> None:
    with pytest.raises(InvalidInput, match="70 bytes"):
        seal(b"a.b", b"\x30" * 70)


def test_the_kid_is_the_thumbprint_that_joserfc_computes() -> None:
    other = jwk(OTHER_KEY.public_key())
    assert other["kid"] == ECKey.import_key(dict(other)).thumbprint()


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"kty": "RSA"}, "kty"),
        ({"crv": "P-384"}, "crv"),
        ({"alg": "HS256"}, "alg"),
        ({"use": "enc"}, "use"),
        ({"kid": "another"}, "thumbprint"),
        ({"kid": None}, "thumbprint"),
        ({"d": JWK["x"]}, "private key"),
        ({"x": JWK["x"][:-1]}, "stray bits|bytes"),
        ({"x": JWK["x"] + "="}, "base64url"),
        ({"x": JWK["x"] + "é"}, "base64url"),
        ({"x": 5}, "0 bytes"),
        ({"y": JWK["x"]}, "not on P-256"),
        ({"x": "A" * 43, "y": "A" * 43}, "not on P-256"),
    ],
)
def test_a_key_that_is_not_ours_in_every_field_is_refused(changes: dict[str, Any], found: str) -> None:
    with pytest.raises(InvalidMessage, match=rf"keys\[0\].*({found})"):
        KeySet.from_jwks({"keys": [{**JWK, **changes}]})


@pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}, {"keys": None}, {"keys": [{}] * 1_001}])
def test_a_document_that_is_no_key_set_is_refused(document: object) -> None:
    with pytest.raises(InvalidMessage):
        KeySet.from_jwks(document)


def test_the_same_key_twice_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="twice"):
        KeySet.from_jwks({"keys": [JWK, JWK]})


@pytest.mark.parametrize("depth", [63, 64, 65])
def test_json_may_be_nested_64_deep_however_wide_it_is(depth: int) -> None:
    deep = b'{"a":' * (depth - 1) + b"[]" + b"}" * (depth - 1)
    wide = b'{"wide":[' + b",".join([b"{}"] * 500) + b'],"text":"[[{{\\"[","deep":' + deep[5:-1] + b"}"
    if depth <= 64:
        assert parse_object(wide)["text"] == '[[{{"['
    else:
        with pytest.raises(InvalidInput, match="64 deep"):
            parse_object(wide)


def test_a_key_on_another_curve_has_no_jwk() -> None:
    with pytest.raises(InvalidInput, match="expected P-256"):
        jwk(ec.derive_private_key(7, ec.SECP384R1()).public_key())


def test_a_key_set_without_keys_trusts_nothing() -> None:
    with pytest.raises(NotVerified) as refusal:
        verify_token(
            good_token(), keys=KeySet.from_jwks({"keys": []}), issuer=ISSUER, trust_domain=TRUST_DOMAIN
        )
    assert refusal.value.step == Step.KEY
