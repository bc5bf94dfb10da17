"""What the demo shows: a title for each step, each command as a person would type it, and its output."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SHOWN = 180


class DemoFailed(Exception):
    """A command ended with another exit code than it should."""


@dataclass(frozen=True)
class Terminal:
    """Runs commands in one folder with one environment, and shows them."""

    environment: Mapping[str, str]
    folder: Path

    def title(self, text: str) -> None:
        """Say what comes next, and why."""
        print(f"\n==> {text}", flush=True)

    def run(
        self,
        *command: str,
        stdin: str | None = None,
        expected: int = 0,
        quiet: bool = False,
    ) -> str:
        """Run a command and return what it wrote to standard output.

        Raises:
            DemoFailed: it ended with another exit code than ``expected``.
        """
        print(f"  $ {shlex.join(command)}", flush=True)
        done = subprocess.run(
            command,
            input=stdin,
            env=dict(self.environment),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if not quiet or done.returncode != expected:
            self.show(done.stdout + done.stderr)
        if done.returncode != expected:
            raise DemoFailed(f"{shlex.join(command)}: expected exit code {expected}, found {done.returncode}")
        return done.stdout

    def show(self, text: str) -> None:
        """Show output, indented, its long lines cut as tokens make them."""
        for line in text.splitlines():
            shown = line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
            print(f"    {shown}".rstrip(), flush=True)
