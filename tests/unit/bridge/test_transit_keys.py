"""Keys in Vault Transit: which version signs, what becomes of the others, and what a failing Vault does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from portshift.core.errors import NotVerified, PortshiftError, UsageFault
from portshift.core.token import seal, signing_input, verify_token
from portshift_bridge.durable import replace_file
from portshift_bridge.errors import SignerUnavailable
from portshift_bridge.file_keys import FileKeys
from portshift_bridge.key_document import KeyStatus
from portshift_bridge.keys import KeyRing
from portshift_bridge.master_key import open_master_key
from portshift_bridge.vault.errors import VaultError, VaultSealed, VaultUnreachable
from portshift_bridge.vault.transit_keys import MAX_BATCH, TransitKeys
from tests.fakes.transit import FakeTransit
from tests.jose.minting import AUDIENCE, ISSUER, TRUST_DOMAIN, claims

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 6, 1, 12, tzinfo=UTC)
SEALED = VaultSealed("Vault is sealed", cure="unseal it")


def home(vault: FakeTransit, *, key: str = "portshift") -> TransitKeys:
    return TransitKeys(vault, mount="transit", key=key)


def opened(folder: Path, vault: FakeTransit) -> KeyRing:
    return KeyRing.open(folder, home(vault), now=NOW)


def token(ring: KeyRing) -> str:
    signer = ring.signer()
    text = signing_input(claims(), kid=signer.signing_kid)
    (signature,) = signer.sign_all([text])
    return seal(text, signature)


def check(token: str, ring: KeyRing) -> None:
    verify_token(token, keys=ring.key_set(), issuer=ISSUER, trust_domain=TRUST_DOMAIN, audiences=[AUDIENCE])


def statuses(ring: KeyRing) -> list[tuple[str, str]]:
    return [(entry.status.value, entry.place) for entry in ring.list()]


def test_the_first_start_makes_the_key_in_vault_and_the_next_asks_vault_nothing(tmp_path: Path) -> None:
    vault = FakeTransit()
    ring = opened(tmp_path, vault)
    assert statuses(ring) == [("signing", "Vault transit/portshift version 1")]
    assert vault.asked == ["read", "create", "read"]
    check(token(ring), ring)
    vault.failure = SEALED
    assert opened(tmp_path, vault).list() == ring.list()
    assert opened(tmp_path, vault).take_over(LATER) is None


def test_a_key_that_is_there_already_is_used_in_its_latest_version(tmp_path: Path) -> None:
    vault = FakeTransit()
    vault.rotate()
    vault.rotate()
    assert statuses(opened(tmp_path, vault)) == [("signing", "Vault transit/portshift version 2")]
    assert vault.asked == ["read"]


def test_the_document_has_no_private_half_and_needs_no_master_key(tmp_path: Path) -> None:
    opened(tmp_path, FakeTransit())
    (key,) = json.loads((tmp_path / "signing-keys.json").read_text())["keys"]
    assert key["transit"] == {"mount": "transit", "key": "portshift", "version": 1}
    assert "privateKey" not in key
    assert not (tmp_path / "master.key").exists()
    open_master_key(tmp_path)  # may be made later: nothing here is encrypted with another


def test_when_vault_rotates_by_itself_the_same_version_goes_on_signing(tmp_path: Path) -> None:
    vault = FakeTransit()
    ring = opened(tmp_path, vault)
    kid = ring.signing_kid
    vault.rotate()
    assert opened(tmp_path, vault).signing_kid == kid
    check(token(ring), ring)


def test_a_rotation_takes_the_version_that_vault_has_already_else_makes_one(tmp_path: Path) -> None:
    vault = FakeTransit()
    ring = opened(tmp_path, vault)
    old = token(ring)
    vault.rotate()

    ring.rotate(LATER)
    assert statuses(ring) == [
        ("signing", "Vault transit/portshift version 2"),
        ("verifying", "Vault transit/portshift version 1"),
    ]
    assert "rotate" not in vault.asked
    ring.rotate(LATER)
    assert ring.list()[0].place == "Vault transit/portshift version 3"
    for each in (old, token(ring)):
        check(each, ring)


def test_a_crash_between_vault_and_the_document_is_continued_by_the_next_rotation(tmp_path: Path) -> None:
    vault = FakeTransit()
    ring = opened(tmp_path, vault)
    kid = ring.signing_kid
    home(vault).fresh(LATER)  # version 2 is made, and the process dies before it writes

    assert opened(tmp_path, vault).signing_kid == kid
    ring.rotate(LATER)

    assert [entry.status.value for entry in ring.list()] == ["signing", "verifying"]
    assert len(vault.versions) == 2


def test_a_rotation_that_cannot_be_written_leaves_the_old_key_signing(tmp_path: Path) -> None:
    vault = FakeTransit()
    ring = opened(tmp_path, vault)
    before = ring.list()
    vault.denied = frozenset({"rotate"})
    with pytest.raises(SignerUnavailable, match=r'path "transit/keys/portshift/rotate" .*"update"'):
        ring.rotate(LATER)
    assert ring.list() == before
    check(token(ring), ring)


def test_distrusting_the_signing_key_makes_a_version_that_was_not_there_before(tmp_path: Path) -> None:
    vault = FakeTransit()
    ring = opened(tmp_path, vault)
    old, kid = token(ring), ring.signing_kid
    vault.rotate()  # version 2 may have leaked together with version 1

    ring.distrust(kid, now=LATER)

    assert statuses(ring) == [
        ("signing", "Vault transit/portshift version 3"),
        ("distrusted", "Vault transit/portshift version 1"),
    ]
    check(token(ring), ring)
    with pytest.raises(NotVerified):
        check(old, ring)


def test_while_vault_is_down_a_key_that_signs_no_more_can_be_distrusted_and_the_other_not(
    tmp_path: Path,
) -> None:
    vault = FakeTransit()
    ring = opened(tmp_path, vault)
    first = ring.signing_kid
    ring.rotate(LATER)
    vault.failure = SEALED

    with pytest.raises(SignerUnavailable):
        ring.distrust(ring.signing_kid, now=LATER)
    ring.distrust(first, now=LATER)

    assert [entry.status.value for entry in ring.list()] == ["signing", "distrusted"]


def test_from_file_to_vault_and_back_each_key_goes_on_verifying(tmp_path: Path) -> None:
    vault = FakeTransit()
    tokens = [token(KeyRing.open(tmp_path, FileKeys.open(tmp_path), now=NOW))]
    ring = opened(tmp_path, vault)
    assert ring.take_over(LATER) == ring.list()[0]
    assert statuses(ring) == [("signing", "Vault transit/portshift version 1"), ("verifying", "forgotten")]
    tokens.append(token(ring))

    vault.failure = SEALED
    back = KeyRing.open(tmp_path, FileKeys.open(tmp_path), now=LATER)
    back.take_over(LATER)
    tokens.append(token(back))

    assert [entry.place for entry in back.list()] == [
        "file",
        "Vault transit/portshift version 1",
        "forgotten",
    ]
    assert len(back.jwks()["keys"]) == 3
    for each in tokens:
        check(each, back)


def test_back_in_vault_the_version_that_signed_before_signs_again(tmp_path: Path) -> None:
    vault = FakeTransit()
    kid = opened(tmp_path, vault).signing_kid
    KeyRing.open(tmp_path, FileKeys.open(tmp_path), now=NOW).take_over(LATER)
    ring = opened(tmp_path, vault)
    ring.take_over(LATER)
    assert [(entry.kid == kid, entry.status.value) for entry in ring.list()] == [
        (True, "signing"),
        (False, "verifying"),
    ]
    assert ring.list()[0].created_at == NOW
    check(token(ring), ring)


def test_back_in_vault_a_distrusted_version_does_not_sign_again(tmp_path: Path) -> None:
    vault = FakeTransit()
    kid = opened(tmp_path, vault).signing_kid
    other = KeyRing.open(tmp_path, FileKeys.open(tmp_path), now=NOW)
    other.take_over(LATER)
    other.distrust(kid, now=LATER)
    ring = opened(tmp_path, vault)
    ring.take_over(LATER)
    assert ring.list()[0].place == "Vault transit/portshift version 2"
    assert {entry.kid: entry.status for entry in ring.list()}[kid] is KeyStatus.DISTRUSTED


def test_a_signer_that_does_not_answer_takes_nothing_over(tmp_path: Path) -> None:
    before = KeyRing.open(tmp_path, FileKeys.open(tmp_path), now=NOW)
    with pytest.raises(SignerUnavailable, match="Vault is sealed; unseal it"):
        opened(tmp_path, FakeTransit(failure=SEALED)).take_over(LATER)
    check(token(before), before)


def test_another_processs_signer_is_told_as_such_and_public_keys_still_serve(tmp_path: Path) -> None:
    vault = FakeTransit()
    ring = opened(tmp_path, vault)
    old = token(ring)
    KeyRing.open(tmp_path, FileKeys.open(tmp_path), now=NOW).take_over(LATER)

    with pytest.raises(SignerUnavailable, match="not with this bridge's signer"):
        ring.signer()
    for change in (lambda: ring.rotate(LATER), lambda: ring.distrust(ring.signing_kid, now=LATER)):
        with pytest.raises(UsageFault, match=r"\(file\); give this command the settings that serve has"):
            change()
    check(old, ring)
    assert len(ring.jwks()["keys"]) == 2


@pytest.mark.parametrize(
    ("vault", "told"),
    [
        (FakeTransit(denied=frozenset({"read"})), r'path "transit/keys/portshift" .*\["read"\]'),
        (
            FakeTransit(denied=frozenset({"create"})),
            r'path "transit/keys/portshift" .*\["create", "update"\]',
        ),
        (FakeTransit(failure=VaultUnreachable("Vault cannot be reached")), "Vault cannot be reached"),
    ],
    ids=["read denied", "create denied", "unreachable"],
)
def test_without_its_first_key_the_bridge_does_not_start_and_says_why(
    tmp_path: Path, vault: FakeTransit, told: str
) -> None:
    with pytest.raises(SignerUnavailable, match=told):
        opened(tmp_path, vault)
    assert not (tmp_path / "signing-keys.json").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"type": "rsa-2048"}, "is of type 'rsa-2048', expected ecdsa-p256"),
        ({"exportable": True}, "can be exported, expected one whose private half never leaves Vault"),
    ],
)
def test_a_key_that_cannot_serve_is_refused(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    vault = FakeTransit(**changes)
    vault.rotate()
    with pytest.raises(UsageFault, match=told):
        opened(tmp_path, vault)


def test_a_public_key_that_vault_does_not_tell_is_said(tmp_path: Path) -> None:
    vault = FakeTransit()
    vault.versions.append(ec.generate_private_key(ec.SECP384R1()))
    with pytest.raises(
        SignerUnavailable, match="does not tell the public key of transit/portshift version 1"
    ):
        opened(tmp_path, vault)


def sign_badly(folder: Path, vault: FakeTransit, spoil: Callable[[list[Any]], list[Any]]) -> None:
    signer = opened(folder, vault).signer()
    vault.spoil = spoil
    signer.sign_all([b"one", b"two"])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda results: results[:1], "1 results for 2 inputs"),
        (lambda results: [results[0], {"error": "no entropy"}], "Vault did not sign: no entropy"),
        (lambda results: [results[0], {}], "found 'None', expected vault:v1:"),
        (lambda results: [results[0], {"signature": 7}], "found '7', expected vault:v1:"),
        (lambda results: [results[0], {"signature": "vault:v1:\ud800"}], "expected vault:v1:"),
        (lambda results: [results[0], {"signature": "vault:v1:AAAA"}], "64 bytes of r"),
        (lambda results: [results[0], {"signature": f"vault:v2:{'A' * 86}"}], "expected vault:v1:"),
        (lambda results: [results[0], {"signature": f"vault:v1:{'A' * 86}"}], "with another key"),
        (lambda results: results[::-1], "with another key"),
    ],
    ids=["few", "error", "nothing", "number", "surrogate", "short", "version", "zeros", "swapped"],
)
def test_a_result_that_is_no_signature_of_its_input_is_refused_with_the_whole_batch(
    tmp_path: Path, spoil: Callable[[list[Any]], list[Any]], told: str
) -> None:
    with pytest.raises(SignerUnavailable, match=told) as refusal:
        sign_badly(tmp_path, FakeTransit(), spoil)
    assert "keys rotate" in str(refusal.value)


def test_a_vault_that_replaced_its_key_makes_no_token_until_the_new_one_is_taken(tmp_path: Path) -> None:
    vault = FakeTransit()
    ring = opened(tmp_path, vault)
    vault.replace()
    with pytest.raises(SignerUnavailable, match="with another key than the one of this version"):
        token(ring)
    ring.rotate(LATER)
    check(token(ring), ring)
    assert [entry.place for entry in ring.list()] == ["Vault transit/portshift version 1"] * 2


def test_a_vault_restored_from_an_old_backup_makes_no_token_until_it_is_rotated(tmp_path: Path) -> None:
    vault = FakeTransit()
    ring = opened(tmp_path, vault)
    ring.rotate(LATER)
    vault.versions.pop()
    with pytest.raises(SignerUnavailable, match="higher than the latest key version"):
        token(ring)
    ring.rotate(LATER)
    check(token(ring), ring)
    assert [entry.status.value for entry in ring.list()] == ["signing", "verifying", "verifying"]


def test_a_version_below_the_least_that_vault_signs_with_is_told_with_the_cure(tmp_path: Path) -> None:
    vault = FakeTransit()
    ring = opened(tmp_path, vault)
    vault.rotate()
    vault.min_encryption_version = 2
    with pytest.raises(SignerUnavailable, match=r"minimum encryption key version.*keys rotate"):
        token(ring)
    ring.rotate(LATER)
    check(token(ring), ring)


def test_a_vault_that_gives_the_same_key_after_a_rotation_changes_nothing(tmp_path: Path) -> None:
    class Stuck(FakeTransit):
        def rotate_key(self) -> None:
            """Answer, and do nothing."""

    ring = opened(tmp_path, Stuck())
    before = ring.list()
    with pytest.raises(SignerUnavailable, match="as a new one"):
        ring.rotate(LATER)
    with pytest.raises(SignerUnavailable, match="as a new one"):
        ring.distrust(ring.signing_kid, now=LATER)
    assert ring.list() == before


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (SEALED, "the bridge cannot sign in Vault: Vault is sealed; unseal it"),
        (VaultError("signing key not found"), "signing key not found; .*keys rotate"),
    ],
)
def test_a_failing_vault_is_the_signers_failure(tmp_path: Path, failure: VaultError, told: str) -> None:
    vault = FakeTransit()
    signer = opened(tmp_path, vault).signer()
    vault.failure = failure
    with pytest.raises(SignerUnavailable, match=told):
        signer.sign_all([b"text"])


def test_many_inputs_are_few_requests_and_none_is_no_request(tmp_path: Path) -> None:
    vault = FakeTransit()
    signer = opened(tmp_path, vault).signer()
    vault.asked.clear()
    assert signer.sign_all([]) == []
    inputs = [str(number).encode() for number in range(MAX_BATCH + 1)]
    assert len(signer.sign_all(inputs)) == MAX_BATCH + 1
    assert vault.asked == ["sign", "sign"]


@pytest.mark.parametrize(
    "change",
    [
        {"transit": {"mount": "transit", "key": "portshift"}},
        {"transit": {"mount": "transit", "key": "portshift", "version": "one"}},
        {"transit": None},
        {"privateKey": "a second private half"},
    ],
)
def test_a_damaged_place_of_a_key_is_told_as_such(tmp_path: Path, change: dict[str, Any]) -> None:
    opened(tmp_path, FakeTransit())
    document = json.loads((tmp_path / "signing-keys.json").read_text())
    document["keys"][0] |= change
    replace_file(tmp_path / "signing-keys.json", json.dumps(document).encode())
    with pytest.raises(PortshiftError, match=r"signing-keys\.json is damaged"):
        opened(tmp_path, FakeTransit())
