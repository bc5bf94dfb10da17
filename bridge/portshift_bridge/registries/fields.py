"""Reading the fields of a registry as a user writes them: each says what was found and what was expected."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from portshift.core.errors import InvalidInput

MAX_ENTRIES = 200
_MAX_CA = 256 * 1024
_MAX_SECRET = 16 * 1024

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?\Z")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_PATTERN = re.compile(r"[A-Za-z0-9*?._-]{1,64}\Z")
_T = TypeVar("_T")


def name(text: str) -> str:
    """A registry's name."""
    if not _NAME.match(text):
        raise InvalidInput(
            f"name: found {text!r}, expected at most 63 lower-case letters, digits and '-', such as acme"
        )
    return text


def host(text: str) -> str:
    """``HOST`` or ``HOST:PORT`` in lower case."""
    lower = text.lower()
    if not _HOST.match(lower):
        raise InvalidInput(f"host: found {text!r}, expected HOST or HOST:PORT, such as docker.acme.com")
    return lower


def repository(text: str) -> str:
    """A repository key."""
    if not _REPOSITORY.match(text):
        raise InvalidInput(f"repository: found {text!r}, expected a repository key, such as docker-local")
    return text


def pattern(text: str) -> str:
    """A repository key with ``*`` and ``?``."""
    if not _PATTERN.match(text):
        raise InvalidInput(f"repositories: found {text!r}, expected a repository key with * and ?")
    return text


def authorities(value: Any) -> str | None:
    """PEM text with at least one certificate, and no private key: a registry's ``ca`` is shown to readers."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or not value.isascii() or len(value) > _MAX_CA:
        raise InvalidInput(f"ca: expected PEM text with a certificate, at most {_MAX_CA // 1024} KiB")
    if "PRIVATE KEY-----" in value:
        raise InvalidInput("ca: found a private key in it, expected certificates only")
    try:
        ssl.create_default_context(cadata=value)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidInput("ca: found no usable certificate, expected PEM text") from error
    return value


def credential(body: Mapping[str, Any], part: str, *, what: str, ascii_only: bool = False) -> str:
    """A user name or secret; a refusal never shows it."""
    value = body[part]
    if not isinstance(value, str) or not value or len(value) > _MAX_SECRET:
        raise InvalidInput(f"{what}: {part} is empty or too long, expected 1 to {_MAX_SECRET} characters")
    if not value.isprintable() or value != value.strip() or (part == "username" and ":" in value):
        raise InvalidInput(f"{what}: {part} holds a character that no login may, expected printable text")
    if ascii_only and not value.isascii():
        raise InvalidInput(f"{what}: {part} holds a character that no HTTP header may, expected ASCII")
    return value


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{what}: expected an object")
    return value


def text(body: Mapping[str, Any], key: str, *, limit: int) -> str:
    """Text that is not empty."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"{key}: expected text")
    if len(value) > limit:
        raise InvalidInput(f"{key}: found {len(value)} characters, expected at most {limit}")
    return value


def flag(body: Mapping[str, Any], key: str) -> bool:
    """True or false; absent is false."""
    value = body.get(key, False)
    if not isinstance(value, bool):
        raise InvalidInput(f"{key}: expected true or false")
    return value


def each(body: Mapping[str, Any], key: str, read: Callable[[str], _T]) -> tuple[_T, ...]:
    """A list of texts, each read by ``read``, without repetitions."""
    value = body.get(key) or []
    if not isinstance(value, list) or len(value) > MAX_ENTRIES:
        raise InvalidInput(f"{key}: expected a list of at most {MAX_ENTRIES} entries")
    if any(not isinstance(entry, str) for entry in value):
        raise InvalidInput(f"{key}: expected each entry to be text")
    return tuple(dict.fromkeys(read(entry) for entry in value))
