"""The processes above this one, as their arguments.

Linux tells them in ``/proc`` (proc(5)), which is read here: loading psutil would take 10 ms of every
rendering. Elsewhere psutil asks the system, and is loaded only then.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

MAX_DEPTH = 32
PROC = Path("/proc")


def ancestor_arguments() -> tuple[tuple[str, ...], ...]:
    """The arguments of each ancestor, the parent first; empty where the system does not tell."""
    return from_proc(PROC, os.getppid()) if sys.platform == "linux" else from_psutil(os.getppid())


def from_proc(proc: Path, pid: int) -> tuple[tuple[str, ...], ...]:
    """The arguments of process ``pid`` and of those above it, up to one that is hidden or gone."""
    lines: list[tuple[str, ...]] = []
    while pid and len(lines) < MAX_DEPTH:
        try:
            status = (proc / str(pid) / "stat").read_bytes()
            line = (proc / str(pid) / "cmdline").read_bytes()
        except OSError:
            break
        # Each argument ends with a NUL; a kernel thread and a zombie have none.
        lines.append(tuple(map(os.fsdecode, line.split(b"\0")[:-1])))
        # "pid (name) state ppid …", where the name may hold spaces and brackets.
        pid = int(status.rpartition(b")")[2].split()[1])
    return tuple(lines)


def from_psutil(pid: int) -> tuple[tuple[str, ...], ...]:
    """The same as psutil tells it."""
    import psutil

    try:
        process = psutil.Process(pid)
        processes = [process, *process.parents()][:MAX_DEPTH]
    except (psutil.Error, OSError):
        return ()
    lines: list[tuple[str, ...]] = []
    for each in processes:
        try:
            lines.append(tuple(each.cmdline()))
        except (psutil.Error, OSError):
            lines.append(())
    return tuple(lines)
