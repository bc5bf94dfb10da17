"""Faults that tests ask for, and the record of what was requested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class LoggedRequest:
    """A request as it came, and how it was answered. ``user`` is None when no credentials were given."""

    method: str
    path: str
    query: str
    user: str | None
    status: int
    body: bytes = b""


@dataclass
class Fault:
    """Something to do to the next ``times`` requests that match (None: all of them).

    ``status``: answer with it. ``delay``: wait that many seconds first. ``cut``: close the connection
    in the middle of the body.
    """

    status: int | None = None
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False
    times: int | None = 1
    method: str = "*"
    path: str = "*"

    def takes(self, method: str, path: str) -> bool:
        """Whether it applies to a request; one that does is counted."""
        if self.times == 0 or not fnmatchcase(method, self.method) or not fnmatchcase(path, self.path):
            return False
        if self.times is not None:
            self.times -= 1
        return True
