"""The public keys a verifier trusts, as a JSON Web Key Set (RFC 7517) and read strictly.

Every key is EC P-256 for ES256 and is named by its RFC 7638 thumbprint, so a ``kid`` can never be
made to mean another key, and one key never serves two algorithms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec

from portshift.core.canonical import canonical_json
from portshift.core.errors import InvalidInput, InvalidMessage
from portshift.core.jose import decode_base64url, encode_base64url

ALGORITHM = "ES256"
MAX_KEYS = 1_000
_COORDINATE_BYTES = 32
_FIXED = {"kty": "EC", "crv": "P-256", "alg": ALGORITHM, "use": "sig"}


class KeySet:
    """The keys whose signatures are believed, by ``kid``. Immutable; build a new one when keys change."""

    def __init__(
        self, keys: Mapping[str, ec.EllipticCurvePublicKey], *, distrusted: Collection[str] = ()
    ) -> None:
        self._keys = dict(keys)
        self._distrusted = frozenset(distrusted)

    @classmethod
    def from_jwks(cls, document: object, *, distrusted: Collection[str] = ()) -> Self:
        """Read the document a bridge serves at ``/.well-known/jwks.json``.

        ``distrusted`` names keys that are refused even where the document, a cached copy perhaps, still
        holds them.

        Raises:
            InvalidMessage: a key is not a P-256 public key for ES256 named by its thumbprint, a ``kid``
                stands twice, or a private part is present.

        """
        entries = document.get("keys") if isinstance(document, Mapping) else None
        if not isinstance(entries, list) or len(entries) > MAX_KEYS:
            raise InvalidMessage(f"JWKS: found no list 'keys', expected one of at most {MAX_KEYS} keys")
        keys: dict[str, ec.EllipticCurvePublicKey] = {}
        for index, entry in enumerate(entries):
            try:
                kid, key = _read_key(entry)
            except InvalidInput as error:
                raise InvalidMessage(f"JWKS keys[{index}]: {error.problem}") from error
            if kid in keys:
                raise InvalidMessage(f"JWKS keys[{index}]: found kid {kid!r} twice, expected unique kids")
            keys[kid] = key
        return cls(keys, distrusted=distrusted)

    @property
    def kids(self) -> frozenset[str]:
        """The keys that a signature may name."""
        return frozenset(self._keys) - self._distrusted

    def key(self, kid: str) -> ec.EllipticCurvePublicKey:
        """The key of this name.

        Raises:
            InvalidInput: the key is unknown or distrusted.

        """
        if kid in self._distrusted:
            raise InvalidInput(
                f"found the key {kid[:64]!r}, which is distrusted", cure="register the workload again"
            )
        try:
            return self._keys[kid]
        except KeyError:
            raise InvalidInput(
                f"found the key {kid[:64]!r}, expected one of the {len(self._keys)} trusted keys",
                cure="fetch the bridge's keys again, or find out who signed this",
            ) from None


def jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """The public key as a JWK, with its thumbprint as ``kid``.

    Raises:
        InvalidInput: the key is not on P-256.

    """
    x, y = _coordinates(key)
    return {**_FIXED, "kid": thumbprint(key), "x": x, "y": y}


def thumbprint(key: ec.EllipticCurvePublicKey) -> str:
    """The RFC 7638 thumbprint: base64url of the SHA-256 of the required members in canonical JSON.

    Raises:
        InvalidInput: the key is not on P-256.

    """
    x, y = _coordinates(key)
    members = canonical_json({"crv": "P-256", "kty": "EC", "x": x, "y": y})
    return encode_base64url(hashlib.sha256(members).digest())


def _coordinates(key: ec.EllipticCurvePublicKey) -> tuple[str, str]:
    if not isinstance(key.curve, ec.SECP256R1):
        raise InvalidInput(f"found a key on {key.curve.name}, expected P-256")
    numbers = key.public_numbers()
    x, y = (number.to_bytes(_COORDINATE_BYTES, "big") for number in (numbers.x, numbers.y))
    return encode_base64url(x), encode_base64url(y)


def _read_key(entry: object) -> tuple[str, ec.EllipticCurvePublicKey]:
    if not isinstance(entry, Mapping):
        raise InvalidInput("found no object, expected a JWK")
    for field, expected in _FIXED.items():
        if entry.get(field) != expected:
            raise InvalidInput(f"found {field} {entry.get(field)!r}, expected {expected!r}")
    if "d" in entry:
        raise InvalidInput("found a private key, expected a public one", cure="rotate it: it is public now")
    key = _public_key(_coordinate(entry, "x"), _coordinate(entry, "y"))
    kid = thumbprint(key)
    if entry.get("kid") != kid:
        raise InvalidInput(f"found kid {entry.get('kid')!r}, expected the key's thumbprint {kid!r}")
    return kid, key


def _coordinate(entry: Mapping[str, Any], field: str) -> int:
    value = entry.get(field)
    data = decode_base64url(value.encode("utf-8", "replace")) if isinstance(value, str) else b""
    if len(data) != _COORDINATE_BYTES:
        raise InvalidInput(f"found {field} of {len(data)} bytes, expected {_COORDINATE_BYTES}")
    return int.from_bytes(data, "big")


def _public_key(x: int, y: int) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise InvalidInput("found a point that is not on P-256") from error
