"""Each attack on a token is refused by the step that docs/reference/token.md gives it."""

from __future__ import annotations

import pytest

from portshift.core.errors import NotVerified
from portshift.core.token import KeySet, Step, VerifiedToken, jwk, verify_token
from tests.jose.minting import AUDIENCE, IDENTITY, IMAGES, ISSUER, KEY, KID, PATH, TRUST_DOMAIN, good_token
from tests.jose.vectors import Vector, vectors

KEYS = KeySet.from_jwks({"keys": [jwk(KEY.public_key())]})
VECTORS = vectors()


def verified(token: str) -> VerifiedToken:
    return verify_token(
        token,
        keys=KEYS,
        issuer=ISSUER,
        trust_domain=TRUST_DOMAIN,
        audiences=[AUDIENCE],
        path=PATH,
        images=IMAGES,
    )


@pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS if vector.step is not None], ids=lambda vector: vector.name
)
def test_an_attack_is_refused_by_its_step(vector: Vector) -> None:
    with pytest.raises(NotVerified) as refusal:
        verified(vector.token)
    assert refusal.value.step == vector.step
    assert f"step {Step(refusal.value.step).number} ({vector.step})" in str(refusal.value)
    assert len(str(refusal.value)) < 2_000


@pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS if vector.step is None], ids=lambda vector: vector.name
)
def test_a_good_token_is_accepted(vector: Vector) -> None:
    token = verified(vector.token)
    assert token.id == IDENTITY.id
    assert token.images == IDENTITY.images


def test_every_step_but_revocation_has_an_attack() -> None:
    attacked = {vector.step for vector in VECTORS}
    assert attacked == {None, *(step.value for step in Step if step is not Step.REVOCATION)}


def test_a_revoked_identity_is_refused() -> None:
    with pytest.raises(NotVerified, match="revoked") as refusal:
        verify_token(
            good_token(),
            keys=KEYS,
            issuer=ISSUER,
            trust_domain=TRUST_DOMAIN,
            audiences=[AUDIENCE],
            revoked={IDENTITY.id},
        )
    assert refusal.value.step == Step.REVOCATION


def test_a_distrusted_key_is_refused_though_the_key_set_holds_it() -> None:
    keys = KeySet.from_jwks({"keys": [jwk(KEY.public_key())]}, distrusted=[KID])
    with pytest.raises(NotVerified, match="distrusted") as refusal:
        verify_token(good_token(), keys=keys, issuer=ISSUER, trust_domain=TRUST_DOMAIN, audiences=[AUDIENCE])
    assert refusal.value.step == Step.KEY
