"""Programs that end with the test session, however the session ends."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: loading a library in a forked child can deadlock.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class NotReady(Exception):
    """A program ended, or did not answer in time; the message carries the end of its log."""


def _die_with_parent() -> None:
    """Ask the kernel to kill this child when pytest dies, kill -9 included; only Linux can."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@contextmanager
def running(
    command: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program with its output in a log file; kill its process group at the end of the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            process_group=0,
            preexec_fn=_die_with_parent,
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes], *, patience: float = 5.0) -> None:
    """Ask the process group to end, then kill what is left of it."""
    for kind, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, None)):
        if process.poll() is not None:
            return
        os.killpg(process.pid, kind)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


def wait_until(
    answers: Callable[[], bool], *, process: subprocess.Popen[bytes], log: Path, seconds: float
) -> None:
    """Wait for a program to answer.

    Raises:
        NotReady: it ended, or it did not answer within the seconds.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotReady(f"{log.stem} ended with {process.returncode}:\n{_end_of(log)}")
        if answers():
            return
        time.sleep(0.1)
    raise NotReady(f"{log.stem} did not answer within {seconds} s:\n{_end_of(log)}")


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


def listening_address(log: Path) -> str | None:
    """Read the address from the line ``listening ADDRESS`` that our servers begin with; None before it."""
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("listening "):
            return line.removeprefix("listening ").strip()
    return None


def free_port() -> int:
    """Find a port of loopback that nobody listens on now; another program may still be faster."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
