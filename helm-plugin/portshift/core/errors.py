"""Every error portshift raises on purpose, and the exit code each one ends a command with.

    PortshiftError                1  failed
    ├── InvalidInput              1  input that cannot be understood
    │   ├── InvalidReference         an image reference outside the grammar
    │   ├── InvalidManifest          manifests that are no YAML; carries line and column
    │   └── InvalidMessage           a wire message with a wrong field
    ├── UsageFault                2  flags or settings that contradict each other
    ├── Blocked                   3  refused by policy, or a revoked identity
    ├── Unreachable               4  a neighbour did not answer, or not as itself
    └── NotVerified               5  a token failed a numbered step

The exit codes are a contract (DESIGN §4.1).
"""

from __future__ import annotations

from typing import ClassVar


class PortshiftError(Exception):
    """A failure a person can act on: what was found and what was expected, then the cure."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, *, cure: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.cure = cure

    def __str__(self) -> str:
        """One line: the problem, then the cure where there is one."""
        line = self.problem if self.cure is None else f"{self.problem}; {self.cure}"
        return " ".join(line.split())


class InvalidInput(PortshiftError):
    """Input that cannot be understood."""


class InvalidReference(InvalidInput):
    """An image reference outside the distribution grammar."""


class InvalidManifest(InvalidInput):
    """Manifests that cannot be parsed; ``line`` and ``column`` count from 1."""

    def __init__(self, problem: str, *, line: int, column: int, cure: str | None = None) -> None:
        super().__init__(problem, cure=cure)
        self.line = line
        self.column = column


class InvalidMessage(InvalidInput):
    """A wire message whose field is missing, of the wrong type, or out of bounds."""


class UsageFault(PortshiftError):
    """Flags or settings that contradict each other, or are missing."""

    exit_code = 2


class Blocked(PortshiftError):
    """A deployment that policy refuses, or an identity that was revoked."""

    exit_code = 3


class Unreachable(PortshiftError):
    """A neighbour (bridge, registry, cluster) that did not answer, or not as itself."""

    exit_code = 4


class NotVerified(PortshiftError):
    """A token that failed verification; ``step`` names the numbered step of docs/reference/token.md."""

    exit_code = 5

    def __init__(self, problem: str, *, step: str, cure: str | None = None) -> None:
        super().__init__(problem, cure=cure)
        self.step = step
