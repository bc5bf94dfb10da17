"""The function configuration of a kustomize ResourceList (KRM functions specification v1)."""

from __future__ import annotations

from typing import Any

import yaml

from portshift.cli.discovery import Said
from portshift.core.errors import InvalidInput

_KNOWN = ("release", "namespace", "intent", "cluster", "environment")


def function_configuration(data: bytes) -> Said:
    """What ``functionConfig.data`` says: release, namespace, intent, cluster and environment, each optional.

    Input that is no ResourceList says nothing, and neither does input that does not parse: reading the
    manifests reports that with line and column.

    Raises:
        InvalidInput: a value is no text, or a key is unknown.

    """
    try:
        document = yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 both safe
    except (yaml.YAMLError, ValueError, RecursionError):
        return Said()
    if not isinstance(document, dict) or document.get("kind") != "ResourceList":
        return Said()
    return Said(**{name: _text(name, value) for name, value in _data(document).items()})


def _data(document: dict[str, Any]) -> dict[str, Any]:
    configuration = document.get("functionConfig")
    values = configuration.get("data") if isinstance(configuration, dict) else None
    return values if isinstance(values, dict) else {}


def _text(name: str, value: Any) -> str | None:
    if name not in _KNOWN:
        raise InvalidInput(f"functionConfig.data: unknown key {name!r}, expected {', '.join(_KNOWN)}")
    if value is not None and not isinstance(value, str):
        raise InvalidInput(f"functionConfig.data.{name}: found {value!r}, expected text")
    return value
