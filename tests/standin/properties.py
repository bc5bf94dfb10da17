"""The grammar of properties in a query string, and which keys and values are taken (facts §2)."""

from __future__ import annotations

import re

from tests.standin.answers import Refusal
from tests.standin.model import Properties

_FORBIDDEN = re.compile(r"[)(}{\]\[*+^$\\/~`!@#%&<>;=,±§ ]")
_KEY_LIMIT = 255


def parse_properties(text: str, *, empty_values: bool) -> Properties:
    r"""Read ``k=v1,v2;k2=v3``: split on unescaped ``;`` or ``|``, then ``=``, then ``,``; ``\`` escapes.

    An entry with two unescaped ``=`` is dropped without a word. With ``empty_values`` (6.20) a bare key
    has the value ""; without, it is refused.

    Raises:
        Refusal: 400 for a bare key, or a key with a forbidden character.

    """
    found: Properties = {}
    for entry in _split(text, ";|"):
        if not entry:
            continue
        key, *values = _split(entry, "=")
        if len(values) > 1:
            continue
        key = _unescape(key)
        check_key(key)
        if (not values or not values[0]) and not empty_values:
            raise Refusal(400, "Properties value cannot be empty.")
        found[key] = [_unescape(value) for value in _split(values[0], ",")] if values else [""]
    return found


def parse_keys(text: str) -> list[str]:
    """Read ``k,k2``."""
    return [_unescape(key) for key in _split(text, ",") if key]


def check_key(key: str) -> None:
    """Raises Refusal: 400 for a key that Artifactory does not take."""
    if not key or len(key) > _KEY_LIMIT or _FORBIDDEN.search(key):
        raise Refusal(400, f"Illegal property key: '{key}'.")


def _split(text: str, separators: str) -> list[str]:
    """Split on unescaped separators; escapes stay for the next level."""
    parts, start, position = [], 0, 0
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] in separators:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]


def _unescape(text: str) -> str:
    r"""Remove the ``\`` before ``, = | ;``; any other ``\`` stands for itself."""
    return re.sub(r"\\([,=|;])", r"\1", text)
