"""The way to Vault: a requests session that is bounded in time and size, and believes only JSON."""

from __future__ import annotations

import io
import json
import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests

from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.guard import GuardedAdapter
from portshift_bridge.outbound.reading import reading_until
from portshift_bridge.outbound.transport import EXCHANGE_FAILURES, innermost
from portshift_bridge.vault.errors import VaultUnreachable

MAX_BODY = 4 * 1024 * 1024
# Whoever asks right after a request that ran out of time would wait as long again, one after the other.
REST_SECONDS = 5.0
_CHUNK = 64 * 1024


class VaultAdapter(GuardedAdapter):
    """Exchanges that end within ``seconds`` in a whole answer or in ``VaultUnreachable``.

    After one that ran out of time, Vault is left alone for ``REST_SECONDS``: each request in them fails at
    once. A redirect is an error, so that the token goes to no other host.
    """

    def __init__(self, address: str, *, seconds: float, ca: str | None) -> None:
        self._address = address
        self._seconds = seconds
        self._rests_until = 0.0
        # Whoever starts the bridge chooses where Vault is; nobody can send it elsewhere through the API.
        super().__init__(ca=ca, permitted=lambda _: True)

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        if time.monotonic() < self._rests_until:
            raise self._late()
        deadline = Deadline.after(self._seconds)
        try:
            with reading_until(deadline):
                return self._exchange(request)
        except requests.exceptions.SSLError as error:
            raise VaultUnreachable(
                f"Vault at {self._address}: TLS failed ({innermost(error)})",
                cure="name the file of its certificate authority in vault_ca",
            ) from error
        # requests.Timeout is among them, but requests tells of a body that stalls in other words.
        except EXCHANGE_FAILURES as error:
            if deadline.passed:
                self._rests_until = time.monotonic() + REST_SECONDS
                raise self._late() from error
            raise VaultUnreachable(
                f"Vault at {self._address} cannot be reached ({innermost(error)})",
                cure="start it, or correct vault_address",
            ) from error

    def _exchange(self, request: requests.PreparedRequest) -> requests.Response:
        response = super().send(request, stream=True, timeout=self._seconds)
        try:
            if response.is_redirect:
                raise VaultUnreachable(
                    f"Vault at {self._address} redirects to {response.headers['Location'][:200]!r}",
                    cure="redirects are not followed; give the address that answers as vault_address",
                )
            body = self._body(response)
        finally:
            response.close()
        if response.ok and body and not _is_object(body):
            raise VaultUnreachable(
                f"{self._address} does not answer as Vault does", cure="correct vault_address"
            )
        return _whole(response, body)

    def _body(self, response: requests.Response) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > MAX_BODY:
                raise VaultUnreachable(
                    f"{self._address} answers more than {MAX_BODY // 1024**2} MiB, Vault does not",
                    cure="correct vault_address",
                )
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
