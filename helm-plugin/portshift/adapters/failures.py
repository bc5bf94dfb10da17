"""A short log of failed renderings, because Helm 4 throws away what a post-renderer says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

MAX_BYTES = 128 * 1024


@dataclass(frozen=True)
class Failure:
    """One failed rendering; ``time`` is RFC 3339 in UTC, ``detail`` a traceback of a fault of our own."""

    time: str
    command: str
    exit_code: int
    cause: str
    detail: str | None = None


def record_failure(path: Path, failure: Failure) -> None:
    """Append to the log and keep it bounded. A log that cannot be written changes nothing."""
    line = json.dumps(asdict(failure), ensure_ascii=True) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists() and path.stat().st_size > MAX_BYTES:
            kept = path.read_bytes()[-MAX_BYTES // 2 :]
            path.write_bytes(kept[kept.find(b"\n") + 1 :])
        path.touch(mode=0o600)
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
    except OSError:
        return


def last_failure(path: Path) -> Failure | None:
    """The newest entry, or None; a line that is none of ours is passed over.

    Raises:
        OSError: the log is there and cannot be read.

    """
    if not path.exists():
        return None
    for line in reversed(path.read_text(encoding="utf-8", errors="replace").splitlines()):
        failure = _read(line)
        if failure is not None:
            return failure
    return None


def _read(line: str) -> Failure | None:
    try:
        value = json.loads(line)
        return Failure(**value) if isinstance(value, Mapping) else None
    except (ValueError, TypeError):
        return None
