"""How much is known of a group of facts. What a permission hides is never called absent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from portshift.core.errors import PortshiftError
from portshift_bridge.registries.errors import Forbidden, LoginRefused, NotFound

T = TypeVar("T")


class State(StrEnum):
    """Whether a group of facts is complete, and if not, why."""

    KNOWN = "known"
    NOT_VISIBLE = "not-visible"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    UNREACHABLE = "unreachable"
    LOGIN_REFUSED = "login-refused"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True)
class Group(Generic[T]):
    """Facts of one kind; unless ``known``, ``reason`` says why, and ``items`` are what is known anyway."""

    state: State
    items: tuple[T, ...] = ()
    reason: str | None = None


def state_of(error: PortshiftError) -> State:
    """What a failure to read facts leaves them as."""
    if isinstance(error, LoginRefused):
        return State.LOGIN_REFUSED
    # Artifactory answers 404 alike for what is absent and what is hidden.
    if isinstance(error, Forbidden | NotFound):
        return State.NOT_VISIBLE
    return State.UNREACHABLE
