"""Where a registry may live. Pure: no name is resolved."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from portshift.core.errors import InvalidInput


def registry_url(text: str, *, insecure: bool = False) -> str:
    """Check and normalise a registry's address; without a path, Artifactory's own ``/artifactory`` is meant.

    Raises:
        InvalidInput: it is no http or https URL, holds a login, a query or a fragment, is plain http off
            loopback, or names a link-local address.

    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidInput(f"url: found {text!r}, expected https://HOST/artifactory") from error
    if parts.scheme not in {"http", "https"} or not host or not text.isascii() or " " in text.strip():
        raise InvalidInput(f"url: found {text!r}, expected https://HOST/artifactory")
    if "@" in parts.netloc:
        raise InvalidInput("url: found a login in it, expected none", cure="give the login by its own flags")
    if parts.query or parts.fragment:
        raise InvalidInput("url: found a query or fragment, expected https://HOST/artifactory")
    if parts.scheme == "http" and not insecure and not _is_loopback(host):
        raise InvalidInput(
            f"url: found plain http to {host}, expected https", cure="use https, or allow it with --insecure"
        )
    if not permitted_address(host):
        raise InvalidInput(
            f"url: found the link-local or metadata address {host}, expected a registry's host"
        )
    name = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    netloc = name if port in {None, usual} else f"{name}:{port}"
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/') or '/artifactory'}"


# Metadata services of clouds that are not link-local: AWS over IPv6, Alibaba, Azure.
_METADATA = frozenset(
    ipaddress.ip_address(address) for address in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16")
)


def permitted_address(host: str) -> bool:
    """Whether a registry may live there: not link-local, multicast, unspecified or a metadata service.

    A name is permitted; the address it leads to is checked when the connection is made.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return True
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    unsafe = address.is_link_local or address.is_multicast or address.is_unspecified
    return not unsafe and address not in _METADATA


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
