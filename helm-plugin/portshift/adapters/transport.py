"""One bounded HTTP exchange with a bridge.

On ``http.client``, because every rendering pays for what this module imports. The exchange runs in a
thread of its own, so that the deadline covers all of it: name lookup, TLS, a reply that comes in drops.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple

from portshift import __version__
from portshift.adapters.endpoint import Endpoint
from portshift.core.errors import Unreachable, UsageFault

MAX_ANSWER = 128 * 1024 * 1024
_START = "start it with `portshift-bridge serve`, or give its address as PORTSHIFT_BRIDGE_URL"


class Answer(NamedTuple):
    """What came back; a redirect never gets here."""

    status: int
    content_type: str
    body: bytes


def exchange(endpoint: Endpoint, method: str, path: str, body: bytes | None = None) -> Answer:
    """Send one request and read the whole answer.

    Raises:
        Unreachable: a redirect, or no whole answer within ``endpoint.timeout`` and ``MAX_ANSWER``.
        UsageFault: the CA file cannot be used.

    """
    outcome: list[Answer | Exception] = []
    worker = threading.Thread(target=_work, args=(outcome, endpoint, method, path, body), daemon=True)
    worker.start()
    worker.join(endpoint.timeout)
    if not outcome:
        raise Unreachable(
            f"{endpoint.name} at {endpoint.url} gave no whole answer within {endpoint.timeout:g} s",
            cure="try again, or allow more time with PORTSHIFT_TIMEOUT",
        )
    if isinstance(outcome[0], Answer):
        return outcome[0]
    raise _explained(endpoint, outcome[0]) from outcome[0]


def _work(
    outcome: list[Answer | Exception], endpoint: Endpoint, method: str, path: str, body: bytes | None
) -> None:
    try:
        outcome.append(_answer(endpoint, method, path, body))
    except (OSError, http.client.HTTPException, ValueError, Unreachable, UsageFault) as error:
        outcome.append(error)


def _answer(endpoint: Endpoint, method: str, path: str, body: bytes | None) -> Answer:
    connection = _connection(endpoint)
    try:
        # A server that refuses a body answers and closes before it has read all of it.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, _target(endpoint, path), body=body, headers=_headers(endpoint, body))
        response = connection.getresponse()
        if 300 <= response.status < 400:
            raise Unreachable(
                f"{endpoint.url} answered with a redirect to {response.getheader('location')!r}",
                cure="give the bridge's own address",
            )
        content = response.read(MAX_ANSWER + 1)
        if len(content) > MAX_ANSWER:
            raise Unreachable(f"{endpoint.url} answered with more than {MAX_ANSWER} bytes")
        if response.length:
            raise http.client.IncompleteRead(content, response.length)
        return Answer(response.status, response.getheader("content-type", ""), content)
    finally:
        connection.close()


def _connection(endpoint: Endpoint) -> http.client.HTTPConnection:
    proxy = endpoint.proxy
    host, port = (proxy.host, proxy.port) if proxy else (endpoint.host, endpoint.port)
    if not endpoint.secure:
        return http.client.HTTPConnection(host, port, timeout=endpoint.timeout)
    connection = http.client.HTTPSConnection(host, port, timeout=endpoint.timeout, context=_tls(endpoint))
    if proxy:
        connection.set_tunnel(endpoint.host, endpoint.port, headers=_proxy_login(endpoint))
    return connection


def _tls(endpoint: Endpoint) -> ssl.SSLContext:
    """The system's authorities (or ``SSL_CERT_FILE``, which OpenSSL reads itself), else the given ones."""
    try:
        return ssl.create_default_context(cafile=endpoint.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise UsageFault(
            f"the CA file {endpoint.ca_file} cannot be used: {error}",
            cure="give PEM certificates in PORTSHIFT_CA",
        ) from error


def _target(endpoint: Endpoint, path: str) -> str:
    if endpoint.proxy and not endpoint.secure:
        return f"http://{endpoint.host}:{endpoint.port}{endpoint.path}{path}"
    return endpoint.path + path


def _headers(endpoint: Endpoint, body: bytes | None) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": f"portshift/{__version__}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if endpoint.token:
        headers["Authorization"] = f"Bearer {endpoint.token}"
    if endpoint.proxy and not endpoint.secure:
        headers.update(_proxy_login(endpoint))
    return headers


def _proxy_login(endpoint: Endpoint) -> Mapping[str, str]:
    if endpoint.proxy is None or endpoint.proxy.login is None:
        return {}
    return {"Proxy-Authorization": "Basic " + b64encode(endpoint.proxy.login.encode()).decode()}


def _explained(endpoint: Endpoint, error: Exception) -> Exception:
    if isinstance(error, Unreachable | UsageFault):
        return error
    where = f"{endpoint.name} at {endpoint.url}"
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(f"{where} refused the connection", cure=_START)
    if isinstance(error, socket.gaierror):
        return Unreachable(f"the host name {endpoint.host!r} of {endpoint.name} is not known", cure=_START)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreachable(
            f"{where} is not trusted: {error.verify_message}",
            cure="give its authority's certificate in PORTSHIFT_CA",
        )
    if isinstance(error, TimeoutError):
        return Unreachable(f"{where} did not answer within {endpoint.timeout:g} s", cure="try again")
    if isinstance(error, http.client.HTTPException | ConnectionError):
        found = type(error).__name__
        return Unreachable(
            f"{where} broke off its answer ({found})", cure="try again, or look at the bridge's log"
        )
    return Unreachable(f"{where} cannot be reached: {error}", cure=_START)
