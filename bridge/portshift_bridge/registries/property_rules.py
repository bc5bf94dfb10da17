r"""Which properties Artifactory keeps as they are, and how its query strings write them. Pure.

The grammar: entries part at ``;`` or ``|``, a key from its values at ``=``, values at ``,``; ``\`` before one
of these takes it literally, before anything else it is itself. Version 6 drops an entry that it cannot read
without a word, newer ones refuse an empty value; both cut a value at 2,400 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from urllib.parse import quote

from portshift.core.errors import InvalidInput

MAX_VALUE = 2_400
MAX_KEY = 255

_FORBIDDEN_IN_KEYS = re.compile(r"[)(}{\]\[*+^$\\/~`!@#%&<>;=,|±§\s\x00-\x1f\x7f\ud800-\udfff]")
_FORBIDDEN_IN_VALUES = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_SEPARATORS = re.compile(r"([,=|;])")
# The grammar has no way to write a backslash that stands before what it would escape.
_AMBIGUOUS = re.compile(r"\\([,=|;\\]|\Z)")

# The values that a key is given; None takes the property away.
Changes = Mapping[str, Sequence[str] | None]


class Way(StrEnum):
    """How properties are written: by ``PUT`` and ``DELETE`` of storage, or by ``PATCH`` of metadata."""

    STORAGE = "storage"
    METADATA = "metadata"


def check_changes(changes: Changes, *, way: Way, version: str) -> None:
    """See that Artifactory of this version keeps every key and value as it is when written in this way.

    Raises:
        InvalidInput: it does not; says which key, what was found, what was expected and the cure.

    """
    for key, values in changes.items():
        _check_key(key)
        if values is not None and not values:
            raise InvalidInput(f"property {key}: found no values, expected some", cure="remove it by None")
        for value in values or ():
            _check_value(key, value)
            if not value and not version.startswith("6."):
                raise InvalidInput(
                    f"property {key}: found an empty value, expected 1 to {MAX_VALUE} characters: "
                    f"Artifactory {version} keeps none",
                    cure="remove the property instead",
                )
            if way is Way.STORAGE and _AMBIGUOUS.search(value):
                raise InvalidInput(
                    f"property {key}: found a backslash before a separator or at the end, expected none: a "
                    "query string cannot say it",
                    cure="write it by PATCH of metadata",
                )


def _check_key(key: str) -> None:
    if not 1 <= len(key) <= MAX_KEY:
        raise InvalidInput(
            f"property {key[:40]!r}: found a key of {len(key)} characters, expected 1 to {MAX_KEY}",
            cure="choose another key",
        )
    if (wrong := _FORBIDDEN_IN_KEYS.search(key)) is not None:
        raise InvalidInput(
            f"property {key!r}: found {wrong[0]!r} in the key, expected none of "
            ")(}{][*+^$\\/~`!@#%&<>;=,|±§, space or control character",
            cure="use letters, digits, '.', '-' and '_'",
        )


def _check_value(key: str, value: str) -> None:
    if (wrong := _FORBIDDEN_IN_VALUES.search(value)) is not None:
        raise InvalidInput(
            f"property {key}: found {wrong[0]!r} in a value, expected no control character and no half of a "
            "character",
            cure="leave it out",
        )
    # Java counts a character beyond the basic plane twice.
    length = len(value.encode("utf-16-le")) // 2
    if length > MAX_VALUE:
        raise InvalidInput(
            f"property {key}: found a value of {length} characters, expected at most {MAX_VALUE}, where "
            "Artifactory cuts it",
            cure="shorten it, or write several values",
        )


def settings(changes: Changes, *, room: int) -> Iterator[str]:
    """The values of ``properties=`` that set what is not None, percent-encoded, each at most ``room`` long.

    Raises:
        InvalidInput: the values of one key are longer, and no request can set half of them.

    """
    entries = []
    for key, values in changes.items():
        if values is None:
            continue
        entry = quote(f"{key}={','.join(map(_escaped, values))}", safe="")
        if len(entry) > room:
            raise InvalidInput(
                f"property {key}: found values of {len(entry)} characters in a URL, expected at most {room}",
                cure="write it by PATCH of metadata",
            )
        entries.append(entry)
    return _joined(entries, separator=quote(";"), room=room)


def deletions(changes: Changes, *, room: int) -> Iterator[str]:
    """The values of ``properties=`` that take away what is None, each at most ``room`` long."""
    gone = [quote(key, safe="") for key, values in changes.items() if values is None]
    return _joined(gone, separator=quote(","), room=room)


def _escaped(value: str) -> str:
    return _SEPARATORS.sub(r"\\\1", value)


def _joined(entries: Iterable[str], *, separator: str, room: int) -> Iterator[str]:
    line = ""
    for entry in entries:
        if line and len(line) + len(separator) + len(entry) > room:
            yield line
            line = ""
        line = f"{line}{separator}{entry}" if line else entry
    if line:
        yield line
