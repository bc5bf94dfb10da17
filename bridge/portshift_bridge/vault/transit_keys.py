"""The second signer: keys of Vault's Transit engine, whose private halves never leave Vault.

A signature is made, and believed, in these steps (docs/reference/token.md has the same numbers):

 1. The signing entry of the key document gives the kid, the public key and the version of the Transit key.
    Vault is never asked which version is the latest, so its own rotation changes nothing.
 2. The SHA-256 digests of all inputs go to Vault in batches, with that version.
 3. There is one result for each input, and none is an error.
 4. Each is ``vault:v<version>:`` and 64 bytes of r||s in base64url.
 5. Each is a signature of its input by the entry's public key: a Vault that lost or replaced its key makes
    no token that a verifier refuses.

When a step fails, no signature of the request is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from portshift.core.errors import InvalidInput, PortshiftError, UsageFault
from portshift.core.jose import SIGNATURE_BYTES, decode_base64url, raw_to_der
from portshift.core.jwks import KeySet, jwk
from portshift_bridge.errors import SignerUnavailable
from portshift_bridge.key_document import KeyEntry, KeyStatus, TransitVersion
from portshift_bridge.vault.errors import VaultDenied, VaultNotFound
from portshift_bridge.vault.transit import KEY_TYPE, TransitEngine

# Inputs in one request.
MAX_BATCH = 1_000

_ES256 = ec.ECDSA(hashes.SHA256())
_ROTATE = "restore the key in Vault, or run 'portshift-bridge keys rotate' to sign with what Vault has now"


@dataclass(frozen=True)
class TransitSigner:
    """One version of a Transit key; ``signing.Signer`` says what it does."""

    engine: TransitEngine
    signing_kid: str
    public_key: ec.EllipticCurvePublicKey
    place: TransitVersion

    def sign_all(self, inputs: Sequence[bytes]) -> list[bytes]:
        """The ES256 signature of each input, verified: 64 bytes of r||s.

        Raises:
            SignerUnavailable: Vault did not sign all of them, or not with this key.

        """
        batches = (inputs[start : start + MAX_BATCH] for start in range(0, len(inputs), MAX_BATCH))
        return [signature for batch in batches for signature in self._signed(batch)]

    def _signed(self, inputs: Sequence[bytes]) -> Iterator[bytes]:
        digests = [hashlib.sha256(text).digest() for text in inputs]
        with _explained("sign", f"{self.place.mount}/sign/{self.place.key}", "update"):
            results = self.engine.sign(digests, version=self.place.version)
        if len(results) != len(inputs):
            raise self._unusable(f"Vault gave {len(results)} results for {len(inputs)} inputs")
        for text, result in zip(inputs, results, strict=True):
            yield self._signature(text, result)

    def _signature(self, text: bytes, result: Mapping[str, Any]) -> bytes:
        if result.get("error"):
            raise self._unusable(f"Vault did not sign: {str(result['error'])[:300]}")
        form, prefix = str(result.get("signature")), f"vault:v{self.place.version}:"
        try:
            signature = decode_base64url(form.removeprefix(prefix).encode("utf-8", "replace"))
        except InvalidInput:
            signature = b""
        if not form.startswith(prefix) or len(signature) != SIGNATURE_BYTES:
            raise self._unusable(
                f"found {form[:100]!r}, expected {prefix} and {SIGNATURE_BYTES} bytes of r||s"
            )
        try:
            self.public_key.verify(raw_to_der(signature), text, _ES256)
        except InvalidSignature as error:
            raise self._unusable("Vault signed with another key than the one of this version") from error
        return signature

    def _unusable(self, problem: str) -> SignerUnavailable:
        return SignerUnavailable(
            f"the signing key {self.signing_kid} ({self.place}): {problem}", cure=_ROTATE
        )


@dataclass(frozen=True)
class TransitKeys:
    """A named Transit key, each of whose versions is a key of ours; ``signing.KeyHome`` says what it does."""

    engine: TransitEngine
    mount: str
    key: str

    def holds(self, entry: KeyEntry) -> bool:
        """Whether the entry is a version of this key; Vault is not asked."""
        place = entry.transit
        return place is not None and (place.mount, place.key) == (self.mount, self.key)

    def signer(self, entry: KeyEntry) -> TransitSigner:
        """The version of an entry that this home holds, ready to sign; Vault is not asked."""
        if entry.transit is None:
            raise SignerUnavailable(f"the key {entry.kid} is not in Vault", cure="check the setting signer")
        public = KeySet.from_jwks({"keys": [entry.public_jwk]}).key(entry.kid)
        return TransitSigner(self.engine, entry.kid, public, entry.transit)

    def latest(self, now: datetime) -> KeyEntry:
        """The key's latest version; the key is made where there is none.

        Raises:
            SignerUnavailable: Vault does not answer, or its policy does not let us read or make the key.
            UsageFault: the key is of another type, or its private half can leave Vault.

        """
        data = self._read()
        if data is None:
            self._create()
            data = self._read()
        return self._entry(data or {}, now)

    def fresh(self, now: datetime) -> KeyEntry:
        """A version that was not there before; raises as ``latest`` does."""
        data = self._read()
        if data is None:
            return self.latest(now)
        self._check_use(data)
        with _explained("rotate its key", f"{self.mount}/keys/{self.key}/rotate", "update"):
            self.engine.rotate_key()
        return self.latest(now)

    def _read(self) -> Mapping[str, Any] | None:
        with _explained("read its key", f"{self.mount}/keys/{self.key}", "read"):
            try:
                return self.engine.read_key()
            except VaultNotFound:
                return None

    def _create(self) -> None:
        path = f"{self.mount}/keys/{self.key}"
        with _explained(f"create the key {self.key}, which does not exist", path, "create", "update"):
            try:
                self.engine.create_key()
            except VaultNotFound as error:
                raise SignerUnavailable(
                    f"Vault has no Transit engine at {self.mount!r}",
                    cure=f"run 'vault secrets enable -path={self.mount} transit', or set vault_transit_mount",
                ) from error

    def _entry(self, data: Mapping[str, Any], now: datetime) -> KeyEntry:
        self._check_use(data)
        version = data.get("latest_version")
        try:
            place = TransitVersion(self.mount, self.key, int(data["latest_version"]))
            public = _public_jwk(data["keys"][str(place.version)]["public_key"])
        except (KeyError, TypeError, AttributeError, ValueError, InvalidInput) as error:
            raise SignerUnavailable(
                f"Vault does not tell the public key of {self.mount}/{self.key} version {version!r}",
                cure=f"see 'vault read {self.mount}/keys/{self.key}'",
            ) from error
        return KeyEntry(public["kid"], KeyStatus.SIGNING, now.astimezone(UTC), public, transit=place)

    def _check_use(self, data: Mapping[str, Any]) -> None:
        if data.get("type") != KEY_TYPE:
            problem = f"is of type {data.get('type')!r}, expected {KEY_TYPE}"
        elif data.get("exportable") or data.get("allow_plaintext_backup"):
            # Vault cannot take either back for a key that has it.
            problem = "can be exported, expected one whose private half never leaves Vault"
        else:
            return
        raise UsageFault(
            f"the Transit key {self.mount}/{self.key} {problem}",
            cure="set vault_transit_key to another name: the bridge makes a key that does not exist",
        )


def _public_jwk(pem: str) -> dict[str, str]:
    key = load_pem_public_key(pem.encode("ascii"))
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise InvalidInput("found no EC key, expected one on P-256")
    return jwk(key)


@contextmanager
def _explained(doing: str, path: str, *capabilities: str) -> Iterator[None]:
    """Raise what Vault refuses as the signer's failure; a denial names the policy that cures it."""
    try:
        yield
    except VaultDenied as error:
        rights = ", ".join(f'"{each}"' for each in capabilities)
        raise SignerUnavailable(
            f"Vault does not let the bridge {doing}: {error.problem}",
            cure=f'{error.cure}; it needs path "{path}" {{ capabilities = [{rights}] }}',
        ) from error
    except (SignerUnavailable, UsageFault):
        raise
    except PortshiftError as error:
        raise SignerUnavailable(
            f"the bridge cannot {doing} in Vault: {error.problem}", cure=error.cure or _ROTATE
        ) from error
