"""One key of a Transit engine in memory, with everything that an operator of Vault may do to it.

tests/integration/test_transit_contract.py holds it to the real Vault.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from portshift.core.jose import der_to_raw
from portshift_bridge.vault.errors import VaultDenied, VaultError, VaultNotFound

_PREHASHED = ec.ECDSA(utils.Prehashed(hashes.SHA256()))


@dataclass
class FakeTransit:
    """A ``vault.transit.TransitEngine``; what a test sets is what Vault's operator did."""

    type: str = "ecdsa-p256"
    exportable: bool = False
    min_encryption_version: int = 0
    versions: list[ec.EllipticCurvePrivateKey] = field(default_factory=list)
    failure: VaultError | None = None
    denied: frozenset[str] = frozenset()
    spoil: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = list
    asked: list[str] = field(default_factory=list)

    def read_key(self) -> Mapping[str, Any]:
        self._begin("read")
        if not self.versions:
            raise VaultNotFound("no such key")
        return {
            "type": self.type,
            "exportable": self.exportable,
            "allow_plaintext_backup": False,
            "latest_version": len(self.versions),
            "min_encryption_version": self.min_encryption_version,
            "keys": {str(number): {"public_key": _pem(key)} for number, key in enumerate(self.versions, 1)},
        }

    def create_key(self) -> None:
        self._begin("create")
        if not self.versions:
            self.rotate()

    def rotate_key(self) -> None:
        self._begin("rotate")
        if not self.versions:
            raise VaultError("key not found")
        self.rotate()

    def sign(self, digests: Sequence[bytes], *, version: int) -> Sequence[Mapping[str, Any]]:
        self._begin("sign")
        if not self.versions:
            raise VaultError("signing key not found")
        return self.spoil([self._result(digest, version) for digest in digests])

    def rotate(self) -> None:
        """As ``auto_rotate_period``, or an operator, does."""
        self.versions.append(ec.generate_private_key(ec.SECP256R1()))

    def replace(self) -> None:
        """Lose the key, and have another of the same name."""
        self.versions.clear()
        self.rotate()

    def _begin(self, request: str) -> None:
        self.asked.append(request)
        if self.failure is not None:
            raise self.failure
        if request in self.denied:
            raise VaultDenied("permission denied", cure="give the login a policy")

    def _result(self, digest: bytes, version: int) -> dict[str, Any]:
        if version > len(self.versions):
            return {"error": "requested version for signing is higher than the latest key version"}
        if version < self.min_encryption_version:
            return {"error": "requested version for signing is less than the minimum encryption key version"}
        raw = der_to_raw(self.versions[version - 1].sign(digest, _PREHASHED))
        text = base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
        return {"signature": f"vault:v{version}:{text}", "key_version": version}


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode("ascii")
