"""Sessions at rest: the short-lived access that a job got for its token, by the hash of the session's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from portshift_bridge.access import Access, Role, token_hash
from portshift_bridge.clock import SECOND, Clock, rfc3339
from portshift_bridge.errors import Conflict, Unauthenticated
from portshift_bridge.oidc.subjects import signer_name
from portshift_bridge.oidc.trusts import Trust
from portshift_bridge.store.audit import Change, record_change
from portshift_bridge.store.database import Database
from portshift_bridge.store.schema import sessions, trusts
from portshift_bridge.store.trusts import read_trust

# Far more than the jobs that one branch runs within an hour.
MAX_OF_SUBJECT = 1_000


@dataclass(frozen=True)
class Session:
    """Who holds a session's token, and until when (microseconds, UTC)."""

    holder: Access
    expires_at: int


class SessionStore:
    """Sessions that have not ended; a purge forgets the others."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, trust: Trust, *, subject: str, token: str, claims: Mapping[str, Any]) -> Session | None:
        """Keep a session with its token's hash; None when the trust is no longer what it was.

        ``claims`` are those that the trust asked for, for the audit log.

        Raises:
            Conflict: the subject has too many sessions that have not ended.

        """
        with self._database.write() as connection:
            row = connection.execute(select(trusts).where(trusts.c.name == trust.name)).one_or_none()
            if row is None or read_trust(row) != trust:
                return None
            now = self._clock()
            _check_count(connection, trust, subject, now)
            session = Session(_holder(trust.name, subject, trust), now + trust.seconds * SECOND)
            scope = {"clusters": list(trust.clusters), "namespaces": list(trust.namespaces)}
            connection.execute(
                insert(sessions).values(
                    token_hash=token_hash(token),
                    trust=trust.name,
                    subject=subject,
                    expires_at=session.expires_at,
                    **scope,
                )
            )
            detail = {**scope, "claims": dict(claims), "expiresAt": rfc3339(session.expires_at)}
            record_change(connection, Change(session.holder.name, "access.login", trust.name, now, detail))
        return session

    def holder(self, token: str) -> Access | None:
        """Whose session the token is.

        Raises:
            Unauthenticated: it ended, and was not purged yet.

        """
        query = select(sessions).where(sessions.c.token_hash == token_hash(token))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if row.expires_at <= self._clock():
            raise Unauthenticated(
                f"the login of this job ended at {rfc3339(row.expires_at)}",
                cure="run portshift login --oidc again",
            )
        return _holder(row.trust, row.subject, row)

    def purge(self) -> int:
        """Forget the sessions that ended."""
        with self._database.write() as connection:
            return connection.execute(delete(sessions).where(sessions.c.expires_at <= self._clock())).rowcount


def _check_count(connection: Connection, trust: Trust, subject: str, now: int) -> None:
    own = (sessions.c.trust == trust.name, sessions.c.subject == subject, sessions.c.expires_at > now)
    if (connection.scalar(select(func.count()).select_from(sessions).where(*own)) or 0) >= MAX_OF_SUBJECT:
        raise Conflict(
            f"{signer_name(trust.name, subject)} has {MAX_OF_SUBJECT} logins that have not ended",
            cure="log in once in a job, or give the trust a shorter lifetime",
        )


def _holder(trust: str, subject: str, scope: Any) -> Access:
    name = signer_name(trust, subject)
    return Access(name, Role.DEPLOYER, tuple(scope.clusters), tuple(scope.namespaces))
