"""Bringing a data folder's database to the schema of this program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from portshift_bridge.durable import locked
from portshift_bridge.errors import StorageUnavailable
from portshift_bridge.store.database import Database

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Migrated:
    """The schema revision before and after; ``before`` is absent for a new database."""

    before: str | None
    after: str


def migrate(database: Database) -> Migrated:
    """Apply every missing migration in one transaction; another process waits meanwhile.

    Raises:
        PortshiftError: another process holds the data folder's lock for a minute.
        StorageUnavailable: the database cannot be written, or a newer portshift made it.

    """
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    if head is None:
        raise StorageUnavailable(f"no migrations in {_SCRIPTS}", cure="install portshift-bridge again")
    known = {script.revision for script in scripts.walk_revisions()}
    # Two processes cannot change to WAL at once. Only this is under the folder's lock: elsewhere it is
    # taken inside a transaction, never around one.
    with locked(database.path.parent, seconds=_LOCK_SECONDS):
        database.use_write_ahead_log()
    with database.write() as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        if before is not None and before not in known:
            raise StorageUnavailable(
                f"{database.path} has schema {before}, which this portshift does not know",
                cure="start the newer portshift that wrote it, or restore a backup",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return Migrated(before=before, after=head)
