"""Artifactory's version, which decides what else it can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.session import Session


@dataclass(frozen=True)
class Version:
    """An Artifactory's version and the add-ons that its licence unlocks; an unlicensed one has none."""

    number: str
    addons: tuple[str, ...]

    @property
    def release(self) -> tuple[int, ...] | None:
        """``(7, 119, 5)`` for ``7.119.5-m001``, to compare with; None for one of another form."""
        parts = self.number.split("-")[0].split(".")
        return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() for part in parts) else None


def read_version(session: Session, *, deadline: Deadline) -> Version | None:
    """None when something else than Artifactory answers.

    Raises:
        LoginRefused, Forbidden, NotFound, Unreachable: as a ``Session`` says.

    """
    answer = session.get("api/system/version", deadline=deadline).json()
    number = answer.get("version") if isinstance(answer, Mapping) else None
    if not isinstance(number, str):
        return None
    addons = answer.get("addons")
    return Version(number[:100], tuple(map(str, addons)) if isinstance(addons, list) else ())
