from __future__ import annotations

import base64
import json
import multiprocessing
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portshift.core.errors import InvalidInput, NotVerified, PortshiftError
from portshift.core.token import KeySet, Step, seal, signing_input, verify_token
from portshift_bridge.durable import locked, replace_file
from portshift_bridge.errors import StorageUnavailable
from portshift_bridge.file_keys import FileKeys
from portshift_bridge.key_document import KeyEntry, KeyStatus
from portshift_bridge.keys import KeyRing
from portshift_bridge.secrets import FileSecretStore
from tests.jose.minting import AUDIENCE, ISSUER, TRUST_DOMAIN, claims

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 6, 1, 12, tzinfo=UTC)


def opened(folder: Path) -> KeyRing:
    return KeyRing.open(folder, FileKeys.open(folder), now=NOW)


def token(ring: KeyRing) -> str:
    signer = ring.signer()
    text = signing_input(claims(), kid=signer.signing_kid)
    (signature,) = signer.sign_all([text])
    return seal(text, signature)


def check(token: str, keys: KeySet) -> None:
    verify_token(token, keys=keys, issuer=ISSUER, trust_domain=TRUST_DOMAIN, audiences=[AUDIENCE])


def kid_in_child(folder: str) -> str:
    return opened(Path(folder)).signing_kid


def test_the_first_start_makes_one_key_and_the_next_finds_it(tmp_path: Path) -> None:
    first = opened(tmp_path)
    assert [entry.status for entry in first.list()] == [KeyStatus.SIGNING]
    assert first.list()[0].created_at == NOW
    assert opened(tmp_path).list() == first.list()


def test_processes_that_start_together_end_with_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        kids = pool.map(kid_in_child, [str(tmp_path)] * 6, chunksize=1)
    assert len(set(kids)) == 1
    assert kids[0] == opened(tmp_path).signing_kid


def test_threads_that_start_together_end_with_one_key(tmp_path: Path) -> None:
    kids: list[str] = []
    threads = [threading.Thread(target=lambda: kids.append(opened(tmp_path).signing_kid)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kids) == 8
    assert len(set(kids)) == 1


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    opened(tmp_path)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_no_private_key_is_readable_in_the_file(tmp_path: Path) -> None:
    opened(tmp_path)
    text = (tmp_path / "signing-keys.json").read_text()
    assert "BEGIN ENCRYPTED PRIVATE KEY" in text
    assert "BEGIN PRIVATE KEY" not in text
    assert '"d"' not in text


def test_a_signature_verifies_with_the_published_keys(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    check(token(ring), KeySet.from_jwks(ring.jwks()))


def test_after_a_rotation_old_tokens_verify_and_new_ones_have_the_new_key(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    old = token(ring)
    fresh = ring.rotate(LATER).kid
    assert ring.signing_kid == fresh
    assert [entry.status for entry in ring.list()] == [KeyStatus.SIGNING, KeyStatus.VERIFYING]
    assert ring.list()[0].created_at == LATER
    for each in (old, token(ring)):
        check(each, KeySet.from_jwks(ring.jwks()))


def test_a_rotation_forgets_the_old_private_key(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    ring.rotate(LATER)
    assert [entry.private_pem is None for entry in ring.list()] == [False, True]


def test_a_signer_taken_before_a_rotation_still_fits_its_kid(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    signer = ring.signer()
    ring.rotate(LATER)
    text = signing_input(claims(), kid=signer.signing_kid)
    (signature,) = signer.sign_all([text])
    check(seal(text, signature), ring.key_set())


def test_a_rotation_by_another_process_is_noticed(tmp_path: Path) -> None:
    ours, theirs = opened(tmp_path), opened(tmp_path)
    fresh = theirs.rotate(LATER).kid
    assert ours.signing_kid == fresh
    assert ours.jwks() == theirs.jwks()


def test_two_processes_that_rotate_lose_no_key(tmp_path: Path) -> None:
    ours, theirs = opened(tmp_path), opened(tmp_path)
    for ring in (ours, theirs, ours):
        ring.rotate(LATER)
    assert len(ours.list()) == 4
    assert [entry.status for entry in theirs.list()].count(KeyStatus.SIGNING) == 1


def test_a_distrusted_key_is_published_no_more_and_its_tokens_are_refused(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    old, kid = token(ring), ring.signing_kid
    ring.rotate(LATER)
    ring.distrust(kid, now=LATER)
    assert kid not in {key["kid"] for key in ring.jwks()["keys"]}
    for keys in (KeySet.from_jwks(ring.jwks()), ring.key_set()):
        with pytest.raises(NotVerified) as refusal:
            check(old, keys)
        assert refusal.value.step == Step.KEY
    check(token(ring), ring.key_set())


def test_distrusting_the_signing_key_puts_a_new_one_in_its_place(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    kid = ring.signing_kid
    ring.distrust(kid, now=LATER)
    assert ring.signing_kid != kid
    assert [entry.status for entry in ring.list()] == [KeyStatus.SIGNING, KeyStatus.DISTRUSTED]
    assert [entry.private_pem is None for entry in ring.list()] == [False, True]


def test_distrust_survives_the_next_rotation(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    ring.distrust(ring.signing_kid, now=LATER)
    ring.rotate(LATER)
    assert [entry.status.value for entry in ring.list()] == ["signing", "verifying", "distrusted"]


def test_an_unknown_key_cannot_be_distrusted(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no key 'nobody'"):
        opened(tmp_path).distrust("nobody", now=NOW)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_master_key_that_others_can_read_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    opened(tmp_path)
    (tmp_path / "master.key").chmod(mode)
    with pytest.raises(PortshiftError, match=rf"{mode:04o}.*chmod 600"):
        opened(tmp_path)


def test_a_missing_master_key_is_not_made_anew_beside_encrypted_files(tmp_path: Path) -> None:
    opened(tmp_path)
    (tmp_path / "master.key").unlink()
    with pytest.raises(PortshiftError, match=r"master.key is missing.*signing-keys.json.*backup"):
        opened(tmp_path)
    assert not (tmp_path / "master.key").exists()


def test_another_folders_master_key_is_told_as_such(tmp_path: Path) -> None:
    opened(tmp_path)
    replace_file(tmp_path / "master.key", base64.b64encode(b"x" * 32))
    with pytest.raises(PortshiftError, match="the master key does not open"):
        opened(tmp_path)


@pytest.mark.parametrize("text", [b"", b"too short", b"!" * 44, base64.b64encode(b"x" * 31)])
def test_a_damaged_master_key_is_told_as_such(tmp_path: Path, text: bytes) -> None:
    replace_file(tmp_path / "master.key", text)
    with pytest.raises(PortshiftError, match="damaged"):
        opened(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"keys": []}', '{"keys": [{}]}', '{"keys": [{"publicKey": {"kty": "RSA"}}]}']
)
def test_a_damaged_key_file_is_told_as_such(tmp_path: Path, text: str) -> None:
    opened(tmp_path)
    replace_file(tmp_path / "signing-keys.json", text.encode())
    with pytest.raises(PortshiftError, match=r"signing-keys\.json is damaged"):
        opened(tmp_path)


def test_a_private_key_moved_under_another_name_is_refused(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    before = json.loads((tmp_path / "signing-keys.json").read_text())["keys"][0]["privateKey"]
    ring.rotate(LATER)
    document = json.loads((tmp_path / "signing-keys.json").read_text())
    document["keys"][0]["privateKey"] = before
    replace_file(tmp_path / "signing-keys.json", json.dumps(document).encode())
    with pytest.raises(PortshiftError, match="another key's"):
        opened(tmp_path)


def test_keys_and_secrets_stand_on_one_master_key(tmp_path: Path) -> None:
    FileSecretStore.open(tmp_path).put("registries/acme", {"password": "p"})
    ring = opened(tmp_path)
    assert FileSecretStore.open(tmp_path).get("registries/acme") == {"password": "p"}
    assert opened(tmp_path).list() == ring.list()


def test_a_folder_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(PortshiftError, match=r"cannot write .*absent"):
        opened(tmp_path / "absent")


def test_a_lock_that_is_held_ends_in_an_error_and_not_in_waiting(tmp_path: Path) -> None:
    with (
        locked(tmp_path),
        pytest.raises(PortshiftError, match=r"another process held .*\.lock for 0\.05 seconds"),
        locked(tmp_path, seconds=0.05),
    ):
        pass


class SlowKeys(FileKeys):
    """A home that does not answer until the test lets it."""

    asked: threading.Event
    answer: threading.Event

    def fresh(self, now: datetime) -> KeyEntry:
        self.asked.set()
        assert self.answer.wait(10)
        return super().fresh(now)


def test_a_home_that_hangs_holds_up_no_bridge_that_starts(tmp_path: Path) -> None:
    opened(tmp_path)
    slow = SlowKeys.open(tmp_path)
    slow.asked, slow.answer = threading.Event(), threading.Event()
    rotating = threading.Thread(target=KeyRing.open(tmp_path, slow, now=NOW).rotate, args=(LATER,))
    rotating.start()
    assert slow.asked.wait(10)

    before = opened(tmp_path)
    assert before.take_over(LATER) is None
    with locked(tmp_path, seconds=0.05):
        pass
    slow.answer.set()
    rotating.join()

    assert [entry.status for entry in before.list()] == [KeyStatus.SIGNING, KeyStatus.VERIFYING]


def test_a_change_is_noted_before_it_is_made(tmp_path: Path) -> None:
    noted: list[tuple[str, str, tuple[str, ...]]] = []

    def note(action: str, kid: str) -> None:
        noted.append((action, kid, tuple(entry.kid for entry in ring.list())))

    ring = KeyRing.open(tmp_path, FileKeys.open(tmp_path), now=NOW, note=note)
    first = ring.signing_kid
    second = ring.rotate(LATER).kid
    ring.distrust(first, now=LATER)
    ring.distrust(second, now=LATER)

    assert noted == [
        ("key.rotate", second, (first,)),
        ("key.distrust", first, (second, first)),
        ("key.distrust", second, (second, first)),
    ]


def test_what_cannot_be_noted_is_not_done(tmp_path: Path) -> None:
    def note(_action: str, _kid: str) -> None:
        raise StorageUnavailable("the database is full")

    ring = KeyRing.open(tmp_path, FileKeys.open(tmp_path), now=NOW, note=note)
    before = ring.list()
    for change in (lambda: ring.rotate(LATER), lambda: ring.distrust(before[0].kid, now=LATER)):
        with pytest.raises(StorageUnavailable):
            change()

    assert ring.list() == before


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "taken"
    (target / "inside").mkdir(parents=True)
    with pytest.raises(PortshiftError, match="cannot write"):
        replace_file(target, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
