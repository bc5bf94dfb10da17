"""The bridge's settings: one frozen value. Flags win over the environment, it over a YAML file.

docs/reference/settings.md has a line for each, with its unit and bound; a test compares both.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import click
import yaml
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from portshift.core.errors import UsageFault

_Command = TypeVar("_Command", bound=Callable[..., Any])

PREFIX = "PORTSHIFT_BRIDGE_"
# The address that clients are told; the same prefix, but no setting of the bridge.
_CLIENT_VARIABLES = {f"{PREFIX}URL"}
_CONFIG_VARIABLE = f"{PREFIX}CONFIG"
# Kubernetes sets these for a Service called portshift-bridge: kubernetes.io/docs/concepts/services-networking
_SERVICE_LINK = re.compile(rf"{PREFIX}(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)\w*)?)\Z")
# Segments of a path in Vault that mean themselves in a URL.
_VAULT_PATH = r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,9}$"


def default_data_folder() -> Path:
    """``$XDG_DATA_HOME/portshift-bridge``, by default below ``~/.local/share``."""
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "portshift-bridge"


class Settings(BaseSettings):
    """Every setting, with its unit and bound."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    data: Path = Field(
        default_factory=default_data_folder, description="Folder of the database, keys and secrets."
    )
    listen_host: str = Field(default="127.0.0.1", description="IP address to listen on.")
    listen_port: int = Field(
        default=8480, ge=0, le=65535, description="TCP port to listen on; 0 takes a free one."
    )
    tls_certificate: Path | None = Field(
        default=None, description="PEM file of the certificate chain; set together with `tls_key`."
    )
    tls_key: Path | None = Field(default=None, description="PEM file of the certificate's key, unencrypted.")
    insecure_listen: bool = Field(
        default=False, description="Allow plain HTTP off loopback: access tokens cross the network readable."
    )
    admin_token_file: Path | None = Field(
        default=None,
        description="File with the access token of the administrator `admin`, 32 to 512 characters;"
        " read at each start.",
    )
    trust_domain: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9._-]{1,255}$",
        description="Trust domain in the tokens' subjects; fixed at the first start"
        " (default `portshift.local`).",
    )
    max_body_mib: int = Field(default=32, ge=1, le=256, description="Largest request body, in MiB.")
    max_body_seconds: int = Field(
        default=60, ge=1, le=600, description="Longest time for a request body to arrive, in seconds."
    )
    storage_wait_seconds: int = Field(
        default=10, ge=1, le=60, description="Longest wait for another writer of the database, in seconds."
    )
    render_retention_days: int = Field(
        default=7,
        ge=1,
        le=365,
        description="Age at which registrations of mere renderings are deleted, in days.",
    )
    shutdown_seconds: int = Field(
        default=30,
        ge=1,
        le=300,
        description="Longest time for shutdown, in seconds; running requests have all but the last 5 of it,"
        " and at least 1.",
    )
    resolve_seconds: int = Field(
        default=20,
        ge=1,
        le=50,
        description="Longest wait for the registries' answers on the images of one registration, in seconds;"
        " clients wait 60 for the whole.",
    )
    secret_store: Literal["file", "vault"] = Field(
        default="file",
        description="Where the registries' logins are kept: an encrypted file of the data folder, or Vault.",
    )
    vault_address: str | None = Field(
        default=None, max_length=500, description="URL of HashiCorp Vault, as `https://vault.example:8200`."
    )
    vault_namespace: str | None = Field(
        default=None,
        pattern=r"^[!-~]{1,200}$",
        description="Namespace of Vault Enterprise, sent with each request.",
    )
    vault_ca: Path | None = Field(
        default=None,
        description="PEM file of the certificate authorities of Vault, instead of the system's.",
    )
    vault_insecure: bool = Field(
        default=False, description="Allow plain HTTP to Vault off loopback: its secrets cross the network."
    )
    vault_auth: Literal["token", "approle", "kubernetes"] = Field(
        default="token", description="How the bridge logs in at Vault."
    )
    vault_auth_mount: str | None = Field(
        default=None,
        pattern=_VAULT_PATH,
        description="Mount of the auth method (default its name); not used by `token`.",
    )
    vault_token_file: Path | None = Field(
        default=None, description="File with the token, mode 0600; for `vault_auth: token`."
    )
    vault_role_id: str | None = Field(
        default=None, pattern=r"^[!-~]{1,200}$", description="Role id; for `vault_auth: approle`."
    )
    vault_secret_id_file: Path | None = Field(
        default=None, description="File with the secret id, mode 0600; for `vault_auth: approle`."
    )
    vault_role: str | None = Field(
        default=None, pattern=r"^[!-~]{1,200}$", description="Role; for `vault_auth: kubernetes`."
    )
    vault_kubernetes_token_file: Path = Field(
        default=Path("/var/run/secrets/kubernetes.io/serviceaccount/token"),
        description="File with the service account's token; for `vault_auth: kubernetes`.",
    )
    vault_timeout_seconds: int = Field(
        default=5, ge=1, le=60, description="Longest wait for an answer of Vault, in seconds."
    )
    vault_mount: str = Field(
        default="secret", pattern=_VAULT_PATH, description="Mount of the KV version 2 engine for secrets."
    )
    vault_path: str = Field(
        default="portshift", pattern=_VAULT_PATH, description="Path below the mount that holds our secrets."
    )
    signer: Literal["file", "vault-transit"] = Field(
        default="file",
        description="Where the key that signs is: an encrypted file of the data folder, or Vault's Transit"
        " engine.",
    )
    vault_transit_mount: str = Field(
        default="transit",
        pattern=_VAULT_PATH,
        description="Mount of the Transit engine; for `vault-transit`.",
    )
    vault_transit_key: str = Field(
        default="portshift",
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$",
        description="Name of the Transit key, made if it does not exist; for `vault-transit`.",
    )
    vault_cache_seconds: int = Field(
        default=60,
        ge=0,
        le=3600,
        description="Age up to which a login is used without asking Vault again, in seconds.",
    )
    vault_grace_seconds: int = Field(
        default=3600,
        ge=0,
        le=86400,
        description="Age up to which a login goes on working while Vault is sealed or unreachable,"
        " in seconds.",
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$",
        description="URL at which others reach the bridge; registries send their events there.",
    )
    poll_seconds: int = Field(
        default=60, ge=1, le=3_600, description="Time between two polls of a registry, in seconds."
    )
    compare_hours: int = Field(
        default=24,
        ge=1,
        le=168,
        description="Time between two comparisons of all paths of a registry, in hours.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severity of a log line."
    )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        return ipaddress.ip_address(self.listen_host).is_loopback

    @property
    def plain_off_loopback(self) -> bool:
        """Whether other machines connect without TLS."""
        return not self.loopback and self.tls_certificate is None


def load_settings(*, config: Path | None, flags: Mapping[str, Any]) -> Settings:
    """Read and check the settings; a flag that is None was not given.

    Raises:
        UsageFault: the file cannot be read, a name is unknown, a value is out of its bound, or the
            combination would serve access tokens readable to the network.

    """
    _refuse_unknown_variables(os.environ)
    given = {name: value for name, value in flags.items() if value is not None}
    from_file = {} if config is None else _read(config)
    # pydantic-settings lets arguments win over the environment; the file must not.
    unshadowed = {name: value for name, value in from_file.items() if _variable(name) not in os.environ}
    try:
        settings = Settings(**unshadowed | given)
        _check_listening(settings)
    except ValidationError as error:
        raise UsageFault(
            "; ".join(_told(problem) for problem in error.errors(include_input=False)),
            cure="see docs/reference/settings.md",
        ) from None
    return settings


def _variable(setting: str) -> str:
    return f"{PREFIX}{setting.upper()}"


def _refuse_unknown_variables(environ: Mapping[str, str]) -> None:
    known = {_variable(name) for name in Settings.model_fields} | _CLIENT_VARIABLES | {_CONFIG_VARIABLE}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and not _SERVICE_LINK.match(name):
            raise UsageFault(
                f"found the variable {name}, which is no setting", cure="see docs/reference/settings.md"
            )


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise UsageFault(f"the settings file {path} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise UsageFault(f"the settings file {path} is not YAML: {error}") from error
    if document is None:
        return {}
    if not isinstance(document, dict) or not all(isinstance(name, str) for name in document):
        raise UsageFault(f"the settings file {path} holds no mapping, expected lines such as 'data: /srv/x'")
    return document


def _told(problem: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    return f"setting {name}: {problem['msg']}"


def _check_listening(settings: Settings) -> None:
    try:
        ipaddress.ip_address(settings.listen_host)
    except ValueError as error:
        raise UsageFault(
            f"setting listen_host: found {settings.listen_host!r}, expected an IP address"
        ) from error
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise UsageFault("found one of tls_certificate and tls_key, expected both or neither")
    if settings.plain_off_loopback and not settings.insecure_listen:
        raise UsageFault(
            f"plain HTTP on {settings.listen_host} would show access tokens to the network",
            cure="set tls_certificate and tls_key, or insecure_listen: true behind a proxy that does TLS",
        )


def settings_options(command: _Command) -> _Command:
    """The flags that every command with settings takes."""
    data = click.option("--data", type=click.Path(path_type=Path), help="Data folder.")
    config = click.option(
        "--config",
        type=click.Path(path_type=Path),
        envvar=_CONFIG_VARIABLE,
        help="YAML file of settings.",
    )
    return config(data(command))
