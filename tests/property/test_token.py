from __future__ import annotations

import base64
import contextlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portshift.core.errors import InvalidInput, NotVerified
from portshift.core.identity import ANY_CLUSTER, Build, Identity, PlannedImage, Workload, cluster_audience
from portshift.core.jose import decode_base64url, encode_base64url, parse_object
from portshift.core.token import KeySet, VerifiedToken, jwk, seal, signing_input, token_claims, verify_token
from tests.jose.minting import ISSUER, KEY, KID, TRUST_DOMAIN, Mint, raw_signature

KEYS = KeySet.from_jwks({"keys": [jwk(KEY.public_key())]})

NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?\Z", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
DIGESTS = st.binary(min_size=32, max_size=32).map(lambda data: f"sha256:{data.hex()}")
UNKNOWN = st.tuples(TEXTS, TEXTS).map(lambda texts: PlannedImage(*texts))
KNOWN = st.builds(
    PlannedImage,
    name=TEXTS,
    reference=TEXTS,
    digest=DIGESTS,
    children=st.lists(DIGESTS, max_size=3).map(tuple),
    artifact=st.none() | TEXTS,
    build=st.none() | st.builds(Build, name=TEXTS, number=TEXTS),
)
IDENTITIES = st.builds(
    Identity,
    workload=st.builds(
        Workload,
        group=st.just("") | NAMES,
        kind=NAMES,
        namespace=st.just("") | NAMES,
        name=NAMES,
        generated=st.booleans(),
    ),
    audience=st.none().map(cluster_audience) | NAMES.map(cluster_audience),
    images=st.lists(UNKNOWN | KNOWN, max_size=4).map(tuple),
)


def issue(identity: Identity) -> str:
    claims = token_claims(identity, issuer=ISSUER, trust_domain=TRUST_DOMAIN, issued_at=1)
    text = signing_input(claims, kid=KID)
    return seal(text, raw_signature(text.decode("ascii")))


def verify(token: str, *, audience: str = ANY_CLUSTER) -> VerifiedToken:
    return verify_token(token, keys=KEYS, issuer=ISSUER, trust_domain=TRUST_DOMAIN, audiences=[audience])


@given(IDENTITIES)
def test_what_is_signed_verifies_and_reads_back(identity: Identity) -> None:
    token = verify(issue(identity), audience=identity.audience)
    assert token.id == identity.id
    assert token.images == identity.images
    workload = identity.workload
    assert token.subject == (
        workload.path,
        workload.namespace,
        workload.kind_group,
        workload.name,
        workload.generated,
    )


@given(st.text(max_size=200) | st.from_regex(r"[\w-]{0,60}\.[\w-]{0,60}\.[\w-]{86}", fullmatch=True))
def test_garbage_is_not_verified_and_nothing_else(token: str) -> None:
    with pytest.raises(NotVerified):
        verify(token)


GOOD = issue(Identity(Workload("", "Pod", "shop", "x"), ANY_CLUSTER, (PlannedImage("a", "b"),)))


@given(st.integers(0, len(GOOD) - 1), st.sampled_from(string.printable))
def test_no_character_of_a_token_can_be_changed(place: int, character: str) -> None:
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    if changed == GOOD:
        assert verify(changed).subject.name == "x"
        return
    with pytest.raises(NotVerified):
        verify(changed)


@given(st.binary(max_size=300) | st.text(alphabet='[]{}":,\\u d8 0a', max_size=300).map(str.encode))
def test_a_signed_payload_of_garbage_is_not_verified_and_nothing_else(payload: bytes) -> None:
    with pytest.raises(NotVerified):
        verify(str(Mint(payload=payload or b" ")))


@given(st.text(alphabet='[]{}":,\\ax', max_size=300))
def test_parsing_refuses_with_invalid_input_only(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert isinstance(parse_object(text.encode()), dict)


@given(st.binary(max_size=100))
def test_base64url_reads_back(data: bytes) -> None:
    assert decode_base64url(encode_base64url(data).encode()) == data


@given(st.text(alphabet=string.ascii_letters + string.digits + "-_+/= \n", max_size=12))
def test_base64url_has_one_spelling(text: str) -> None:
    try:
        data = decode_base64url(text.encode())
    except InvalidInput:
        return
    assert base64.urlsafe_b64encode(data).rstrip(b"=").decode() == text
