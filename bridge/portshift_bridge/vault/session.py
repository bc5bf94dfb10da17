"""One login at Vault for the whole process: made when first needed, renewed while it lasts, made anew."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import hvac
from hvac import exceptions

from portshift.core.errors import PortshiftError, UsageFault
from portshift_bridge.outbound.guard import tls_context
from portshift_bridge.settings import Settings
from portshift_bridge.vault.address import vault_address
from portshift_bridge.vault.errors import (
    VaultDenied,
    VaultError,
    VaultNotFound,
    VaultSealed,
    VaultUnreachable,
)
from portshift_bridge.vault.logins import Granted, LogIn, granted, login_of
from portshift_bridge.vault.transport import VaultAdapter, vault_http

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

# Renewed with a third of its life left, so that a short outage of Vault does not end it.
_RENEWED_AT = 2 / 3
_SHORTEST_WAIT_SECONDS = 1.0
_RETRY_SECONDS = 5.0
_MAX_MESSAGE = 300


@dataclass(frozen=True)
class _Lease:
    """A client with a token; ``seconds`` of life were granted, and at ``ends`` (monotonic) it is over."""

    client: hvac.Client
    seconds: int
    renewable: bool
    ends: float


class VaultSession:
    """Calls to Vault as one login; safe to use from several threads. The caller closes it.

    A timer renews the token, so that an idle bridge stays logged in; a login that cannot be renewed, or that
    Vault has forgotten, is made again.
    """

    def __init__(
        self, address: str, log_in: LogIn, *, namespace: str | None, ca: str | None, timeout_seconds: float
    ) -> None:
        self.address = address
        self._log_in = log_in
        self._namespace = namespace
        # A login is at most two requests.
        self._patience = 2 * timeout_seconds
        self._http = vault_http(VaultAdapter(address, seconds=timeout_seconds, ca=ca))
        self._lock = threading.Lock()
        self._lease: _Lease | None = None
        self._timer: threading.Timer | None = None
        self._closed = False
        self._answering = True

    @property
    def answering(self) -> bool:
        """Whether Vault gave its latest answer as a working, unsealed server."""
        return self._answering

    def close(self) -> None:
        """Forget the login; the token itself ends by its time to live."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._http.close()

    def call(self, work: Callable[[hvac.Client], _T]) -> _T:
        """What ``work`` makes of Vault's answer; it may run twice, when the token turns out to be gone.

        Raises:
            VaultSealed: nobody has unsealed Vault.
            VaultUnreachable: no answer in time, or not one that ``work`` can read.
            VaultDenied: Vault refuses the login, or its policy does not allow this.
            VaultNotFound: nothing is there.
            VaultError: Vault refuses the request for another reason.
            PortshiftError: the file with the login cannot be used.

        """
        lease = self._logged_in()
        try:
            return self._ask(lease.client, work)
        except VaultDenied:
            # 403 means a policy as well as a token that is gone; only the latter is cured by a new one.
            if self._is_alive(lease):
                raise
        return self._ask(self._logged_in(instead_of=lease).client, work)

    def _logged_in(self, *, instead_of: _Lease | None = None) -> _Lease:
        lease = self._lease
        if lease is not None and lease is not instead_of and time.monotonic() < lease.ends:
            return lease
        with self._exclusive():
            if self._lease is lease:
                self._lease = None
            self._lease = self._lease or self._new_lease()
            return self._lease

    def _new_lease(self) -> _Lease:
        client = self._client(token="")
        try:
            made = self._ask(client, self._log_in)
        except (VaultSealed, VaultUnreachable):
            raise
        except VaultError as error:
            raise VaultDenied(
                f"the bridge cannot log in: {error.problem}",
                cure="renew its login, or correct the vault_ settings; see docs/how-to/vault.md",
            ) from error
        return self._leased(self._client(token=made.token), made)

    def _leased(self, client: hvac.Client, made: Granted) -> _Lease:
        """Begin a lease, and arrange for its renewal."""
        if made.seconds <= 0:
            return _Lease(client, 0, made.renewable, float("inf"))
        lease = _Lease(client, made.seconds, made.renewable, time.monotonic() + made.seconds)
        self._set_timer(max(_SHORTEST_WAIT_SECONDS, made.seconds * _RENEWED_AT), lease)
        return lease

    def _set_timer(self, seconds: float, lease: _Lease) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._closed:
            return
        self._timer = threading.Timer(seconds, self._keep_logged_in, [lease])
        self._timer.daemon = True
        self._timer.start()

    def _keep_logged_in(self, lease: _Lease) -> None:
        try:
            with self._exclusive():
                if self._lease is lease and not self._closed:
                    self._lease = self._prolonged(lease)
        except PortshiftError as error:
            _log.warning("the login at Vault was not renewed: %s", error)
            if time.monotonic() < lease.ends:
                self._set_timer(_RETRY_SECONDS, lease)

    def _prolonged(self, lease: _Lease) -> _Lease:
        if lease.renewable:
            with contextlib.suppress(VaultDenied):
                made = self._ask(lease.client, lambda client: granted(client.auth.token.renew_self()["auth"]))
                # Near its longest life a token is renewed for less and less.
                if made.seconds > lease.seconds / 2:
                    return self._leased(lease.client, made)
        return self._new_lease()

    def _is_alive(self, lease: _Lease) -> bool:
        try:
            self._ask(lease.client, lambda client: client.auth.token.lookup_self())
        except VaultDenied:
            return False
        return True

    def _client(self, *, token: str) -> hvac.Client:
        return hvac.Client(
            url=self.address,
            token=token,
            session=self._http,
            namespace=self._namespace,
            allow_redirects=False,
        )

    def _ask(self, client: hvac.Client, work: Callable[[hvac.Client], _T]) -> _T:
        try:
            answer = self._translated(client, work)
        except (VaultSealed, VaultUnreachable) as error:
            if self._answering:
                _log.warning("%s", error)
            self._answering = False
            raise
        except VaultError:
            self._note_answer()
            raise
        self._note_answer()
        return answer

    def _note_answer(self) -> None:
        if not self._answering:
            _log.info("Vault at %s answers again", self.address)
        self._answering = True

    def _translated(self, client: hvac.Client, work: Callable[[hvac.Client], _T]) -> _T:
        try:
            return work(client)
        except exceptions.VaultError as error:
            # Without its cause: an answer that is none of Vault's may hold anything.
            raise self._ours(error) from None
        except (KeyError, TypeError, ValueError):
            raise VaultUnreachable(
                f"{self.address} does not answer as Vault does", cure="correct vault_address"
            ) from None

    def _ours(self, error: exceptions.VaultError) -> VaultError:
        what = f"{str(error.method).upper()} {str(error.url).removeprefix(self.address)}"
        said = "; ".join(str(part) for part in error.errors or ())[:_MAX_MESSAGE] or "it does not say why"
        if isinstance(error, exceptions.VaultDown) and "sealed" in said:
            return VaultSealed(f"Vault at {self.address} is sealed", cure="unseal it: vault operator unseal")
        if isinstance(error, exceptions.Forbidden | exceptions.Unauthorized):
            return VaultDenied(
                f"Vault at {self.address} refuses {what} ({said})",
                cure="give the bridge's login the policy of docs/how-to/vault.md",
            )
        if isinstance(error, exceptions.InvalidPath):
            return VaultNotFound(f"Vault at {self.address} has nothing for {what} ({said})")
        if isinstance(error, exceptions.InvalidRequest):
            return VaultError(f"Vault at {self.address} does not take {what} ({said})")
        return VaultUnreachable(
            f"Vault at {self.address} fails at {what} ({said})", cure="see the log of Vault"
        )

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=self._patience):
            raise VaultUnreachable(f"Vault at {self.address} does not finish a login in time")
        try:
            yield
        finally:
            self._lock.release()


def open_vault(settings: Settings) -> VaultSession | None:
    """The session that the settings ask for, None without ``vault_address``; nothing is sent yet.

    Raises:
        UsageFault: a setting is missing, contradicts another, or names a file that cannot be used.

    """
    if settings.vault_address is None:
        return None
    return VaultSession(
        vault_address(settings.vault_address, insecure=settings.vault_insecure),
        login_of(settings),
        namespace=settings.vault_namespace,
        ca=None if settings.vault_ca is None else _authorities(settings.vault_ca),
        timeout_seconds=settings.vault_timeout_seconds,
    )


def _authorities(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii")
        tls_context(text)
    except (OSError, ValueError) as error:
        raise UsageFault(f"the file {path} of vault_ca cannot be used: {error}") from error
    return text
