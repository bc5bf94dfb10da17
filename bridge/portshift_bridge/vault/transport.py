"""The way to Vault: a requests session that is bounded in time and size, and believes only JSON."""

from __future__ import annotations

import http.client
import io
import json
import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from portshift_bridge.outbound.guard import tls_context
from portshift_bridge.vault.errors import VaultUnreachable

MAX_BODY = 4 * 1024 * 1024
# Whoever asks right after a request that ran out of time would wait as long again, one after the other.
REST_SECONDS = 5.0
_CHUNK = 64 * 1024


class VaultAdapter(HTTPAdapter):
    """Exchanges that end within ``seconds`` in a whole answer or in ``VaultUnreachable``.

    After one that ran out of time, Vault is left alone for ``REST_SECONDS``: each request in them fails at
    once. A redirect is an error, so that the token goes to no other host.
    """

    def __init__(self, address: str, *, seconds: float, ca: str | None) -> None:
        self._address = address
        self._seconds = seconds
        self._tls = tls_context(ca)
        self._rests_until = 0.0
        super().__init__(pool_maxsize=16)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls, **kwargs)

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Leave the authorities to the context: requests would add its own bundle to a private one."""
        conn.cert_reqs = "CERT_REQUIRED"

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        if time.monotonic() < self._rests_until:
            raise self._late()
        ends = time.monotonic() + self._seconds
        try:
            return self._exchange(request, ends=ends)
        except requests.exceptions.SSLError as error:
            raise VaultUnreachable(
                f"Vault at {self._address}: TLS failed ({_innermost(error)})",
                cure="name the file of its certificate authority in vault_ca",
            ) from error
        # requests.Timeout is among them, but requests tells of a body that stalls in other words.
        except (
            requests.RequestException,
            HTTPError,
            http.client.HTTPException,
            OSError,
            ValueError,
        ) as error:
            if time.monotonic() >= ends:
                self._rests_until = time.monotonic() + REST_SECONDS
                raise self._late() from error
            raise VaultUnreachable(
                f"Vault at {self._address} cannot be reached ({_innermost(error)})",
                cure="start it, or correct vault_address",
            ) from error

    def _exchange(self, request: requests.PreparedRequest, *, ends: float) -> requests.Response:
        response = super().send(request, stream=True, timeout=self._seconds)
        try:
            if response.is_redirect:
                raise VaultUnreachable(
                    f"Vault at {self._address} redirects to {response.headers['Location'][:200]!r}",
                    cure="redirects are not followed; give the address that answers as vault_address",
                )
            body = self._body(response, ends=ends)
        finally:
            response.close()
        if response.ok and body and not _is_object(body):
            raise VaultUnreachable(
                f"{self._address} does not answer as Vault does", cure="correct vault_address"
            )
        return _whole(response, body)

    def _body(self, response: requests.Response, *, ends: float) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > MAX_BODY:
                raise VaultUnreachable(
                    f"{self._address} answers more than {MAX_BODY // 1024**2} MiB, Vault does not",
                    cure="correct vault_address",
                )
            if time.monotonic() > ends:
                raise requests.Timeout
        return bytes(body)

    def _late(self) -> VaultUnreachable:
        return VaultUnreachable(
            f"Vault at {self._address} did not answer within {self._seconds:g} s",
            cure="see how Vault does, or raise vault_timeout_seconds",
        )


def vault_http(adapter: VaultAdapter) -> requests.Session:
    """A session with this way out only: no proxy or ``~/.netrc`` of the environment, no cookies."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = "portshift-bridge"
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _whole(response: requests.Response, body: bytes) -> requests.Response:
    whole = requests.Response()
    whole.status_code, whole.headers, whole.url = response.status_code, response.headers, response.url
    whole.request, whole.encoding, whole.raw = response.request, "utf-8", io.BytesIO(body)
    return whole


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _innermost(error: BaseException) -> str:
    """The plainest name for what happened, without the nesting of three libraries."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return (str(reason or error).rpartition(": ")[2] or type(error).__name__)[:200]
