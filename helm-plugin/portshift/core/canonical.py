"""Canonical JSON (RFC 8785) for the values an identity is made of: strings, null, lists and objects."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring

from portshift.core.errors import InvalidInput

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))

# One string in its canonical form, quotes included (RFC 8785 §3.2.2.2).
canonical_text = encode_basestring

Canonical = str | None | Sequence["Canonical"] | Mapping[str, "Canonical"]


def canonical_json(value: Canonical) -> bytes:
    """Return the RFC 8785 bytes of ``value``.

    Numbers have no place in an identity, so the number form of RFC 8785 §3.2.2.3 is not needed; object
    keys are ours and ASCII, so code point order is the UTF-16 order that §3.2.3 asks for.

    Raises:
        InvalidInput: a string holds a lone surrogate, which has no UTF-8 form (RFC 8785 §3.2.2.2).

    """
    return utf8(_ENCODER.encode(value))


def utf8(text: str) -> bytes:
    """The UTF-8 bytes of canonical JSON.

    Raises:
        InvalidInput: ``text`` holds a lone surrogate.

    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"a string holds the lone surrogate {error.object[error.start]!r}, expected Unicode text"
        ) from error
