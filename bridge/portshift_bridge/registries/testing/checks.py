"""The checks of Test Connection, in their order, and what a whole test says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

REQUIRED = (
    "name",
    "reachable",
    "tls",
    "artifactory",
    "login",
    "docker-repositories",
    "aql",
    "properties-readable",
)
OPTIONAL = ("properties-writable", "build-info", "user-plugin")
CHECKS = REQUIRED + OPTIONAL


class Status(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True)
class Check:
    """One check: ``cause`` is what was found, ``cure`` what to do about a failure."""

    name: str
    status: Status
    cause: str | None = None
    cure: str | None = None

    @property
    def required(self) -> bool:
        """Whether images cannot be resolved while it fails; without an optional one less is known or done."""
        return self.name in REQUIRED

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "status": self.status.value,
            "required": self.required,
            "cause": self.cause,
            "cure": self.cure,
        }


def passed(checks: Sequence[Check]) -> bool:
    """Whether nothing that is required failed."""
    return not any(check.required and check.status is Status.FAILED for check in checks)


def all_checks(made: Sequence[Check], *, cut_after: float | None) -> list[Check]:
    """One entry for each of ``CHECKS``: those that were made, and why the others were not.

    ``cut_after`` are the seconds after which the test was given up, where it was.
    """
    done = {check.name: check for check in made}
    untried = "not tried, because an earlier check failed"
    if cut_after is not None:
        hung = next((name for name in CHECKS if name not in done), None)
        if hung is not None:
            cause = f"no answer within the {cut_after:g} seconds of the whole test"
            done[hung] = Check(hung, Status.FAILED, cause, "see why the registry is slow, then test again")
            untried = "not tried, because the time was over"
    return [done.get(name) or Check(name, Status.NOT_APPLICABLE, untried) for name in CHECKS]
