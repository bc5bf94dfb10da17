"""The address of Vault. Pure: no name is resolved."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from portshift.core.errors import UsageFault


def vault_address(text: str, *, insecure: bool) -> str:
    """Check the setting ``vault_address``; without a slash at its end.

    Raises:
        UsageFault: it is no http or https URL, holds a login, a query or a fragment, or is plain http off
            loopback and ``insecure`` is not set.

    """
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"} or not text.isascii() or not text.isprintable():
        raise UsageFault("setting vault_address: expected a URL such as https://vault.example:8200")
    if "@" in parts.netloc or parts.query or parts.fragment or " " in text:
        raise UsageFault(
            "setting vault_address: found a login, query or fragment in it, expected none",
            cure="give the login by the other vault_ settings",
        )
    if parts.scheme == "http" and not insecure and not _is_loopback(host):
        raise UsageFault(
            f"plain HTTP to Vault at {host} would show every secret to the network",
            cure="use https, or set vault_insecure: true where something else encrypts the way",
        )
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
