"""What a token is worth where it stands. One image of the token used here is known to no registry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portshift.core.identity import Workload
from portshift.core.token import KeySet, jwk
from portshift.core.verdict import Expected, Trust, judge_token
from tests.jose.minting import AUDIENCE, IDENTITY, ISSUER, KEY, TRUST_DOMAIN, good_token

TRUST = Trust(
    keys=KeySet.from_jwks({"keys": [jwk(KEY.public_key())]}), issuer=ISSUER, trust_domain=TRUST_DOMAIN
)
WEB = IDENTITY.workload
IMAGES = tuple((image.name, image.reference) for image in IDENTITY.images)


def status(
    workload: Workload | None, images: tuple[tuple[str, str], ...] | None = None
) -> tuple[str, str | None]:
    expected = Expected("shop.yaml", audiences=(AUDIENCE,), workload=workload, images=images)
    verdict = judge_token(good_token(), expected, TRUST)
    return verdict.status, verdict.step


def test_a_token_stands_where_it_was_made_for() -> None:
    assert status(WEB, IMAGES) == ("unidentified", None)


def test_a_token_alone_is_judged_by_itself() -> None:
    assert status(None) == ("unidentified", None)


def test_a_manifest_that_names_no_namespace_takes_the_tokens_own() -> None:
    assert status(replace(WEB, namespace=""), IMAGES) == ("unidentified", None)


@pytest.mark.parametrize(
    "copied_to",
    [
        replace(WEB, name="api"),
        replace(WEB, kind="StatefulSet"),
        replace(WEB, namespace="other"),
        replace(WEB, namespace="", name="api"),
        replace(WEB, namespace="", kind="StatefulSet"),
    ],
    ids=str,
)
def test_a_copied_token_fails_its_subject(copied_to: Workload) -> None:
    assert status(copied_to, IMAGES) == ("invalid", "subject")


def test_a_changed_image_fails_its_images() -> None:
    changed = ((IMAGES[0][0], "registry.example.com/other:1"), *IMAGES[1:])
    assert status(WEB, changed) == ("invalid", "images")


def test_a_revoked_identity_is_told_as_such() -> None:
    revoked = replace(TRUST, revoked=frozenset({IDENTITY.id}))
    verdict = judge_token(good_token(), Expected("token", audiences=(AUDIENCE,)), revoked)
    assert (verdict.status, verdict.step) == ("revoked", "revocation")
