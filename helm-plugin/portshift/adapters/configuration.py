"""The user's configuration file: named contexts, as in kubeconfig (docs/reference/configuration.md)."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from portshift.adapters.yaml_files import load_yaml
from portshift.core.errors import InvalidInput, PortshiftError, UsageFault

_CURE = "see docs/reference/configuration.md"


@dataclass(frozen=True)
class ConfigContext:
    """One bridge, who we are there, and which cluster and environment we deploy to.

    ``expires`` is when the token ends (RFC 3339), for one that does.
    """

    name: str
    bridge: str
    token: str | None = None
    ca: str | None = None
    cluster: str | None = None
    environment: str | None = None
    expires: str | None = None


@dataclass(frozen=True)
class Configuration:
    """The contexts of the file and the name of the current one."""

    current: str | None = None
    contexts: tuple[ConfigContext, ...] = ()

    def context(self, name: str | None) -> ConfigContext | None:
        """The context of this name, or the current one; None when none is current.

        Raises:
            UsageFault: there is no such context.

        """
        wanted = name or self.current
        if wanted is None:
            return None
        for context in self.contexts:
            if context.name == wanted:
                return context
        known = ", ".join(context.name for context in self.contexts) or "none"
        raise UsageFault(
            f"there is no context {wanted!r} in the configuration", cure=f"choose one of: {known}"
        )

    def with_context(self, context: ConfigContext) -> Configuration:
        """The configuration with this context in it, and current."""
        others = tuple(other for other in self.contexts if other.name != context.name)
        return replace(self, current=context.name, contexts=(*others, context))


def load_configuration(path: Path) -> Configuration:
    """Read the file; an absent one is an empty configuration.

    Raises:
        InvalidInput: the file is no configuration.
        UsageFault: it holds a token that other users of this machine could read.
        PortshiftError: it cannot be read.

    """
    try:
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode
    except FileNotFoundError:
        return Configuration()
    except (OSError, UnicodeDecodeError) as error:
        raise PortshiftError(f"cannot read the configuration {path}: {error}") from error
    configuration = _read(text, path)
    others_may_read = os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO)
    if others_may_read and any(context.token for context in configuration.contexts):
        raise UsageFault(
            f"{path} holds an access token and others may read it (mode {stat.S_IMODE(mode):04o})",
            cure=f"run: chmod 600 '{path}'",
        )
    return configuration


def save_configuration(path: Path, configuration: Configuration) -> None:
    """Write the file with mode 0600, whole or not at all.

    Raises:
        PortshiftError: it cannot be written.

    """
    import tempfile  # 3 ms that only a login pays

    document = {
        "current-context": configuration.current,
        "contexts": [_written(context) for context in configuration.contexts],
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".config-")  # mkstemp makes it 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                yaml.safe_dump(document, file, sort_keys=False)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PortshiftError(f"cannot write the configuration {path}: {error}") from error


def _written(context: ConfigContext) -> dict[str, str]:
    values = {field.name: getattr(context, field.name) for field in fields(context)}
    return {name: value for name, value in values.items() if value is not None}


def _read(text: str, path: Path) -> Configuration:
    try:
        document = load_yaml(text)
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidInput(f"{path} is no YAML: {error}", cure=_CURE) from error
    body = _mapping({} if document is None else document, f"{path}", {"current-context", "contexts"})
    contexts = body.get("contexts") or []
    if not isinstance(contexts, list):
        raise InvalidInput(f"{path}: contexts: found {type(contexts).__name__}, expected a list", cure=_CURE)
    current = body.get("current-context")
    if current is not None and not isinstance(current, str):
        raise InvalidInput(f"{path}: current-context: found {current!r}, expected a name", cure=_CURE)
    return Configuration(
        current=current,
        contexts=tuple(_context(entry, f"{path}: contexts[{index}]") for index, entry in enumerate(contexts)),
    )


def _context(entry: Any, where: str) -> ConfigContext:
    known = {field.name for field in fields(ConfigContext)}
    body = _mapping(entry, where, known)
    for name, value in body.items():
        if value is not None and (not isinstance(value, str) or not value):
            raise InvalidInput(f"{where}.{name}: found {type(value).__name__}, expected text", cure=_CURE)
    for required in ("name", "bridge"):
        if body.get(required) is None:
            raise InvalidInput(f"{where}.{required}: found nothing, expected text", cure=_CURE)
    return ConfigContext(**body)


def _mapping(value: Any, where: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(f"{where}: found {type(value).__name__}, expected a mapping", cure=_CURE)
    if unknown := [key for key in value if key not in known]:
        raise InvalidInput(
            f"{where}: unknown key {unknown[0]!r}, expected {', '.join(sorted(known))}", cure=_CURE
        )
    return value
