"""What the store gives and takes, and how a row becomes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portshift.core.identity import Identity, PlannedImage, Workload
from portshift.core.wire import Intent, Release
from portshift_bridge.clock import rfc3339
from portshift_bridge.errors import IdentityRevoked


@dataclass(frozen=True)
class Revocation:
    """Who withdrew an identity, when (microseconds, UTC) and why."""

    by: str
    at: int
    reason: str


@dataclass(frozen=True)
class IssuedToken:
    """The one token of an identity; ``revocation`` is set while the identity is revoked."""

    id: str
    workload: Workload
    token: str
    kid: str
    revocation: Revocation | None = None


@dataclass(frozen=True)
class KeptIdentity:
    """An identity as lists show it; times are microseconds, UTC.

    ``release``, ``intent`` and ``environment`` are those of its latest deployment, else of its latest
    registration.
    """

    id: str
    workload: Workload
    cluster: str | None
    environment: str | None
    images: tuple[PlannedImage, ...]
    token: str
    issued_at: int
    signed_by: str
    last_registered_at: int
    release: Release
    intent: Intent
    revocation: Revocation | None = None


@dataclass(frozen=True)
class SignedIdentity:
    """An identity and the token that was just signed for it with the key ``kid``."""

    identity: Identity
    token: str
    kid: str


@dataclass(frozen=True)
class Registration:
    """One accepted notification; ``id`` is a UUID, ``at`` microseconds, ``actor`` the access's name."""

    id: str
    at: int
    actor: str
    intent: Intent
    release: Release
    cluster: str | None = None
    environment: str | None = None


def refuse_revoked(issued: IssuedToken) -> None:
    """Raise when the identity is revoked, naming who, when and why.

    Raises:
        IdentityRevoked: it is.

    """
    if issued.revocation is None:
        return
    revocation = issued.revocation
    raise IdentityRevoked(
        f"identity {issued.id} of {issued.workload} was revoked by {revocation.by} at"
        f" {rfc3339(revocation.at)}: {revocation.reason}",
        cure=f"an administrator allows it again with: helm portshift identities restore {issued.id}",
    )


def workload_of(row: Any) -> Workload:
    """The workload of a row of ``identities``."""
    return Workload(
        group=row.group, kind=row.kind, namespace=row.namespace, name=row.name, generated=row.generated
    )


def revocation_of(row: Any) -> Revocation | None:
    """The revocation of a row of ``identities``."""
    if row.revoked_at is None:
        return None
    return Revocation(by=row.revoked_by, at=row.revoked_at, reason=row.revoked_reason)
