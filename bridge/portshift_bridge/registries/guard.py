"""The way out: a requests adapter that never talks to an address where no registry may live.

The address is checked on the connected socket, before a byte is sent, so a DNS answer that changes between
check and use (rebinding) gains nothing.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from portshift.core.errors import Unreachable
from portshift_bridge.registries.addresses import permitted_address

POOL_SIZE = 16


class GuardedAdapter(HTTPAdapter):
    """Keeps up to ``POOL_SIZE`` connections open, verifies TLS, and refuses forbidden addresses."""

    def __init__(
        self, *, ca: str | None = None, permitted: Callable[[str], bool] = permitted_address
    ) -> None:
        self._tls = tls_context(ca)
        self._pools = _guarded_pools(permitted)
        super().__init__(pool_connections=2, pool_maxsize=POOL_SIZE)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Leave the authorities to the context: requests would add its own bundle to a private one."""
        conn.cert_reqs = "CERT_REQUIRED"


def tls_context(ca: str | None) -> ssl.SSLContext:
    """Trust ``ca`` alone when given, else the system's authorities and those that requests brings."""
    if ca is not None:
        return ssl.create_default_context(cadata=ca)
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


def _guarded_pools(permitted: Callable[[str], bool]) -> dict[str, Any]:
    def checked(connected: socket.socket, host: str) -> socket.socket:
        address = str(connected.getpeername()[0])
        if permitted(address):
            return connected
        connected.close()
        raise Unreachable(
            f"{host} leads to {address}, a link-local or metadata address, where no registry may be",
            cure="correct the registry's URL or its DNS entry",
        )

    class GuardedHTTP(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return checked(super()._new_conn(), self.host)

    class GuardedHTTPS(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return checked(super()._new_conn(), self.host)

    class HTTPPool(HTTPConnectionPool):
        ConnectionCls = GuardedHTTP

    class HTTPSPool(HTTPSConnectionPool):
        ConnectionCls = GuardedHTTPS

    return {"http": HTTPPool, "https": HTTPSPool}
