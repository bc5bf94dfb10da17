"""The bridge's own branches of portshift's error tree; api/problems.py gives each its HTTP status.

PortshiftError
├── Blocked
│   └── IdentityRevoked      a registration of an identity that an administrator revoked
├── Unauthenticated          no access token, or one that the bridge does not know
├── NotPermitted             the access token's role or scope does not allow it
├── JobTokenRefused          the token of a CI job failed a numbered step, or no trust takes it
├── NotFound                 no such identity, registry or access
├── Conflict                 the object's present state does not allow the change
├── Busy                     enough of the kind is under way
├── StorageUnavailable       the database is full, locked, read-only or damaged
└── Unreachable
    └── SignerUnavailable    the place of the signing key did not sign
"""

from __future__ import annotations

from portshift.core.errors import Blocked, PortshiftError, Unreachable


class IdentityRevoked(Blocked):
    """A registration of an identity that an administrator revoked."""


class Unauthenticated(PortshiftError):
    """No access token, or one that the bridge does not know."""


class NotPermitted(PortshiftError):
    """The access token's role or scope does not allow the request."""


class JobTokenRefused(PortshiftError):
    """The token of a CI job failed ``step`` of docs/reference/job-tokens.md."""

    def __init__(self, problem: str, *, step: str, cure: str | None = None) -> None:
        super().__init__(problem, cure=cure)
        self.step = step


class NotFound(PortshiftError):
    """No such identity, registry or access."""


class Conflict(PortshiftError):
    """The present state of an object does not allow the change."""


class Busy(PortshiftError):
    """Enough requests of the kind are under way already."""


class StorageUnavailable(PortshiftError):
    """The database did not take or give data; nothing of the transaction was kept."""


class SignerUnavailable(Unreachable):
    """The place of the signing key did not sign, or not rightly; nothing was signed."""
