"""A job's token in, a short-lived deployer's access out: docs/reference/job-tokens.md step by step."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from portshift.core.errors import Unreachable
from portshift_bridge.access import new_session_token
from portshift_bridge.clock import SECOND, Clock, rfc3339
from portshift_bridge.errors import JobTokenRefused
from portshift_bridge.metrics import Metrics
from portshift_bridge.oidc.issuers import Issuers
from portshift_bridge.oidc.job_token import (
    JobToken,
    Step,
    check_signature,
    check_subject,
    check_times,
    is_for,
    mismatches,
    read_job_token,
    refused,
    shown,
)
from portshift_bridge.oidc.trusts import Trust
from portshift_bridge.store.sessions import Session, SessionStore
from portshift_bridge.store.trusts import TrustStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exchange:
    """Logs jobs in; every attempt is counted and logged, never with a token."""

    trusts: TrustStore
    sessions: SessionStore
    issuers: Issuers
    metrics: Metrics
    clock: Clock

    def log_in(self, text: str, *, trust: str | None) -> tuple[str, Session]:
        """The new session and its token, for a job token that a trust takes: the first by name, or ``trust``.

        The same job token may be exchanged again while it is valid: the steps of a job each may log in.

        Raises:
            JobTokenRefused: a step failed; its name and the caller's own claims are told, no trust is.
            Unreachable: the issuer's keys cannot be had.
            Conflict: the job's subject has too many sessions.
            StorageUnavailable: the session cannot be kept.

        """
        try:
            taken, token = self._verified(text, trust)
            secret = new_session_token()
            claims = {name: token.claims[name] for name in taken.claims}
            session = self.sessions.begin(taken, subject=token.subject, token=secret, claims=claims)
            if session is None:
                raise refused(Step.ISSUER, "the trust changed meanwhile", cure="try again")
        except JobTokenRefused as error:
            self.metrics.job_login(error.step)
            _log.warning("job login refused step=%s cause=%r", error.step, error.problem)
            raise
        except Unreachable as error:
            self.metrics.job_login("unreachable")
            _log.warning("job login failed cause=%r", error.problem)
            raise
        self.metrics.job_login("accepted")
        ends = rfc3339(session.expires_at)
        _log.info("job login accepted trust=%s actor=%s until=%s", taken.name, session.holder.name, ends)
        return secret, session

    def _verified(self, text: str, named: str | None) -> tuple[Trust, JobToken]:
        token = read_job_token(text)
        candidates = self._trusts(token, named)
        key = self.issuers.key(candidates[0], token.kid)
        if key is None:
            raise refused(
                Step.KEY, f"the issuer has no key {token.kid[:64]!r}", cure="ask the issuer for a fresh token"
            )
        check_signature(token, key)
        check_times(token, now=self.clock() / SECOND)
        candidates = [each for each in candidates if is_for(token, audience=each.audience)]
        if not candidates:
            raise refused(
                Step.AUDIENCE,
                f"found aud {shown(token.claims.get('aud'))}, expected the one audience that is trusted",
                cure="ask for the token with the audience that the administrator set",
            )
        check_subject(token)
        return _taking(token, candidates), token

    def _trusts(self, token: JobToken, named: str | None) -> list[Trust]:
        """Step 4: the trusts in the token's issuer, before anything is asked of anybody."""
        trusts = self.trusts.of_issuer(token.issuer)
        found = [each for each in trusts if named is None or each.name == named]
        if not found:
            whom = "no trust" if named is None else f"no trust named {named!r:.70}"
            raise refused(
                Step.ISSUER,
                f"{whom} is in the issuer {shown(token.issuer)}",
                cure="ask an administrator to add one, with portshift access trusts add",
            )
        return found


def _taking(token: JobToken, trusts: Sequence[Trust]) -> Trust:
    """Step 10: the first trust whose claims all match."""
    missed: dict[str, None] = {}
    for trust in trusts:
        unmatched = mismatches(token, trust.claims)
        if not unmatched:
            return trust
        missed |= dict.fromkeys(unmatched)
    found = token.claims
    told = ", ".join(f"{name} {shown(found[name]) if name in found else 'is absent'}" for name in missed)
    raise refused(
        Step.CLAIMS,
        f"no trust takes these claims of it: {told}",
        cure="run the job where it is trusted, or ask an administrator which claims are",
    )
