"""A connected Artifactory, and the login it is asked with.

A registry says which references it means: by its own hosts (the three Docker access methods) and by mirrors
(hosts that one of its repositories proxies). JSON forms go through here in both directions; a login's secret
goes in, never out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from portshift.core.errors import InvalidInput
from portshift_bridge.outbound.addresses import proxy_url, registry_url
from portshift_bridge.registries import fields
from portshift_bridge.secrets import SecretState

_MAX_URL = 2_048
_PREFIX = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*\Z")

ANY_HOST = "*"


@dataclass(frozen=True)
class HostRule:
    """A host of the registry itself.

    ``HOST``: the path names the repository. ``HOST=REPO``: the host, mostly with a port, is one repository.
    ``*.HOST`` or ``INSTANCE-*.HOST``: the ``*`` of the first label names the repository.
    """

    host: str
    repository: str | None = None

    @classmethod
    def parse(cls, text: str) -> HostRule:
        host, separator, repository = text.partition("=")
        label, dot, domain = host.partition(".")
        if "*" in host:
            if label.count("*") != 1 or not dot or "*" in domain or separator:
                raise InvalidInput(
                    f"host: found {text!r}, expected one * in the first label and no repository,"
                    " such as *.docker.acme.com"
                )
            fields.host(host.replace("*", "x"))
            return cls(host=host.lower())
        return cls(fields.host(host), fields.repository(repository) if separator else None)

    def repository_in(self, host: str) -> str | None:
        """The repository that ``host`` names where this rule has a ``*``."""
        before, star, after = self.host.partition("*")
        if not star or not (host.startswith(before) and host.endswith(after)):
            return None
        label = host[len(before) : len(host) - len(after)]
        return label if label and "." not in label else None

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
            host=ANY_HOST if host == ANY_HOST else fields.host(host),
            repository=fields.repository(repository),
            prefix=prefix,
        )

    def __str__(self) -> str:
        return f"{self.host}={self.repository}" + (f"/{self.prefix}" if self.prefix else "")


@dataclass(frozen=True)
class Registry:
    """A connected Artifactory.

    ``url`` is Artifactory's own address, ``https://HOST/artifactory``; the URL's host is always one of its
    reference hosts. ``insecure`` allows plain http off loopback. ``ca`` is PEM text that replaces the
    authorities of the system. ``proxy`` is the address of an HTTP proxy on the way to it. ``include`` and
    ``exclude`` are repository keys with ``*`` and ``?``; empty ``include`` means every repository.
    """

    name: str
    url: str
    insecure: bool = False
    ca: str | None = None
    proxy: str | None = None
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
            "proxy": self.proxy,
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
        body = fields.mapping(value, "registry")
        insecure = fields.flag(body, "insecure")
        repositories = fields.mapping(body.get("repositories") or {}, "repositories")
        proxied = body.get("proxy") is not None
        return cls(
            name=fields.name(fields.text(body, "name", limit=63)),
            url=registry_url(fields.text(body, "url", limit=_MAX_URL), insecure=insecure),
            insecure=insecure,
            ca=fields.authorities(body.get("ca")),
            proxy=proxy_url(fields.text(body, "proxy", limit=_MAX_URL)) if proxied else None,
            hosts=fields.each(body, "hosts", HostRule.parse),
            mirrors=fields.each(body, "mirrors", Mirror.parse),
            include=fields.each(repositories, "include", fields.pattern),
            exclude=fields.each(repositories, "exclude", fields.pattern),
        )


class LoginKind(StrEnum):
    """How a registry is logged in to."""

    ANONYMOUS = "anonymous"
    PASSWORD = "password"  # noqa: S105 - the name of a kind
    TOKEN = "token"  # noqa: S105 - the name of a kind
    API_KEY = "api-key"


@dataclass(frozen=True)
class ProxyLogin:
    """What the registry's proxy is asked with, by Basic authentication."""

    username: str
    secret: str = field(repr=False)

    @classmethod
    def from_json(cls, value: Any) -> ProxyLogin:
        """Read ``{username, secret}``.

        Raises:
            InvalidInput: a part is missing, superfluous or no header text.

        """
        body = fields.mapping(value, "proxyLogin")
        if body.keys() != {"username", "secret"}:
            raise InvalidInput("proxyLogin: found other parts, expected username and secret")
        return cls(
            username=fields.credential(body, "username", what="proxyLogin"),
            secret=fields.credential(body, "secret", what="proxyLogin"),
        )


@dataclass(frozen=True)
class Login:
    """What a registry is asked with. ``secret`` is the password, access token or API key.

    ``proxy`` is the login at the registry's proxy; it lives and moves with the registry's own, in one secret.
    """

    kind: LoginKind = LoginKind.ANONYMOUS
    username: str | None = None
    secret: str | None = field(default=None, repr=False)
    proxy: ProxyLogin | None = None

    def to_json(self) -> dict[str, Any]:
        """What may be shown: never the secret."""
        return {"kind": self.kind.value, "username": self.username}

    def to_secret(self) -> dict[str, str]:
        """What the secret store keeps; ``from_secret`` reads it back."""
        parts = {"kind": self.kind.value, "username": self.username, "secret": self.secret}
        if self.proxy is not None:
            parts |= {"proxy_username": self.proxy.username, "proxy_secret": self.proxy.secret}
        return {key: part for key, part in parts.items() if part is not None}

    @classmethod
    def from_secret(cls, values: Mapping[str, str]) -> Login:
        """Read what ``to_secret`` wrote, or an administrator put into Vault.

        Raises:
            InvalidInput: as ``from_json`` and ``ProxyLogin.from_json``.

        """
        proxy = {key.removeprefix("proxy_"): values[key] for key in values if key.startswith("proxy_")}
        login = cls.from_json({key: values[key] for key in values if not key.startswith("proxy_")})
        return replace(login, proxy=ProxyLogin.from_json(proxy)) if proxy else login

    @classmethod
    def from_json(cls, value: Any) -> Login:
        """Read ``{kind, username, secret}``.

        Raises:
            InvalidInput: the kind is unknown, or its parts are missing, superfluous or no header text.

        """
        body = fields.mapping(value, "login")
        kind = _login_kind(body.get("kind", LoginKind.ANONYMOUS.value))
        wanted = _LOGIN_PARTS[kind]
        for part in ("username", "secret"):
            if (body.get(part) is not None) != (part in wanted):
                expected = " and ".join(wanted) or "neither username nor secret"
                raise InvalidInput(f"login: found the wrong parts for kind {kind.value}, expected {expected}")
        in_header = kind in {LoginKind.TOKEN, LoginKind.API_KEY}
        parts = {part: fields.credential(body, part, what="login", ascii_only=in_header) for part in wanted}
        return cls(kind, parts.get("username"), parts.get("secret"))


@dataclass(frozen=True)
class UnavailableLogin:
    """In place of a login that the secret store cannot give now: why, the cure, and the secret's state."""

    problem: str
    cure: str | None = None
    state: SecretState = SecretState.MISSING


_LOGIN_PARTS: Mapping[LoginKind, tuple[str, ...]] = {
    LoginKind.ANONYMOUS: (),
    LoginKind.PASSWORD: ("username", "secret"),
    LoginKind.TOKEN: ("secret",),
    LoginKind.API_KEY: ("secret",),
}


def _login_kind(value: Any) -> LoginKind:
    for kind in LoginKind:
        if kind.value == value:
            return kind
    raise InvalidInput(f"login: found the kind {value!r}, expected one of {', '.join(LoginKind)}")
