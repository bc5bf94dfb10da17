"""The three ways to log in at Vault. Tokens and secret ids come from files that only the bridge reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import hvac

from portshift.core.errors import PortshiftError, UsageFault
from portshift_bridge.durable import refuse_readable_by_others
from portshift_bridge.settings import Settings


@dataclass(frozen=True)
class Granted:
    """A Vault token and its seconds to live; 0 means that it does not end."""

    token: str = field(repr=False)
    seconds: int
    renewable: bool


_Value = TypeVar("_Value")
LogIn = Callable[[hvac.Client], Granted]


def login_of(settings: Settings) -> LogIn:
    """The way that ``vault_auth`` names.

    Raises:
        UsageFault: a setting that it needs is missing.

    """
    return {"token": _by_token, "approle": _by_approle, "kubernetes": _by_kubernetes}[settings.vault_auth](
        settings
    )


def granted(auth: Mapping[str, Any]) -> Granted:
    """The ``auth`` part of Vault's answer to a login or a renewal."""
    return Granted(str(auth["client_token"]), int(auth["lease_duration"]), bool(auth["renewable"]))


def _by_token(settings: Settings) -> LogIn:
    file = _needed(settings.vault_token_file, "vault_token_file", settings)

    def log_in(client: hvac.Client) -> Granted:
        client.token = _private_line(file)
        found = client.auth.token.lookup_self()["data"]
        return Granted(client.token, int(found["ttl"]), bool(found.get("renewable", False)))

    return log_in


def _by_approle(settings: Settings) -> LogIn:
    role = _needed(settings.vault_role_id, "vault_role_id", settings)
    file = _needed(settings.vault_secret_id_file, "vault_secret_id_file", settings)
    mount = settings.vault_auth_mount or "approle"

    def log_in(client: hvac.Client) -> Granted:
        secret_id = _private_line(file)
        answer = client.auth.approle.login(role, secret_id, use_token=False, mount_point=mount)
        return granted(answer["auth"])

    return log_in


def _by_kubernetes(settings: Settings) -> LogIn:
    role = _needed(settings.vault_role, "vault_role", settings)
    file = settings.vault_kubernetes_token_file
    mount = settings.vault_auth_mount or "kubernetes"

    def log_in(client: hvac.Client) -> Granted:
        # The kubelet sets this file's mode, 0644 as a rule, and renews its content.
        answer = client.auth.kubernetes.login(role, _line(file), use_token=False, mount_point=mount)
        return granted(answer["auth"])

    return log_in


def _needed(value: _Value | None, name: str, settings: Settings) -> _Value:
    if value is None:
        raise UsageFault(
            f"vault_auth: {settings.vault_auth} needs {name}", cure="see docs/reference/settings.md"
        )
    return value


def _private_line(path: Path) -> str:
    try:
        refuse_readable_by_others(path, cure="and have Vault issue another if others had access")
    except OSError as error:
        raise _unreadable(path, error) from error
    return _line(path)


def _line(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError:
        text = ""
    if not text or not text.isprintable():
        raise PortshiftError(f"{path} does not hold one line of ASCII text, expected a login for Vault")
    return text


def _unreadable(path: Path, error: OSError) -> PortshiftError:
    return PortshiftError(
        f"cannot read {path}, a login for Vault: {error.strerror}",
        cure="write it there, readable for the bridge's user",
    )
