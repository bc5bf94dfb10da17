"""Moving secrets from one store to another: copied and compared first, deleted where they were only then.

Either step may be killed and run again: nothing is deleted that the other store did not just give back equal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from portshift.core.errors import PortshiftError
from portshift_bridge.secrets import SecretState, SecretStore, SecretUnavailable


@dataclass(frozen=True)
class Cleared:
    """Names of secrets: those deleted where they were, and those left because their two values differ."""

    deleted: tuple[str, ...]
    differing: tuple[str, ...]


def copy(names: Collection[str], *, source: SecretStore, to: SecretStore) -> None:
    """Give ``to`` the value that ``source``, the store in use, has of each name.

    Raises:
        PortshiftError: a store does not do its part, or gives back another value than it was given.

    """
    for name in names:
        values = source.get(name)
        if _found(to, name) != values:
            to.put(name, values)
        if to.get(name) != values:
            raise PortshiftError(
                f"the secret {name!r} came back changed from the store that it was copied to",
                cure="try again",
            )


def clear(names: Collection[str], *, source: SecretStore, to: SecretStore, discard: bool = False) -> Cleared:
    """Delete from ``source`` what ``to``, the store in use, has as well; what it lacks is copied before.

    Where the two differ somebody changed a login meanwhile, and nobody can tell which value is the newer:
    both stay, unless ``discard``.

    Raises:
        PortshiftError: a store does not do its part.

    """
    differing = set()
    for name in names:
        there = _found(to, name)
        if there is None:
            copy([name], source=source, to=to)
        elif there != source.get(name) and not discard:
            differing.add(name)
            continue
        source.delete(name)
    return Cleared(tuple(sorted(set(names) - differing)), tuple(sorted(differing)))


def _found(store: SecretStore, name: str) -> Mapping[str, str] | None:
    try:
        return store.get(name)
    except SecretUnavailable as error:
        if error.state is SecretState.MISSING:
            return None
        raise
