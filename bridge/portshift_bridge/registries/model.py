"""A connected Artifactory, and the login it is asked with.

A registry says which references it means: by its own hosts (the three Docker access methods) and by mirrors
(hosts that one of its repositories proxies). JSON forms go through here in both directions; a login's secret
goes in, never out.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from portshift.core.errors import InvalidInput
from portshift_bridge.registries.addresses import registry_url

MAX_ENTRIES = 200
_MAX_URL = 2_048
_MAX_CA = 256 * 1024
_MAX_SECRET = 16 * 1024

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?\Z")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_PREFIX = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*\Z")
_PATTERN = re.compile(r"[A-Za-z0-9*?._-]{1,64}\Z")

ANY_HOST = "*"
_T = TypeVar("_T")


@dataclass(frozen=True)
class HostRule:
    """A host of the registry itself: ``HOST`` (the path names the repository) or ``HOST=REPO``."""

    host: str
    repository: str | None = None

    @classmethod
    def parse(cls, text: str) -> HostRule:
        host, separator, repository = text.partition("=")
        return cls(host=_host(host), repository=_repository(repository) if separator else None)

    def __str__(self) -> str:
        return self.host if self.repository is None else f"{self.host}={self.repository}"


@dataclass(frozen=True)
class Mirror:
    """A foreign host that a repository proxies: ``HOST=REPO[/PREFIX]``; ``*=REPO`` is every other host."""

    host: str
    repository: str
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> Mirror:
        host, separator, target = text.partition("=")
        if not separator:
            raise InvalidInput(
                f"mirror: found {text!r}, expected HOST=REPOSITORY[/PREFIX], such as docker.io=docker-remote"
            )
        repository, _, prefix = target.partition("/")
        if prefix and not _PREFIX.match(prefix):
            raise InvalidInput(f"mirror: found the prefix {prefix!r}, expected an image path in lower case")
        return cls(
            host=ANY_HOST if host == ANY_HOST else _host(host),
            repository=_repository(repository),
            prefix=prefix,
        )

    def __str__(self) -> str:
        return f"{self.host}={self.repository}" + (f"/{self.prefix}" if self.prefix else "")


@dataclass(frozen=True)
class Registry:
    """A connected Artifactory.

    ``url`` is Artifactory's own address, ``https://HOST/artifactory``; the URL's host is always one of its
    reference hosts. ``insecure`` allows plain http off loopback. ``ca`` is PEM text that replaces the
    authorities of the system. ``include`` and ``exclude`` are repository keys with ``*`` and ``?``; empty
    ``include`` means every repository.
    """

    name: str
    url: str
    insecure: bool = False
    ca: str | None = None
    hosts: tuple[HostRule, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """``HOST[:PORT]`` of the URL, as an image reference writes it."""
        return urlsplit(self.url).netloc

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "url": self.url,
            "insecure": self.insecure,
            "ca": self.ca,
            "hosts": [str(rule) for rule in self.hosts],
            "mirrors": [str(mirror) for mirror in self.mirrors],
            "repositories": {"include": list(self.include), "exclude": list(self.exclude)},
        }

    @classmethod
    def from_json(cls, value: Any) -> Registry:
        """Read a registry as the API and the store write it.

        Raises:
            InvalidInput: a field is missing, of the wrong type, out of bounds or unsafe; says which.

        """
        body = _object(value, "registry")
        insecure = _flag(body, "insecure")
        repositories = _object(body.get("repositories") or {}, "repositories")
        return cls(
            name=_name(_text(body, "name", limit=63)),
            url=registry_url(_text(body, "url", limit=_MAX_URL), insecure=insecure),
            insecure=insecure,
            ca=_ca(body.get("ca")),
            hosts=_each(body, "hosts", HostRule.parse),
            mirrors=_each(body, "mirrors", Mirror.parse),
            include=_each(repositories, "include", _pattern),
            exclude=_each(repositories, "exclude", _pattern),
        )


class LoginKind(StrEnum):
    """How a registry is logged in to."""

    ANONYMOUS = "anonymous"
    PASSWORD = "password"  # noqa: S105 - the name of a kind
    TOKEN = "token"  # noqa: S105 - the name of a kind
    API_KEY = "api-key"


@dataclass(frozen=True)
class Login:
    """What a registry is asked with. ``secret`` is the password, access token or API key."""

    kind: LoginKind = LoginKind.ANONYMOUS
    username: str | None = None
    secret: str | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """What may be shown: never the secret."""
        return {"kind": self.kind.value, "username": self.username}

    def to_secret(self) -> dict[str, str]:
        """What the secret store keeps; ``from_json`` reads it back."""
        parts = {"kind": self.kind.value, "username": self.username, "secret": self.secret}
        return {key: part for key, part in parts.items() if part is not None}

    @classmethod
    def from_json(cls, value: Any) -> Login:
        """Read ``{kind, username, secret}``, from the API or the secret store.

        Raises:
            InvalidInput: the kind is unknown, or its parts are missing, superfluous or no header text.

        """
        body = _object(value, "login")
        kind = _login_kind(body.get("kind", LoginKind.ANONYMOUS.value))
        wanted = _LOGIN_PARTS[kind]
        for part in ("username", "secret"):
            if (body.get(part) is not None) != (part in wanted):
                expected = " and ".join(wanted) or "neither username nor secret"
                raise InvalidInput(f"login: found the wrong parts for kind {kind.value}, expected {expected}")
        return cls(kind=kind, **{part: _credential(body, part, kind) for part in wanted})


@dataclass(frozen=True)
class UnavailableLogin:
    """In place of a login that the secret store cannot give now: why, and the cure."""

    problem: str
    cure: str | None = None


_LOGIN_PARTS: Mapping[LoginKind, tuple[str, ...]] = {
    LoginKind.ANONYMOUS: (),
    LoginKind.PASSWORD: ("username", "secret"),
    LoginKind.TOKEN: ("secret",),
    LoginKind.API_KEY: ("secret",),
}


def _name(text: str) -> str:
    if not _NAME.match(text):
        raise InvalidInput(
            f"name: found {text!r}, expected at most 63 lower-case letters, digits and '-', such as acme"
        )
    return text


def _host(text: str) -> str:
    host = text.lower()
    if not _HOST.match(host):
        raise InvalidInput(f"host: found {text!r}, expected HOST or HOST:PORT, such as docker.acme.com")
    return host


def _repository(text: str) -> str:
    if not _REPOSITORY.match(text):
        raise InvalidInput(f"repository: found {text!r}, expected a repository key, such as docker-local")
    return text


def _pattern(text: str) -> str:
    if not _PATTERN.match(text):
        raise InvalidInput(f"repositories: found {text!r}, expected a repository key with * and ?")
    return text


def _ca(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.isascii() or len(value) > _MAX_CA:
        raise InvalidInput(f"ca: expected PEM text with a certificate, at most {_MAX_CA // 1024} KiB")
    try:
        ssl.create_default_context(cadata=value)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidInput("ca: found no usable certificate, expected PEM text") from error
    return value


def _login_kind(value: Any) -> LoginKind:
    for kind in LoginKind:
        if kind.value == value:
            return kind
    raise InvalidInput(f"login: found the kind {value!r}, expected one of {', '.join(LoginKind)}")


def _credential(body: Mapping[str, Any], part: str, kind: LoginKind) -> str:
    value = body[part]
    if not isinstance(value, str) or not value or len(value) > _MAX_SECRET:
        raise InvalidInput(f"login: {part} is empty or too long, expected 1 to {_MAX_SECRET} characters")
    if not value.isprintable() or value != value.strip() or (part == "username" and ":" in value):
        raise InvalidInput(f"login: {part} holds a character that no login may, expected printable text")
    if kind in {LoginKind.TOKEN, LoginKind.API_KEY} and not value.isascii():
        raise InvalidInput(f"login: {part} holds a character that no HTTP header may, expected ASCII")
    return value


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{what}: expected an object")
    return value


def _text(body: Mapping[str, Any], key: str, *, limit: int) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"{key}: expected text")
    if len(value) > limit:
        raise InvalidInput(f"{key}: found {len(value)} characters, expected at most {limit}")
    return value


def _flag(body: Mapping[str, Any], key: str) -> bool:
    value = body.get(key, False)
    if not isinstance(value, bool):
        raise InvalidInput(f"{key}: expected true or false")
    return value


def _each(body: Mapping[str, Any], key: str, read: Callable[[str], _T]) -> tuple[_T, ...]:
    value = body.get(key) or []
    if not isinstance(value, list) or len(value) > MAX_ENTRIES:
        raise InvalidInput(f"{key}: expected a list of at most {MAX_ENTRIES} entries")
    if any(not isinstance(entry, str) for entry in value):
        raise InvalidInput(f"{key}: expected each entry to be text")
    return tuple(dict.fromkeys(read(entry) for entry in value))
