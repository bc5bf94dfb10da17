"""Secrets in Vault's KV version 2: one secret per path, its fields the values, so that people can read it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portshift_bridge.secrets import (
    SecretOutOfReach,
    SecretState,
    SecretUnavailable,
    check_name,
    check_secret,
    is_name,
)
from portshift_bridge.vault.errors import (
    VaultDenied,
    VaultError,
    VaultNotFound,
    VaultSealed,
    VaultUnreachable,
)

if TYPE_CHECKING:
    # hvac is an extra: a bridge without Vault has none.
    import hvac

    from portshift_bridge.vault.session import VaultSession


@dataclass(frozen=True)
class _Known:
    """Values as Vault had them at ``asked_at`` (monotonic)."""

    asked_at: float
    values: Mapping[str, str] = field(repr=False)


class VaultSecretStore:
    """The secrets below ``path`` of the KV version 2 engine at ``mount``.

    A value is used for ``cache_seconds`` without asking again, and up to ``grace_seconds`` while Vault is
    sealed or unreachable. Once Vault denies a secret, or has it no more, its value is forgotten.
    """

    def __init__(
        self,
        session: VaultSession,
        *,
        mount: str,
        path: str,
        cache_seconds: float,
        grace_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._mount = mount
        self._path = path
        self._cache_seconds = cache_seconds
        self._grace_seconds = grace_seconds
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}
        self._changes = 0

    def get(self, name: str) -> Mapping[str, str]:
        check_name(name)
        asked_at, known, changes = self._monotonic(), self._known.get(name), self._changes
        if known is not None and asked_at - known.asked_at < self._cache_seconds:
            return dict(known.values)
        try:
            values = self._session.call(lambda client: self._read(client, name))
        except (VaultSealed, VaultUnreachable) as error:
            if known is not None and asked_at - known.asked_at <= self._grace_seconds:
                return dict(known.values)
            sealed = isinstance(error, VaultSealed)
            raise SecretOutOfReach(
                _told(name, error),
                state=SecretState.SEALED if sealed else SecretState.UNREACHABLE,
                cure=error.cure,
            ) from error
        except VaultNotFound as error:
            self._known.pop(name, None)
            raise SecretUnavailable(
                f"there is no secret {name!r} in Vault at {self._mount}/{self._path}",
                state=SecretState.MISSING,
                cure="enter it again",
            ) from error
        except VaultDenied as error:
            self._known.pop(name, None)
            raise SecretUnavailable(_told(name, error), state=SecretState.DENIED, cure=error.cure) from error
        # What Vault said may be older than a put or delete that went on meanwhile.
        if self._changes == changes:
            self._known[name] = _Known(asked_at, values)
        return dict(values)

    def put(self, name: str, values: Mapping[str, str]) -> None:
        check_secret(name, values)
        asked_at, kept = self._monotonic(), dict(values)
        self._session.call(
            lambda client: client.secrets.kv.v2.create_or_update_secret(
                self._below(name), kept, mount_point=self._mount
            )
        )
        self._changes += 1
        self._known[name] = _Known(asked_at, kept)

    def delete(self, name: str) -> None:
        """Forget ``name`` with every version of it, so that nobody reads a removed login from the history."""
        check_name(name)
        self._session.call(
            lambda client: client.secrets.kv.v2.delete_metadata_and_all_versions(
                self._below(name), mount_point=self._mount
            )
        )
        self._changes += 1
        self._known.pop(name, None)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._listed("")))

    def _read(self, client: hvac.Client, name: str) -> Mapping[str, str]:
        answer = client.secrets.kv.v2.read_secret_version(
            self._below(name), mount_point=self._mount, raise_on_deleted_version=True
        )
        values = dict(answer["data"]["data"])
        if not all(isinstance(value, str) for value in values.values()):
            raise SecretUnavailable(
                f"the secret {name!r} in Vault at {self._mount}/{self._path} has a field that is no text",
                state=SecretState.DAMAGED,
                cure="enter it again",
            )
        return values

    def _listed(self, folder: str) -> Iterator[str]:
        for key in self._keys(folder):
            name = f"{folder}{key}"
            # What people put there under other names is not ours.
            if not is_name(name.removesuffix("/")):
                continue
            if key.endswith("/"):
                yield from self._listed(name)
            else:
                yield name

    def _keys(self, folder: str) -> list[str]:
        """The names in a folder, those of folders with a slash; none where the folder is not there."""

        def listed(client: hvac.Client) -> list[str]:
            answer = client.secrets.kv.v2.list_secrets(self._below(folder), mount_point=self._mount)
            return [str(key) for key in answer["data"]["keys"]]

        try:
            return self._session.call(listed)
        except VaultNotFound:
            return []

    def _below(self, name: str) -> str:
        return f"{self._path}/{name}"


def _told(name: str, error: VaultError) -> str:
    return f"the secret {name!r} cannot be read: {error.problem}"
