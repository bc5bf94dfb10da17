"""Registries that a database knows by name, for tests of what is kept of them."""

from __future__ import annotations

from sqlalchemy import insert

from portshift_bridge.registries.model import Registry
from portshift_bridge.store.database import Database
from portshift_bridge.store.schema import registries


def connected(database: Database, *names: str) -> None:
    """Have these count as connected, without logins."""
    rows = [
        {"name": name, "document": Registry(name, f"https://{name}.example/artifactory").to_json()}
        for name in names
    ]
    with database.write() as connection:
        connection.execute(insert(registries), [{**row, "created_at": 1, "updated_at": 1} for row in rows])
