"""Our verifier, joserfc and npm jose say yes and no to the same tokens, fed from the bridge's own JWKS.

The comparison is at the JOSE layer, our steps 1 to 5: a general library knows nothing of our claims. Where
it is more lenient than we are, the vector says so and why; any other difference fails.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet as JoserfcKeySet

from portshift.core.errors import NotVerified
from portshift.core.token import KeySet, Step, jwk, seal, signing_input, verify_token
from portshift_bridge.file_keys import FileKeys
from portshift_bridge.keys import KeyRing
from tests.jose.minting import AUDIENCE, ISSUER, KEY, TRUST_DOMAIN, claims
from tests.jose.vectors import JOSERFC, NPM_JOSE, Vector, vectors

HERE = Path(__file__).parent
JWKS = {"keys": [jwk(KEY.public_key())]}
JOSE_STEPS = {Step.SIZE, Step.FORM, Step.HEADER, Step.KEY, Step.SIGNATURE}
VECTORS = vectors()


@pytest.fixture(scope="session")
def npm_jose() -> str:
    """The path of node, with npm jose installed beside its script."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no node or npm on PATH: the comparison with npm jose needs Node.js 20 or newer")
    if not (HERE / "node_modules" / "jose").is_dir():
        done = subprocess.run([npm, "ci"], cwd=HERE, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm ci failed, no network perhaps: {done.stderr.strip()[-200:]}")
    return node


def npm_jose_accepts(node: str, tokens: list[str], jwks: dict[str, Any]) -> list[bool]:
    done = subprocess.run(
        [node, HERE / "verdicts.mjs"],
        input=json.dumps({"jwks": jwks, "tokens": tokens}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [verdict is None for verdict in json.loads(done.stdout)]


def joserfc_accepts(token: str, jwks: dict[str, Any]) -> bool:
    keys = JoserfcKeySet.import_key_set(jwks)  # type: ignore[arg-type]
    try:
        jws.deserialize_compact(token, keys, algorithms=["ES256"])
    except (JoseError, ValueError, TypeError, LookupError):
        return False
    return True


def expected(vector: Vector, library: str) -> bool:
    return vector.step not in JOSE_STEPS or library in vector.lax


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_joserfc_agrees(vector: Vector) -> None:
    assert joserfc_accepts(vector.token, JWKS) is expected(vector, JOSERFC)


@pytest.mark.integration
def test_npm_jose_agrees(npm_jose: str) -> None:
    verdicts = npm_jose_accepts(npm_jose, [vector.token for vector in VECTORS], JWKS)
    differing = {
        vector.name: accepted
        for vector, accepted in zip(VECTORS, verdicts, strict=True)
        if accepted is not expected(vector, NPM_JOSE)
    }
    assert differing == {}


@pytest.mark.integration
def test_all_three_read_the_bridges_own_keys_before_and_after_a_rotation(
    npm_jose: str, tmp_path: Path
) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    ring = KeyRing.open(tmp_path, FileKeys.open(tmp_path), now=now)
    first = issued_by(ring)
    ring.rotate(now)
    second = issued_by(ring)
    assert accepted_by_all(npm_jose, [first, second], ring.jwks()) == [True, True]
    ring.distrust(ring.list()[1].kid, now=now)
    assert accepted_by_all(npm_jose, [first, second], ring.jwks()) == [False, True]


def issued_by(ring: KeyRing) -> str:
    signer = ring.signer()
    text = signing_input(claims(), kid=signer.signing_kid)
    (signature,) = signer.sign_all([text])
    return seal(text, signature)


def accepted_by_all(node: str, tokens: list[str], jwks: dict[str, Any]) -> list[bool]:
    """One verdict for each token; fails where the three differ."""
    ours = [accepted_by_us(token, jwks) for token in tokens]
    assert ours == [joserfc_accepts(token, jwks) for token in tokens]
    assert ours == npm_jose_accepts(node, tokens, jwks)
    return ours


def accepted_by_us(token: str, jwks: dict[str, Any]) -> bool:
    try:
        verify_token(
            token,
            keys=KeySet.from_jwks(jwks),
            issuer=ISSUER,
            trust_domain=TRUST_DOMAIN,
            audiences=[AUDIENCE],
        )
    except NotVerified:
        return False
    return True
