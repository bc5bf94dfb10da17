"""Small files that survive a crash and two processes: locked while they change, replaced whole."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from portshift.core.errors import PortshiftError

LOCK_NAME = ".lock"
LOCK_SECONDS = 10.0
_RETRY_SECONDS = 0.02


@contextlib.contextmanager
def locked(folder: Path, *, name: str = LOCK_NAME, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold a lock of the folder, among the threads and processes of this machine; not reentrant.

    The lock without a name is for writing files: nobody else is asked anything while it is held.

    Raises:
        PortshiftError: the folder cannot be written, or another process held the lock for ``seconds``.

    """
    path = folder / name
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        _wait_for(descriptor, path, seconds)
        yield
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes) -> None:
    """Write ``path`` with mode 0600: after a crash it holds the old bytes or the new ones, never a part.

    The caller holds the folder's lock. What a crashed writer left behind is written over.

    Raises:
        PortshiftError: the disk is full, or the folder cannot be written.

    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        _write_new(fresh, data)
        fresh.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def refuse_readable_by_others(path: Path, *, cure: str) -> None:
    """Accept a file with a secret only when its owner alone can read it.

    Raises:
        PortshiftError: others may; ``cure`` goes on after the command that closes the file to them.
        OSError: it cannot be looked at.

    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise PortshiftError(
            f"{path} has mode {mode:04o}, expected 0600: others may read it",
            cure=f"run 'chmod 600 {path}', {cure}",
        )


def _wait_for(descriptor: int, path: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise PortshiftError(
                    f"another process held {path} for {seconds:g} seconds",
                    cure="try again; if it hangs, find it with 'fuser' or 'lsof' and end it",
                ) from None
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _write_new(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> PortshiftError:
    return PortshiftError(
        f"cannot write {path}: {error.strerror}", cure="free space on the disk or make the folder writable"
    )
