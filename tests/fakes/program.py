"""The real program in a process of its own, in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.bridge import TOKEN, FakeBridge


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    exit_code: int
    out: bytes
    err: str

    @property
    def error_lines(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("Error:")]

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Program:
    """``portshift``, with nothing of this machine's configuration in sight."""

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        return {**kept, "HOME": str(self.home), **self.variables}

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
        seconds: float = 60,
    ) -> Outcome:
        return run(
            [sys.executable, "-m", "portshift", *arguments],
            environ={**self.environ, **(variables or {})},
            stdin=stdin,
            seconds=seconds,
            cwd=self.home,
        )


def run(
    command: list[str], *, environ: Mapping[str, str], stdin: bytes, seconds: float, cwd: Path
) -> Outcome:
    """Run any command to its end."""
    done = subprocess.run(
        command, env=dict(environ), input=stdin, capture_output=True, timeout=seconds, check=False, cwd=cwd
    )
    return Outcome(done.returncode, done.stdout, done.stderr.decode())


def program_for(bridge: FakeBridge, home: Path) -> Program:
    """The program, pointed at a fake bridge with its token."""
    return Program(home, {"PORTSHIFT_BRIDGE_URL": bridge.url, "PORTSHIFT_TOKEN": TOKEN})
