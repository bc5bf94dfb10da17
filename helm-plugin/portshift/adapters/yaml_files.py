"""YAML files that the user wrote: configuration, kubeconfig, kinds."""

from __future__ import annotations

from typing import Any

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent

MAX_DEPTH = 100
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_yaml(data: bytes | str) -> Any:
    """The one document in ``data``, None when it is empty.

    Raises:
        yaml.YAMLError: it is no YAML, or nested deeper than ``MAX_DEPTH``: libyaml builds values by recursion
            in C, where depth ends the process.
        ValueError: a value has no Python form, such as the date 2026-13-01.

    """
    depth = 0
    for event in yaml.parse(data, Loader=_LOADER):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise yaml.YAMLError(f"found collections nested more than {MAX_DEPTH} deep")
    return yaml.load(data, Loader=_LOADER)  # noqa: S506 both are safe
