"""The compact JWS form, read strictly: one spelling for each value, and bounded before it is parsed.

General JOSE libraries are more lenient: they take padding, stray bits at the end of a base64url part and
repeated JSON keys. A token has one spelling here, so it can be cached and compared by its text.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from portshift.core.errors import InvalidInput

# ES256 (RFC 7518 §3.4): r and s of 32 bytes each.
SIGNATURE_BYTES = 64

# Far below where the parser would run out of stack, far above what a token needs.
MAX_DEPTH = 64

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_PADDING = (b"", b"", b"==", b"=")
# By length modulo 4: the last characters whose unused bits are zero (RFC 4648 §3.5). One alone is no byte.
_LAST = (_ALPHABET, b"", b"AQgw", b"AEIMQUYcgkosw048")

# An unclosed string runs to the end, so that the scan is linear whatever the input.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def encode_base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_base64url(text: bytes) -> bytes:
    """Read base64url without padding, in its only canonical spelling.

    Raises:
        InvalidInput: padding, a character outside the alphabet, or stray bits at the end.

    """
    if text.translate(None, _ALPHABET):
        raise InvalidInput("found characters outside base64url, expected A-Z a-z 0-9 - _ without padding")
    rest = len(text) & 3
    if text[-1:] not in _LAST[rest]:
        raise InvalidInput("found base64url with stray bits at its end, expected the canonical spelling")
    return binascii.a2b_base64(text.translate(_TO_STANDARD) + _PADDING[rest])


def split_compact(token: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Return the signing input and the decoded header, payload and signature of a compact JWS.

    Raises:
        InvalidInput: anything but three non-empty canonical base64url parts with a 64-byte signature.

    """
    try:
        text = token.encode("ascii")
    except UnicodeEncodeError as error:
        raise InvalidInput("found characters outside ASCII, expected base64url") from error
    parts = text.split(b".")
    if len(parts) != 3 or b"" in parts:
        raise InvalidInput(f"found {len(parts)} parts, expected three that are not empty, joined by dots")
    header, payload, signature = map(decode_base64url, parts)
    if len(signature) != SIGNATURE_BYTES:
        raise InvalidInput(f"found a signature of {len(signature)} bytes, expected {SIGNATURE_BYTES} of r||s")
    return text[: text.rindex(b".")], header, payload, signature


def parse_object(data: bytes) -> dict[str, Any]:
    """Read a JSON object whose depth is bounded and whose keys are unique at every level.

    Raises:
        InvalidInput: no JSON in UTF-8, not an object, a repeated key, a lone surrogate, NaN or infinity,
            or too deep.

    """
    if not _shallow(data):
        raise InvalidInput(f"found JSON that is unbalanced or nested more than {MAX_DEPTH} deep")
    try:
        text = data.decode("utf-8")
        value, end = _DECODER.raw_decode(text)
        if end != len(text):
            raise ValueError("more after its end")
        if "\\" in text:
            # An escape may spell half a surrogate pair, which is no text and cannot be written again.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except ValueError as error:
        raise InvalidInput(f"found no readable JSON ({error}), expected an object in UTF-8") from error
    if not isinstance(value, dict):
        raise InvalidInput("found JSON that is no object, expected an object")
    return value


def raw_to_der(signature: bytes) -> bytes:
    """An ECDSA signature as ``cryptography`` and DSSE take it, from the r||s of a JWS."""
    half = SIGNATURE_BYTES // 2
    return encode_dss_signature(
        int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    )


def der_to_raw(signature: bytes) -> bytes:
    """The r||s of a JWS (RFC 7518 §3.4), from an ECDSA signature as ``cryptography`` makes it."""
    half = SIGNATURE_BYTES // 2
    r, s = decode_dss_signature(signature)
    return r.to_bytes(half, "big") + s.to_bytes(half, "big")


def _shallow(data: bytes) -> bool:
    """Whether JSON is nested no deeper than the cap, told without parsing it."""
    if data.count(b"{") + data.count(b"[") <= MAX_DEPTH:
        return True
    brackets = _STRING.sub(b"", data).translate(_ONE_KIND, _NO_BRACKETS)
    # Each round removes the innermost level; which bracket closes which is the parser's business.
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
    return not brackets


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
