"""What a data folder is for ever: the issuer's id and the trust domain, made at its first start."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert, select

from portshift.core.errors import UsageFault
from portshift_bridge.store.database import Database
from portshift_bridge.store.schema import meta

DEFAULT_TRUST_DOMAIN = "portshift.local"


@dataclass(frozen=True)
class Installation:
    """``issuer`` is the tokens' ``iss``: stable, and not the bridge's address."""

    issuer: str
    trust_domain: str


def installation(database: Database, *, new_issuer: str, trust_domain: str | None) -> Installation:
    """Read the installation, or begin it with ``new_issuer`` and the trust domain.

    Raises:
        UsageFault: the folder was begun with another trust domain; its tokens name that one.
        StorageUnavailable: the database cannot be read or written.

    """
    with database.write() as connection:
        found = {row.name: row.value for row in connection.execute(select(meta))}
        if not found:
            found = {"issuer": new_issuer, "trust_domain": trust_domain or DEFAULT_TRUST_DOMAIN}
            rows = [{"name": name, "value": value} for name, value in found.items()]
            connection.execute(insert(meta), rows)
    if trust_domain not in {None, found["trust_domain"]}:
        raise UsageFault(
            f"found the setting trust_domain {trust_domain}, but the tokens of this data folder say"
            f" {found['trust_domain']}",
            cure="remove the setting, or begin a new data folder",
        )
    return Installation(issuer=found["issuer"], trust_domain=found["trust_domain"])


def issuer_of(database: Database) -> str | None:
    """The issuer's id, or nothing before the first start; a cheap proof that the database answers."""
    with database.read() as connection:
        return connection.scalar(select(meta.c.value).where(meta.c.name == "issuer"))
