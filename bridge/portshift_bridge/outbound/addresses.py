"""Where a registry and its proxy may live. Pure: no name is resolved."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from portshift.core.errors import InvalidInput

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\Z")
_USUAL_PORTS = {"http": 80, "https": 443}
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class _Url:
    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def origin(self) -> str:
        """``SCHEME://HOST[:PORT]``, without the scheme's usual port."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port in {None, _USUAL_PORTS[self.scheme]}
        return f"{self.scheme}://{name if usual else f'{name}:{self.port}'}"


def registry_url(text: str, *, insecure: bool = False) -> str:
    """Check and normalise a registry's address; without a path, Artifactory's own ``/artifactory`` is meant.

    Raises:
        InvalidInput: it is no http or https URL, holds a login, a query or a fragment, is plain http off
            loopback, writes an address in an unusual form, or names a link-local or metadata address.

    """
    url = _read(text, "url", expected="https://HOST/artifactory")
    if url.scheme == "http" and not insecure and not _is_loopback(url.host):
        raise InvalidInput(
            f"url: found plain http to {url.host}, expected https",
            cure="use https, or allow it with --insecure",
        )
    return url.origin + (url.path.rstrip("/") or "/artifactory")


def proxy_url(text: str) -> str:
    """Check and normalise a proxy's address, ``http://HOST:PORT`` or ``https://HOST:PORT``.

    Raises:
        InvalidInput: it is none, holds more than that, or names a link-local or metadata address.

    """
    url = _read(text, "proxy", expected="http://HOST:PORT")
    if url.path.strip("/"):
        raise InvalidInput(f"proxy: found the path {url.path!r}, expected http://HOST:PORT")
    return url.origin


# Metadata that is not link-local: AWS, Google, Scaleway over IPv6; Alibaba, Azure, Oracle.
_METADATA = tuple(
    ipaddress.ip_network(network)
    for network in (
        "fd00:ec2::/32",
        "fd20:ce::254",
        "fd00:42::42",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
    )
)
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})
# Prefixes whose last 32 bits are an IPv4 address: NAT64 and its local form, mapped, translated, compatible.
_EMBEDDING = tuple(
    ipaddress.IPv6Network(network)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0/96", "::ffff:0:0:0/96", "::/96")
)


def permitted_address(host: str) -> bool:
    """Whether a registry may live there: not link-local, multicast, unspecified or a metadata service.

    An IPv6 address counts as every IPv4 address that it may be turned into on its way. A name is permitted
    unless clouds serve metadata under it; what it leads to is checked when the connection is made.
    """
    name = host.lower().rstrip(".").partition("%")[0]
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name not in _METADATA_NAMES
    return not any(_is_forbidden(each) for each in (address, *_embedded(address)))


def _is_forbidden(address: _Address) -> bool:
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return True
    if isinstance(address, ipaddress.IPv4Address) and (address.is_reserved or address.packed[0] == 0):
        return True
    return any(address in network for network in _METADATA)


def _embedded(address: _Address) -> Iterator[_Address]:
    """The IPv4 addresses inside an IPv6 address (RFC 4291, 6052, 3056, 4380, 7915)."""
    if isinstance(address, ipaddress.IPv4Address) or address == ipaddress.IPv6Address("::1"):
        return
    if any(address in network for network in _EMBEDDING):
        yield ipaddress.IPv4Address(address.packed[-4:])
    if address.sixtofour is not None:
        yield address.sixtofour
    yield from address.teredo or ()


def _read(text: str, field: str, *, expected: str) -> _Url:
    text = text.strip()
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError as error:
        raise InvalidInput(f"{field}: found no URL, expected {expected}") from error
    if "@" in parts.netloc:
        raise InvalidInput(
            f"{field}: found a login in it, expected none", cure="give the login by its own flags"
        )
    # Unicode dots and letters would be folded on the way to the resolver, a backslash read as a slash.
    if parts.scheme not in _USUAL_PORTS or not _is_plain(text) or not _is_host(host):
        raise InvalidInput(f"{field}: found {text[:200]!r}, expected {expected}")
    if parts.query or parts.fragment:
        raise InvalidInput(f"{field}: found a query or fragment, expected {expected}")
    if _is_unusual_ipv4(host):
        raise InvalidInput(
            f"{field}: found {host}, an IPv4 address in an unusual form, expected four decimal numbers"
        )
    if not permitted_address(host):
        raise InvalidInput(
            f"{field}: found the link-local or metadata address {host}, where no registry or proxy may be"
        )
    return _Url(parts.scheme, host, port, parts.path)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not set(' \\"<>^`{|}') & set(text)


def _is_host(host: str) -> bool:
    if ":" not in host:
        return len(host) <= 253 and _HOST.match(host) is not None
    try:
        return ipaddress.IPv6Address(host).scope_id is None
    except ValueError:
        return False


def _is_unusual_ipv4(host: str) -> bool:
    """Whether the C library reads it as an address and ``ipaddress`` does not: 0xa9fea9fe, 0251.0376.1."""
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return True
    return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
