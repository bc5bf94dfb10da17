"""What outlives a rendering: the failure log, and the note for the wrapper that started Helm.

Helm 3 throws away the stderr of a post-renderer that succeeds, Helm 4 always does.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from portshift.adapters.failures import Failure, record_failure
from portshift.adapters.places import failure_log

NOTE_VARIABLE = "PORTSHIFT_NOTE"


@dataclass(frozen=True)
class Note:
    """What a post-renderer tells the wrapper above Helm."""

    exit_code: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()


def keep_failure(arguments: Sequence[str], exit_code: int, line: str, *, detail: str | None = None) -> None:
    """Write the failure where ``last-error`` and the wrapper look for it."""
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    command = " ".join(["portshift", *arguments])
    record_failure(failure_log(os.environ), Failure(now, command, exit_code, line, detail))
    leave_note(Note(exit_code, line))


def warn(lines: Sequence[str]) -> None:
    """Say each line on stderr, and to the wrapper."""
    for line in lines:
        print(f"Warning: {line}", file=sys.stderr)  # noqa: T201 a filter's stdout is its result
    if lines:
        leave_note(Note(warnings=tuple(lines)))


def leave_note(note: Note) -> None:
    """Add to the note that the wrapper reads, where there is one: Helm may run a post-renderer twice."""
    if path := os.environ.get(NOTE_VARIABLE):
        try:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps(vars(note)) + "\n")
        except OSError:
            return


def read_notes(path: Path) -> Note:
    """Everything that was noted, joined: the last error and all warnings."""
    notes = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    failed = [note for note in notes if note["exit_code"]]
    return Note(
        exit_code=failed[-1]["exit_code"] if failed else 0,
        error=failed[-1]["error"] if failed else None,
        warnings=tuple(dict.fromkeys(line for note in notes for line in note["warnings"])),
    )
