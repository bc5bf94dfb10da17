"""A secret store in memory; tests/contract holds it to what the real ones do."""

from __future__ import annotations

from collections.abc import Mapping

from portshift_bridge.secrets import SecretState, SecretUnavailable, check_secret


class MemorySecretStore:
    def __init__(self) -> None:
        self._values: dict[str, dict[str, str]] = {}

    def get(self, name: str) -> Mapping[str, str]:
        if name not in self._values:
            raise SecretUnavailable(
                f"there is no secret {name!r}", state=SecretState.MISSING, cure="enter it again"
            )
        return dict(self._values[name])

    def put(self, name: str, values: Mapping[str, str]) -> None:
        check_secret(name, values)
        self._values[name] = dict(values)

    def delete(self, name: str) -> None:
        self._values.pop(name, None)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._values))
