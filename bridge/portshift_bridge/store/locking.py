"""A lock file, for what two processes must not do to a data folder at once."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portshift_bridge.errors import StorageUnavailable

_POLL_SECONDS = 0.05


@contextmanager
def exclusive(path: Path, *, wait_seconds: float = 60) -> Iterator[None]:
    """Hold the lock file while the block runs; the system frees it when the process dies.

    Raises:
        StorageUnavailable: the file cannot be made, or another process holds it too long.

    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageUnavailable(f"the lock file {path} cannot be made: {error.strerror}") from error
    try:
        _wait_for(descriptor, path, wait_seconds)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, path: Path, wait_seconds: float) -> None:
    until = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise StorageUnavailable(
                    f"another process has held {path} for {wait_seconds:g} seconds",
                    cure="wait for it to end, or stop it",
                ) from None
            time.sleep(_POLL_SECONDS)
        else:
            return
