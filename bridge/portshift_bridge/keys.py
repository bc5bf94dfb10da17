"""The bridge's signing keys in an encrypted file: one signs, earlier ones go on verifying.

    signing ──rotate──▶ verifying ──distrust──▶ distrusted
       └───────────────distrust (a new key signs)────▲

Only the signing key's private half is kept; rotation forgets the old one, so a stolen backup never signs
with a key that was rotated away. Distrust is for a key that leaked: every token it signed is refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portshift.core.errors import InvalidInput, PortshiftError
from portshift.core.jose import der_to_raw
from portshift.core.jwks import KeySet, jwk
from portshift_bridge.durable import locked, replace_file
from portshift_bridge.master_key import MasterKey, open_master_key

FILE_NAME = "signing-keys.json"
_ES256 = ec.ECDSA(hashes.SHA256())


class KeyStatus(StrEnum):
    """What a key's signatures are worth."""

    SIGNING = "signing"
    VERIFYING = "verifying"
    DISTRUSTED = "distrusted"


@dataclass(frozen=True)
class KeyEntry:
    """A key as the file holds it; ``private_pem`` is encrypted, and there for the signing key alone."""

    kid: str
    status: KeyStatus
    created_at: datetime
    public_jwk: dict[str, str]
    private_pem: str | None = None


@dataclass(frozen=True)
class KeySigner:
    """One key, ready to sign: a token's ``kid`` and its signature come from the same one."""

    signing_kid: str
    private_key: ec.EllipticCurvePrivateKey

    def sign(self, signing_input: bytes) -> bytes:
        """The ES256 signature of the bytes: 64 bytes of r||s."""
        return der_to_raw(self.sign_der(signing_input))

    def sign_der(self, data: bytes) -> bytes:
        """The same in DER, as DSSE envelopes carry it."""
        return self.private_key.sign(data, _ES256)


class _Stamp(NamedTuple):
    inode: int
    modified: int
    size: int


class _Loaded(NamedTuple):
    stamp: _Stamp
    entries: tuple[KeyEntry, ...]
    signer: KeySigner


class KeyRing:
    """The keys of a data folder; a rotation by another process is noticed at the next use.

    Threads may share it: what was loaded is replaced whole, never changed.
    """

    def __init__(self, folder: Path, master_key: MasterKey) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._passphrase = master_key.derived("signing keys").hex().encode("ascii")
        self._loaded: _Loaded | None = None

    @classmethod
    def open(cls, folder: Path, *, now: datetime) -> Self:
        """Open the folder's keys; the first of all processes to come makes the first key.

        Raises:
            PortshiftError: the master key is missing, readable by others or another folder's, or a file is
                damaged or cannot be written.

        """
        with locked(folder):
            ring = cls(folder, open_master_key(folder))
            if not ring._path.exists():
                ring._write([ring._new_entry(now)])
            ring._current()
            return ring

    def signer(self) -> KeySigner:
        """The key that signs now: take it once for each token, so that a rotation cannot come between."""
        return self._current().signer

    @property
    def signing_kid(self) -> str:
        """The name of the key that signs now."""
        return self.signer().signing_kid

    def jwks(self) -> dict[str, Any]:
        """The JWKS of every key whose tokens are believed, newest first."""
        trusted = [entry for entry in self.list() if entry.status is not KeyStatus.DISTRUSTED]
        return {"keys": [entry.public_jwk for entry in trusted]}

    def key_set(self) -> KeySet:
        """The same keys for ``verify_token``; a distrusted key is refused as such."""
        entries = self.list()
        distrusted = [entry.kid for entry in entries if entry.status is KeyStatus.DISTRUSTED]
        return KeySet.from_jwks({"keys": [entry.public_jwk for entry in entries]}, distrusted=distrusted)

    def list(self) -> tuple[KeyEntry, ...]:
        """Every key there ever was, newest first."""
        return self._current().entries

    def rotate(self, now: datetime) -> str:
        """Sign with a new key from now on and return its kid; what the old one signed stays valid.

        Raises:
            PortshiftError: the key file cannot be written; the old key goes on signing.

        """
        with locked(self._folder):
            fresh = self._new_entry(now)
            self._write([fresh, *(_retired(entry) for entry in self._current().entries)])
            return fresh.kid

    def distrust(self, kid: str, *, now: datetime) -> None:
        """Refuse every token that this key signed, for ever; if it signs now, a new key takes over.

        Both happen in one write: there is no moment without a signing key or with one that is distrusted.

        Raises:
            InvalidInput: there is no key of this name.
            PortshiftError: the key file cannot be written; nothing has changed.

        """
        with locked(self._folder):
            entries = self._current().entries
            if kid not in {entry.kid for entry in entries}:
                raise InvalidInput(f"there is no key {kid!r}", cure="list the keys to see their names")
            changed = [_distrusted(entry) if entry.kid == kid else entry for entry in entries]
            if all(entry.status is not KeyStatus.SIGNING for entry in changed):
                changed.insert(0, self._new_entry(now))
            self._write(changed)

    def _current(self) -> _Loaded:
        """What the file says now, read again only when it was replaced."""
        loaded = self._loaded
        try:
            if loaded is None or _stamp(self._path.stat()) != loaded.stamp:
                loaded = self._loaded = self._read()
        except OSError as error:
            raise PortshiftError(
                f"cannot read {self._path}: {error.strerror}", cure="restore it from a backup"
            ) from error
        return loaded

    def _read(self) -> _Loaded:
        with self._path.open("rb") as file:
            stamp = _stamp(os.fstat(file.fileno()))
            data = file.read()
        try:
            entries = tuple(_entry_from_json(item) for item in json.loads(data)["keys"])
            (signing,) = (entry for entry in entries if entry.status is KeyStatus.SIGNING)
            pem = (signing.private_pem or "").encode("ascii")
        except (ValueError, KeyError, TypeError, InvalidInput) as error:
            raise PortshiftError(
                f"{self._path} is damaged, expected the keys that the bridge wrote, one of them signing",
                cure="restore it from a backup",
            ) from error
        return _Loaded(stamp, entries, KeySigner(signing.kid, self._decrypted(pem, signing)))

    def _decrypted(self, pem: bytes, entry: KeyEntry) -> ec.EllipticCurvePrivateKey:
        try:
            key = serialization.load_pem_private_key(pem, self._passphrase)
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
        return key

    def _new_entry(self, now: datetime) -> KeyEntry:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(self._passphrase),
        )
        public = jwk(key.public_key())
        return KeyEntry(public["kid"], KeyStatus.SIGNING, now.astimezone(UTC), public, pem.decode("ascii"))

    def _write(self, entries: Iterable[KeyEntry]) -> None:
        document = {"format": 1, "keys": [_entry_to_json(entry) for entry in entries]}
        replace_file(self._path, json.dumps(document, indent=2).encode("utf-8"))


def _retired(entry: KeyEntry) -> KeyEntry:
    if entry.status is not KeyStatus.SIGNING:
        return entry
    return replace(entry, status=KeyStatus.VERIFYING, private_pem=None)


def _distrusted(entry: KeyEntry) -> KeyEntry:
    return replace(entry, status=KeyStatus.DISTRUSTED, private_pem=None)


def _stamp(status: os.stat_result) -> _Stamp:
    return _Stamp(status.st_ino, status.st_mtime_ns, status.st_size)


def _entry_to_json(entry: KeyEntry) -> dict[str, Any]:
    document: dict[str, Any] = {
        "kid": entry.kid,
        "status": entry.status.value,
        "createdAt": entry.created_at.isoformat().replace("+00:00", "Z"),
        "publicKey": entry.public_jwk,
    }
    if entry.private_pem is not None:
        document["privateKey"] = entry.private_pem
    return document


def _entry_from_json(item: Any) -> KeyEntry:
    public = dict(item["publicKey"])
    # Read as strictly as any verifier would: a damaged key is found at the start, not at its first use.
    KeySet.from_jwks({"keys": [public]})
    if public["kid"] != item["kid"]:
        raise ValueError("the key has two names")
    return KeyEntry(
        kid=item["kid"],
        status=KeyStatus(item["status"]),
        created_at=datetime.fromisoformat(item["createdAt"]),
        public_jwk=public,
        private_pem=item.get("privateKey"),
    )
