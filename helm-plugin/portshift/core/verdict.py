"""What became of one token that was verified, and what it stands for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from portshift.core.errors import NotVerified
from portshift.core.identity import Workload
from portshift.core.jwks import KeySet
from portshift.core.token import Step, VerifiedToken, verify_token


@dataclass(frozen=True)
class Trust:
    """Whose tokens are believed, and which identities were withdrawn."""

    keys: KeySet
    issuer: str
    trust_domain: str
    revoked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Expected:
    """What a token must be for; without ``workload`` and ``images``, whatever it says it is for.

    A ``workload`` without namespace may be in the one that its token names: a manifest that leaves the
    namespace to Helm does not say which it is.
    """

    target: str
    audiences: tuple[str, ...] = ()
    workload: Workload | None = None
    images: tuple[tuple[str, str], ...] | None = None

    @property
    def path(self) -> str | None:
        """The subject's path, where it is known before the token is read."""
        return self.workload.path if self.workload is not None and self.workload.namespace else None


@dataclass(frozen=True)
class Verdict:
    """How a token fared: ``status`` is valid, unidentified, invalid, revoked or missing.

    An unidentified one is valid, but no registry knows every image of it.
    ``step`` is the numbered step that failed and ``unknown`` names those images.
    """

    target: str
    status: str
    id: str | None = None
    step: str | None = None
    detail: str | None = None
    unknown: tuple[str, ...] = field(default=())

    @property
    def failed(self) -> bool:
        return self.status not in {"valid", "unidentified"}

    def to_json(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "verdict": self.status,
            "id": self.id,
            "step": self.step,
            "detail": self.detail,
            "unknown": list(self.unknown),
        }


def judge_token(token: str, expected: Expected, trust: Trust) -> Verdict:
    """Verify a token where it stands: a copied token or a changed image is not valid there."""
    try:
        verified = verify_token(
            token,
            keys=trust.keys,
            issuer=trust.issuer,
            trust_domain=trust.trust_domain,
            audiences=expected.audiences,
            path=expected.path,
            images=expected.images,
            revoked=trust.revoked,
        )
        _require_workload(verified, expected.workload)
    except NotVerified as error:
        status = "revoked" if error.step == Step.REVOCATION else "invalid"
        return Verdict(expected.target, status, step=error.step, detail=str(error))
    unknown = tuple(f"{image.name}={image.reference}" for image in verified.images if not image.known)
    return Verdict(
        expected.target,
        "unidentified" if unknown else "valid",
        id=verified.id,
        detail=f"no registry knows {', '.join(unknown)}" if unknown else None,
        unknown=unknown,
    )


def _require_workload(verified: VerifiedToken, workload: Workload | None) -> None:
    if workload is None:
        return
    subject = verified.subject
    expected = replace(workload, namespace=workload.namespace or subject.namespace).path
    if subject.path != expected:
        raise NotVerified(
            f"the token failed step {Step.SUBJECT.number} ({Step.SUBJECT}): found {subject.path!r}, "
            f"expected {expected!r}",
            step=Step.SUBJECT,
        )


def without_token(expected: Expected) -> Verdict:
    """A workload that carries no token at all."""
    return Verdict(expected.target, "missing", detail=f"{expected.target} carries no token")
