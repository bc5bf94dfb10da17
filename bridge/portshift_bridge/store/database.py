"""The database file: opening it, transactions, and turning its errors into ours.

SQLite in WAL mode: readers never wait, writers wait for each other up to a bound. ``synchronous=FULL``
makes a commit durable before the answer is sent (sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, event
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from portshift_bridge.errors import StorageUnavailable

# More than the 40 worker threads of the server: a request never waits for a connection.
_CONNECTIONS = 48
_CURES = {
    "full": "free space on the volume of the data folder",
    "locked": "another process holds the database; try again, or stop that process",
    "readonly": "make the data folder and its files writable for the bridge's user",
    "unable to open": "check that the data folder exists and that the bridge's user may write it",
    "malformed": "restore the data folder from a backup",
    "not a database": "restore the data folder from a backup",
    "disk i/o": "check the space and health of the volume of the data folder",
}


class Database:
    """One SQLite file; ``wait_seconds`` bounds the wait for another writer."""

    def __init__(self, path: Path, *, wait_seconds: int) -> None:
        self.path = path
        self._engine = sqlalchemy.create_engine(
            sqlalchemy.URL.create("sqlite", database=str(path)),
            connect_args={"timeout": wait_seconds},
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=wait_seconds,
            hide_parameters=True,  # parameters hold tokens; errors are logged
        )
        event.listen(self._engine, "connect", _prepare_connection)
        event.listen(self._engine, "begin", _begin)
        self._writing = self._engine.execution_options(portshift_write=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the data throughout.

        Raises:
            StorageUnavailable: the database cannot be read.

        """
        with _translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is kept whole when the block ends, or not at all.

        It takes the write lock at once, so that what it reads stays true until it commits.

        Raises:
            StorageUnavailable: the database is full, locked for too long, read-only or damaged.

        """
        with _translated(), self._writing.begin() as connection:
            yield connection

    def use_write_ahead_log(self) -> None:
        """Put the file in WAL mode; it stays so. Not for two processes at once.

        Raises:
            StorageUnavailable: the file cannot be opened or written.

        """
        with _translated(), self._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            try:
                driver.execute("PRAGMA journal_mode=WAL")
            except sqlite3.Error as error:
                raise _unavailable(error) from error

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()


def _prepare_connection(connection: Any, _record: object) -> None:
    # None: the driver starts no transactions of its own; _begin says which kind.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("portshift_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (IntegrityError, ProgrammingError, DataError):
        raise
    except DatabaseError as error:
        raise _unavailable(error.orig or error) from error
    except PoolTimeout as error:
        raise StorageUnavailable("the database is busy", cure="try again") from error


def _unavailable(error: BaseException) -> StorageUnavailable:
    cause = str(error)
    cures = (cure for sign, cure in _CURES.items() if sign in cause.lower())
    return StorageUnavailable(f"the database did not answer: {cause}", cure=next(cures, None))
