"""What the signer takes for granted of a Transit engine: true of the real Vault and of the fake."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from portshift.core.jose import raw_to_der
from portshift_bridge.vault.errors import VaultError, VaultNotFound
from portshift_bridge.vault.transit import TransitEngine, VaultTransit
from tests.fakes.transit import FakeTransit
from tests.vault.logins import session, settings_for
from tests.vault.server import VaultServer

pytestmark = pytest.mark.integration

DIGESTS = [hashlib.sha256(text).digest() for text in (b"one", b"two", b"three")]
_names = itertools.count(1)


class Operator(Protocol):
    """Who may do everything to the key."""

    def create(self, key_type: str) -> None: ...
    def require(self, version: int) -> None: ...
    def delete(self) -> None: ...


@dataclass
class VaultOperator:
    """The root of the real Vault."""

    client: Any
    key: str

    def create(self, key_type: str) -> None:
        self.client.secrets.transit.create_key(self.key, key_type=key_type)

    def require(self, version: int) -> None:
        self.client.secrets.transit.update_key_configuration(self.key, min_encryption_version=version)

    def delete(self) -> None:
        self.client.secrets.transit.update_key_configuration(self.key, deletion_allowed=True)
        self.client.secrets.transit.delete_key(self.key)


@dataclass
class FakeOperator:
    """The same for the fake."""

    vault: FakeTransit

    def create(self, key_type: str) -> None:
        self.vault.type = key_type
        self.vault.rotate()

    def require(self, version: int) -> None:
        self.vault.min_encryption_version = version

    def delete(self) -> None:
        self.vault.versions.clear()


Ours = tuple[TransitEngine, Operator]


@pytest.fixture(params=["fake", "vault"])
def transit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ours]:
    """A key that does not exist yet, as the bridge and as its operator reach it."""
    if request.param == "fake":
        fake = FakeTransit()
        yield fake, FakeOperator(fake)
        return
    server: VaultServer = request.getfixturevalue("vault")
    root, key = server.root(), f"key-{next(_names)}"
    if "transit/" not in root.sys.list_mounted_secrets_engines()["data"]:
        root.sys.enable_secrets_engine("transit")
    with session(settings_for(server, tmp_path)) as opened:
        yield VaultTransit(opened, "transit", key), VaultOperator(root, key)


def public_key(engine: TransitEngine, version: int) -> ec.EllipticCurvePublicKey:
    key = load_pem_public_key(engine.read_key()["keys"][str(version)]["public_key"].encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def verify(signature: str, digest: bytes, key: ec.EllipticCurvePublicKey, version: int) -> None:
    prefix = f"vault:v{version}:"
    assert signature.startswith(prefix)
    raw = base64.urlsafe_b64decode(signature.removeprefix(prefix) + "==")
    assert len(raw) == 64
    key.verify(raw_to_der(raw), digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))


def test_a_key_that_does_not_exist_is_not_found(transit: Ours) -> None:
    engine, _ = transit
    with pytest.raises(VaultNotFound):
        engine.read_key()
    with pytest.raises(VaultError, match="not found"):
        engine.sign(DIGESTS, version=1)


def test_a_new_key_is_on_p256_and_cannot_be_exported(transit: Ours) -> None:
    engine, _ = transit
    engine.create_key()
    found = engine.read_key()
    assert (found["type"], found["latest_version"]) == ("ecdsa-p256", 1)
    assert (found["exportable"], found["allow_plaintext_backup"]) == (False, False)
    assert isinstance(public_key(engine, 1).curve, ec.SECP256R1)


def test_creating_a_key_that_exists_changes_nothing(transit: Ours) -> None:
    engine, _ = transit
    engine.create_key()
    before = engine.read_key()
    engine.create_key()
    assert engine.read_key() == before


def test_a_rotation_adds_a_version_and_the_old_one_goes_on_signing(transit: Ours) -> None:
    engine, _ = transit
    engine.create_key()
    first = public_key(engine, 1)
    engine.rotate_key()
    assert engine.read_key()["latest_version"] == 2
    assert public_key(engine, 1).public_numbers() == first.public_numbers()
    for version in (1, 2):
        (result,) = engine.sign(DIGESTS[:1], version=version)
        verify(result["signature"], DIGESTS[0], public_key(engine, version), version)


def test_a_batch_is_answered_in_its_order(transit: Ours) -> None:
    engine, _ = transit
    engine.create_key()
    results = engine.sign(DIGESTS, version=1)
    for digest, result in zip(DIGESTS, results, strict=True):
        verify(result["signature"], digest, public_key(engine, 1), 1)


def test_a_version_that_is_not_there_is_an_error_of_each_result(transit: Ours) -> None:
    engine, _ = transit
    engine.create_key()
    errors = [result.get("error") for result in engine.sign(DIGESTS, version=2)]
    assert errors == ["requested version for signing is higher than the latest key version"] * 3


def test_a_version_below_the_least_for_signing_is_an_error_of_each_result(transit: Ours) -> None:
    engine, operator = transit
    engine.create_key()
    engine.rotate_key()
    operator.require(2)
    errors = [result.get("error") for result in engine.sign(DIGESTS, version=1)]
    assert errors == ["requested version for signing is less than the minimum encryption key version"] * 3


def test_a_key_that_was_deleted_signs_no_more(transit: Ours) -> None:
    engine, operator = transit
    engine.create_key()
    operator.delete()
    with pytest.raises(VaultError, match="not found"):
        engine.sign(DIGESTS, version=1)
    with pytest.raises(VaultNotFound):
        engine.read_key()


def test_a_key_of_another_type_says_so(transit: Ours) -> None:
    engine, operator = transit
    operator.create("ed25519")
    assert engine.read_key()["type"] == "ed25519"
