"""The address of a bridge, what proves us there, and the proxy on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from portshift.core.errors import UsageFault

DEFAULT_BRIDGE = "http://127.0.0.1:8480"
DEFAULT_TIMEOUT = 60.0
_LOOPBACK = ("localhost", "::1", "0:0:0:0:0:0:0:1")


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy; ``login`` is ``user:password``."""

    host: str
    port: int
    login: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Endpoint:
    """A bridge, or the neighbour that ``name`` says.

    ``path`` is the part of its URL before ``/api``; ``timeout`` bounds a whole exchange, in seconds.
    """

    url: str
    secure: bool
    host: str
    port: int
    path: str
    token: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    timeout: float = DEFAULT_TIMEOUT
    proxy: Proxy | None = None
    name: str = "the bridge"


def make_endpoint(
    url: str,
    *,
    token: str | None,
    ca_file: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    environ: Mapping[str, str],
) -> Endpoint:
    """Read a bridge's URL.

    Raises:
        UsageFault: it is no http or https URL, it holds a login, or a token would travel in clear text
            to another machine (DESIGN §7).

    """
    parts = _split(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    if token and not secure and not is_loopback(host) and environ.get("PORTSHIFT_ALLOW_HTTP") != "1":
        raise UsageFault(
            f"the access token would travel unencrypted to {url}",
            cure="use an https address, or set PORTSHIFT_ALLOW_HTTP=1 where the network itself is trusted",
        )
    return Endpoint(
        url=url.rstrip("/"),
        secure=secure,
        host=host,
        port=parts.port or (443 if secure else 80),
        path=parts.path.rstrip("/"),
        token=_checked_token(token),
        ca_file=ca_file,
        timeout=timeout,
        proxy=_proxy(parts.scheme, host, environ),
    )


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine."""
    return host in _LOOPBACK or host.startswith("127.") or host.endswith(".localhost")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageFault(f"the bridge address {url!r} is no URL: {error}", cure=_URL_CURE) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise UsageFault(
            f"found the bridge address {url!r}, expected https://host[:port][/path]", cure=_URL_CURE
        )
    if parts.username is not None:
        raise UsageFault("the bridge address holds a login", cure="put the access token in PORTSHIFT_TOKEN")
    return parts


_PROXY_CURE = "give http://host:port"
_URL_CURE = "give --bridge, PORTSHIFT_BRIDGE_URL or a context's bridge"


def _checked_token(token: str | None) -> str | None:
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise UsageFault("the access token holds a space, a line break or another character no token has")
    return token


def _proxy(scheme: str, host: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that ``HTTP(S)_PROXY`` and ``NO_PROXY`` name; as for Helm itself, none for loopback."""
    given = next(
        (value for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()) if (value := environ.get(name))), ""
    )
    if (
        not given
        or is_loopback(host)
        or _bypassed(host, environ.get("no_proxy") or environ.get("NO_PROXY") or "")
    ):
        return None
    try:
        parts = urlsplit(given if "://" in given else f"http://{given}")
        port = parts.port or 80
    except ValueError as error:
        raise UsageFault(f"{scheme.upper()}_PROXY is no URL: {error}", cure=_PROXY_CURE) from error
    if parts.scheme != "http" or not parts.hostname:
        raise UsageFault(f"{scheme.upper()}_PROXY names a proxy of another kind", cure=_PROXY_CURE)
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    return Proxy(parts.hostname, port, login)


def _bypassed(host: str, no_proxy: str) -> bool:
    for entry in no_proxy.split(","):
        name = entry.strip().lower().lstrip(".")
        if name == "*" or (name and (host == name or host.endswith("." + name))):
            return True
    return False
