"""The file signer: the private half of the signing key stands in the key document, encrypted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portshift.core.errors import PortshiftError
from portshift.core.jose import der_to_raw
from portshift.core.jwks import jwk
from portshift_bridge.durable import locked
from portshift_bridge.key_document import FILE_NAME, KeyEntry, KeyStatus
from portshift_bridge.master_key import MasterKey, open_master_key

_ES256 = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True)
class FileSigner:
    """A private key in memory; ``signing.Signer`` says what it does."""

    signing_kid: str
    private_key: ec.EllipticCurvePrivateKey

    def sign_all(self, inputs: Sequence[bytes]) -> list[bytes]:
        """The ES256 signature of each input: 64 bytes of r||s."""
        return [der_to_raw(self.private_key.sign(text, _ES256)) for text in inputs]


class FileKeys:
    """Keys of the document itself, encrypted under the data folder's master key.

    Only the signing key's private half is kept; rotation forgets the old one, so a stolen backup never
    signs with a key that was rotated away.
    """

    def __init__(self, folder: Path, master_key: MasterKey) -> None:
        self._path = folder / FILE_NAME
        self._passphrase = master_key.derived("signing keys").hex().encode("ascii")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the folder's master key; the first of all processes to come makes it.

        Raises:
            PortshiftError: the master key is missing, readable by others or damaged.

        """
        with locked(folder):
            return cls(folder, open_master_key(folder))

    def holds(self, entry: KeyEntry) -> bool:
        """Whether the document has the private half."""
        return entry.private_pem is not None

    def signer(self, entry: KeyEntry) -> FileSigner:
        """The entry's key, decrypted.

        Raises:
            PortshiftError: the master key is another folder's, or the private half another key's.

        """
        try:
            key = serialization.load_pem_private_key((entry.private_pem or "").encode(), self._passphrase)
        except (ValueError, TypeError) as error:
            raise PortshiftError(
                f"the master key does not open {self._path}",
                cure="restore the master.key that belongs to this folder",
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or jwk(key.public_key()) != entry.public_jwk:
            raise PortshiftError(
                f"{self._path} is damaged: the private key of {entry.kid} is another key's",
                cure="restore it from a backup",
            )
        return FileSigner(entry.kid, key)

    def latest(self, now: datetime) -> KeyEntry:
        """A new key: the document keeps no private half but the one that signs."""
        return self.fresh(now)

    def fresh(self, now: datetime) -> KeyEntry:
        """A new key."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(self._passphrase),
        )
        public = jwk(key.public_key())
        return KeyEntry(
            public["kid"], KeyStatus.SIGNING, now.astimezone(UTC), public, private_pem=pem.decode("ascii")
        )
