"""The way out: a requests adapter that never talks to an address where no registry may live.

The address is checked on the connected socket, before a byte is sent, so a DNS answer that changes between
check and use (rebinding) gains nothing. Through a proxy the socket leads to the proxy and is held to the same
rule; the registry's name is resolved by the proxy, where nothing of ours can check it.
"""

from __future__ import annotations

import base64
import functools
import socket
import ssl
from collections.abc import Callable
from typing import Any, Protocol

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.addresses import permitted_address
from portshift_bridge.outbound.reading import BoundedResponse

POOL_SIZE = 16


class ProxyCredentials(Protocol):
    """What a proxy is asked with, by Basic authentication; ``registries.model.ProxyLogin`` is one."""

    @property
    def username(self) -> str: ...
    @property
    def secret(self) -> str: ...


class GuardedAdapter(HTTPAdapter):
    """Keeps up to ``POOL_SIZE`` connections open, verifies TLS, and refuses forbidden addresses.

    ``proxy`` is the address of an HTTP proxy; https goes through it by CONNECT, so that the proxy sees no
    login of the registry's.
    """

    def __init__(
        self,
        *,
        ca: str | None = None,
        proxy: str | None = None,
        proxy_login: ProxyCredentials | None = None,
        permitted: Callable[[str], bool] = permitted_address,
    ) -> None:
        self._tls = tls_context(ca)
        # The registry's private authority does not vouch for the proxy.
        self._proxy_tls = tls_context(None) if proxy is not None else None
        self._pools = _guarded_pools(permitted, is_proxy=proxy is not None)
        self._proxies = {} if proxy is None else {"http": proxy, "https": proxy}
        self._proxy_login = proxy_login
        super().__init__(pool_connections=2, pool_maxsize=POOL_SIZE)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(
            proxy, ssl_context=self._tls, proxy_ssl_context=self._proxy_tls, **kwargs
        )
        manager.pool_classes_by_scheme = self._pools
        return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:  # noqa: ARG002 - there is but one
        """What the proxy alone is sent."""
        if self._proxy_login is None:
            return {}
        pair = f"{self._proxy_login.username}:{self._proxy_login.secret}".encode()
        return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        return super().send(request, *args, **{**kwargs, "proxies": self._proxies})

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Leave the authorities to the context: requests would add its own bundle to a private one."""
        conn.cert_reqs = "CERT_REQUIRED"


def tls_context(ca: str | None) -> ssl.SSLContext:
    """Trust ``ca`` alone when given, else the system's authorities and those that requests brings."""
    return _public_tls() if ca is None else ssl.create_default_context(cadata=ca)


@functools.cache
def _public_tls() -> ssl.SSLContext:
    # One for all: it takes a MiB and up to 70 ms, and there may be hundreds of registries.
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


def _guarded_pools(permitted: Callable[[str], bool], *, is_proxy: bool) -> dict[str, Any]:
    whose = "proxy" if is_proxy else "URL"

    def checked(connected: socket.socket, host: str) -> socket.socket:
        address = str(connected.getpeername()[0])
        if permitted(address):
            return connected
        connected.close()
        raise Unreachable(
            f"{host} leads to {address}, a link-local or metadata address, where no registry may be",
            cure=f"correct the registry's {whose} or its DNS entry",
        )

    class GuardedHTTP(HTTPConnection):
        response_class = BoundedResponse

        def _new_conn(self) -> socket.socket:
            return checked(super()._new_conn(), self.host)

    class GuardedHTTPS(HTTPSConnection):
        response_class = BoundedResponse

        def _new_conn(self) -> socket.socket:
            return checked(super()._new_conn(), self.host)

    class HTTPPool(HTTPConnectionPool):
        ConnectionCls = GuardedHTTP

    class HTTPSPool(HTTPSConnectionPool):
        ConnectionCls = GuardedHTTPS

    return {"http": HTTPPool, "https": HTTPSPool}
