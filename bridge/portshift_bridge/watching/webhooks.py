"""A registry's webhook, made and removed with an administrator's token that is used once and never kept."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from portshift.core.errors import InvalidInput, InvalidMessage
from portshift_bridge.clock import SECOND, rfc3339
from portshift_bridge.errors import Conflict
from portshift_bridge.registries.errors import Forbidden, LoginRefused
from portshift_bridge.registries.model import Login, LoginKind, Registry, UnavailableLogin
from portshift_bridge.registries.session import Session, open_session
from portshift_bridge.registries.subscriptions import subscribe, subscription_keys, unsubscribe
from portshift_bridge.secrets import SecretState, SecretStore, SecretUnavailable
from portshift_bridge.store.progress import Progress, ProgressStore
from portshift_bridge.store.registries import ConnectedRegistry
from portshift_bridge.watching.watcher import Watcher, webhook_secret_name

Connect = Callable[[Registry, Login], Session]
_MAX_URL = 2_048
# Longer than the clocks of the bridge and of Artifactory should differ, and than an event takes.
_SILENCE = 900 * SECOND


@dataclass(frozen=True)
class Webhook:
    """A registry's webhook: where it sends events, since when (microseconds), by which subscriptions.

    ``registry_url`` is the Artifactory that it was made in. ``problem`` is why it does not tell the bridge
    what it should, as far as the bridge can know, and ``cure`` what to do.
    """

    url: str
    created_at: int
    keys: tuple[str, ...]
    registry_url: str
    problem: str | None = None
    cure: str | None = None


class Webhooks:
    """The webhooks of the connected registries."""

    def __init__(
        self,
        *,
        progress: ProgressStore,
        secrets: SecretStore,
        watcher: Watcher,
        issuer: str,
        public_url: str | None,
        connect: Connect = open_session,
    ) -> None:
        self._progress = progress
        self._secrets = secrets
        self._watcher = watcher
        self._issuer = issuer
        self._public_url = public_url
        self._connect = connect

    def get(self, connected: ConnectedRegistry) -> Webhook | None:
        """The registry's webhook; only an administrator may ask Artifactory whether it is still there."""
        name = connected.registry.name
        kept = self._progress.get(name)
        if kept.webhook_url is None or kept.webhook_at is None:
            return None
        problem, cure = self._problem(connected.registry, kept)
        registry_url = kept.webhook_registry or connected.registry.url
        return Webhook(kept.webhook_url, kept.webhook_at, self._keys(name), registry_url, problem, cure)

    def create(
        self, connected: ConnectedRegistry, *, admin_token: str, url: str | None, actor: str
    ) -> Webhook:
        """Have the registry send its events to ``url``, by default to the setting ``public_url``.

        A webhook that is there already is put right; its secret stays.

        Raises:
            InvalidMessage: there is no URL, or Artifactory does not take the token for an administrator's.
            Conflict: the platform has no webhooks.
            Unreachable: it does not answer, or refuses the URL.

        """
        name, registry_url = connected.registry.name, connected.registry.url
        target, keys = self._target(name, url), self._keys(name)
        secret = self._secret(connected.registry)
        with self._session(connected, admin_token) as session:
            subscribe(session, keys, url=target, secret=secret)
        created_at = self._progress.webhook_created(name, url=target, registry_url=registry_url, actor=actor)
        self._watcher.know_webhook(name, made_at=created_at, secret=secret)
        return Webhook(target, created_at, keys, registry_url)

    def remove(self, connected: ConnectedRegistry, *, admin_token: str, actor: str) -> None:
        """Have the registry send no more events, and refuse those it still sends.

        Raises:
            InvalidMessage: Artifactory does not take the token for an administrator's.
            Unreachable: it does not answer.

        """
        name = connected.registry.name
        with self._session(connected, admin_token) as session:
            unsubscribe(session, self._keys(name))
        self._progress.webhook_removed(name, actor=actor)
        self._watcher.forget_webhook(name)
        self._secrets.delete(webhook_secret_name(name))

    def _keys(self, registry: str) -> tuple[str, ...]:
        return subscription_keys(registry, issuer=self._issuer)

    def _problem(self, registry: Registry, kept: Progress) -> tuple[str | None, str | None]:
        """What is wrong with a webhook that was made, and its cure."""
        again = f"make it again with: portshift registries update {registry.name} --webhook"
        if kept.webhook_registry != registry.url:
            return f"it was made at {kept.webhook_registry}, and the registry is at {registry.url} now", again
        try:
            self._secrets.get(webhook_secret_name(registry.name))
        except SecretUnavailable as error:
            cure = again if error.state is SecretState.MISSING else error.cure
            return f"its events are refused: {error.problem}", cure
        heard = max(kept.webhook_at or 0, kept.event_at or 0)
        if (kept.modified_until or 0) > heard + _SILENCE:
            told = f"no event came since {rfc3339(heard)}, and something was pushed after that"
            return told, f"ask an administrator of Artifactory whether it is still there, or {again}"
        return None, None

    def _secret(self, registry: Registry) -> str:
        """The registry's webhook secret; a new one is kept before Artifactory hears of it."""
        name = webhook_secret_name(registry.name)
        # Another Artifactory gets another secret.
        if self._progress.get(registry.name).webhook_registry == registry.url:
            try:
                return self._secrets.get(name)["secret"]
            except SecretUnavailable as error:
                if error.state is not SecretState.MISSING:
                    raise
        secret = randomness.token_hex(32)
        self._secrets.put(name, {"secret": secret})
        return secret

    def _target(self, registry: str, url: str | None) -> str:
        base = url or self._public_url
        if base is None:
            raise InvalidMessage(
                "url: nothing tells where the registry reaches this bridge",
                cure="set public_url at the bridge, or give --webhook-url",
            )
        parts = urlsplit(base)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise InvalidMessage(f"url: found {base[:200]!r}, expected https://HOST of this bridge")
        if parts.query or parts.fragment or len(base) > _MAX_URL or not base.isascii():
            raise InvalidMessage(f"url: found {base[:200]!r}, expected an address without query or fragment")
        return f"{base.rstrip('/')}/api/v1/registries/{registry}/events"

    @contextmanager
    def _session(self, connected: ConnectedRegistry, admin_token: str) -> Iterator[Session]:
        session = self._connect(connected.registry, _administrator(connected, admin_token))
        try:
            yield session
        except (LoginRefused, Forbidden) as error:
            raise InvalidMessage(
                f"adminToken: {error.problem}", cure="give an access token of an administrator of Artifactory"
            ) from error
        finally:
            session.close()


def _administrator(connected: ConnectedRegistry, token: str) -> Login:
    """The administrator's token as a login, by the proxy that the registry's own login takes."""
    if isinstance(connected.login, UnavailableLogin):
        raise Conflict(
            f"the login of {connected.registry.name} is unavailable ({connected.login.problem})",
            cure=connected.login.cure,
        )
    try:
        login = Login.from_json({"kind": LoginKind.TOKEN.value, "secret": token})
    except InvalidInput as error:
        raise InvalidMessage(f"adminToken: {error.problem.removeprefix('login: ')}") from error
    return Login(login.kind, login.username, login.secret, proxy=connected.login.proxy)
