"""A how-to page as something that can be run.

A fenced block whose info string holds ``file=NAME`` is a file that the reader writes; one with ``run`` is
what the reader types. Other blocks are for reading.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A file to write, or a script to run where ``file`` is absent."""

    text: str
    file: str | None = None


def steps(page: Path) -> Iterator[Step]:
    """The page's steps, in order."""
    for block in _BLOCK.finditer(page.read_text()):
        words = block["info"].split()
        files = [word.removeprefix("file=") for word in words if word.startswith("file=")]
        if files:
            yield Step(block["text"], files[0])
        elif "run" in words:
            yield Step(block["text"])


def follow(page: Path, *, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Do all that the page says in ``folder``; return what each script wrote to standard output."""
    outputs = []
    for step in steps(page):
        if step.file is not None:
            target = folder / step.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.text)
            continue
        done = subprocess.run(
            ["sh", "-e"],
            input=step.text,
            cwd=folder,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{page.name}: {step.text}\n{done.stdout}\n{done.stderr}"
        outputs.append(done.stdout)
    return outputs
