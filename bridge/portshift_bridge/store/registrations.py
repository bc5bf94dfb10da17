"""Registrations and the identities they had signed, written in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or_ignore

from portshift.core.identity import PlannedImage
from portshift.core.wire import Intent
from portshift_bridge.store.audit import Change, record_change
from portshift_bridge.store.database import Database
from portshift_bridge.store.records import (
    IssuedToken,
    Registration,
    SignedIdentity,
    refuse_revoked,
    revocation_of,
    workload_of,
)
from portshift_bridge.store.schema import (
    identities,
    identity_images,
    registration_identities,
    registrations,
)

# Well under SQLite's bound on variables in a statement (32,766).
_CHUNK = 1_000


class RegistrationStore:
    """Issued tokens by identity, and who had them signed when."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def issued(self, ids: Collection[str]) -> Mapping[str, IssuedToken]:
        """The tokens that these identities already have, by identity id."""
        with self._database.read() as connection:
            return _issued(connection, ids)

    def record(
        self,
        registration: Registration,
        *,
        ids: Collection[str],
        signed: Sequence[SignedIdentity],
        distrusted: Collection[str] = (),
    ) -> Mapping[str, str]:
        """Keep a registration of ``ids`` whole, and return the token of each.

        ``signed`` are those that had no token a moment ago, or one of a key in ``distrusted``. Where
        another process was first, its token is kept and returned: an identity has one token for as long
        as the key that signed it is trusted.

        Raises:
            IdentityRevoked: one was revoked meanwhile; nothing is kept.
            StorageUnavailable: the database did not take it; nothing is kept.

        """
        with self._database.write() as connection:
            _insert_missing(connection, registration, signed)
            _replace_distrusted(connection, registration, signed, distrusted)
            issued = _issued(connection, ids)
            for token in issued.values():
                refuse_revoked(token)
            _insert_images(connection, registration, signed)
            _link(connection, registration, ids)
            _summarise(connection, registration)
        return {identity: token.token for identity, token in issued.items()}

    def purge_renders(self, *, before: int, now: int) -> int:
        """Delete registrations of mere renderings older than ``before``; identities stay."""
        old = and_(registrations.c.intent == Intent.RENDER, registrations.c.at < before)
        with self._database.write() as connection:
            purged = connection.execute(delete(registrations).where(old)).rowcount
            if purged:
                change = Change("bridge", "registrations.purge", "renders", now, {"count": purged})
                record_change(connection, change)
        return purged


def _issued(connection: Connection, ids: Collection[str]) -> dict[str, IssuedToken]:
    found = {}
    for chunk in _chunks(sorted(ids)):
        for row in connection.execute(select(identities).where(identities.c.id.in_(chunk))):
            found[row.id] = IssuedToken(row.id, workload_of(row), row.token, row.kid, revocation_of(row))
    return found


def _insert_missing(
    connection: Connection, registration: Registration, signed: Sequence[SignedIdentity]
) -> None:
    rows = [_identity_row(registration, item) for item in signed]
    if rows:
        statement = insert_or_ignore(identities).on_conflict_do_nothing(index_elements=["id"])
        connection.execute(statement, rows)


def _replace_distrusted(
    connection: Connection,
    registration: Registration,
    signed: Sequence[SignedIdentity],
    distrusted: Collection[str],
) -> None:
    if not distrusted:
        return
    worthless = identities.c.kid.in_(sorted(distrusted))
    for item in signed:
        connection.execute(
            update(identities)
            .where(identities.c.id == item.identity.id, worthless)
            .values(
                token=item.token,
                kid=item.kid,
                issued_at=registration.at,
                signed_by=registration.actor,
            )
        )


def _identity_row(registration: Registration, signed: SignedIdentity) -> dict[str, Any]:
    identity = signed.identity
    workload = identity.workload
    return {
        "id": identity.id,
        "group": workload.group,
        "kind": workload.kind,
        "namespace": workload.namespace,
        "name": workload.name,
        "generated": workload.generated,
        "audience": identity.audience,
        "cluster": registration.cluster,
        "token": signed.token,
        "kid": signed.kid,
        "issued_at": registration.at,
        "signed_by": registration.actor,
        "first_registration": registration.id,
        "status": "active",
        "last_registered_at": registration.at,
        **_summary(registration),
    }


def _summary(registration: Registration) -> dict[str, Any]:
    return {
        "intent": registration.intent.value,
        "environment": registration.environment,
        "release_name": registration.release.name,
        "release_namespace": registration.release.namespace,
        "chart": registration.release.chart,
    }


def _insert_images(
    connection: Connection, registration: Registration, signed: Sequence[SignedIdentity]
) -> None:
    ours = select(identities.c.id, identities.c.key).where(
        identities.c.id.in_(bindparam("ids", expanding=True)),
        identities.c.first_registration == registration.id,
    )
    for chunk in _chunks(signed):
        found = connection.execute(ours, {"ids": [item.identity.id for item in chunk]})
        keys = {row.id: row.key for row in found}
        rows = [
            _image_row(keys[item.identity.id], position, image)
            for item in chunk
            if item.identity.id in keys
            for position, image in enumerate(item.identity.images)
        ]
        if rows:
            connection.execute(insert(identity_images), rows)


def _image_row(identity_key: int, position: int, image: PlannedImage) -> dict[str, Any]:
    return {
        "identity_key": identity_key,
        "position": position,
        "name": image.name,
        "reference": image.reference,
        "digest": image.digest,
        "children": list(image.children),
        "artifact": image.artifact,
        "registry": image.artifact.partition("/")[0] if image.artifact else None,
        "build_name": image.build.name if image.build else None,
        "build_number": image.build.number if image.build else None,
    }


def _link(connection: Connection, registration: Registration, ids: Collection[str]) -> None:
    row = {
        "id": registration.id,
        "at": registration.at,
        "actor": registration.actor,
        "cluster": registration.cluster,
        **_summary(registration),
    }
    key = connection.scalar(insert(registrations).values(row).returning(registrations.c.key))
    for chunk in _chunks(sorted(ids)):
        linked = select(bindparam("registration_key", key), identities.c.key).where(
            identities.c.id.in_(chunk)
        )
        columns = ["registration_key", "identity_key"]
        connection.execute(insert(registration_identities).from_select(columns, linked))


def _summarise(connection: Connection, registration: Registration) -> None:
    """Carry the registration over to its identities; a mere rendering does not hide a deployment."""
    linked = (
        select(registration_identities.c.identity_key)
        .join(registrations, registrations.c.key == registration_identities.c.registration_key)
        .where(registrations.c.id == registration.id)
    )
    known_before = and_(identities.c.key.in_(linked), identities.c.first_registration != registration.id)
    seen = update(identities).where(known_before)
    connection.execute(seen.values(last_registered_at=registration.at))
    if registration.intent is not Intent.DEPLOY:
        seen = seen.where(identities.c.intent != Intent.DEPLOY)
    connection.execute(seen.values(**_summary(registration)))


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
