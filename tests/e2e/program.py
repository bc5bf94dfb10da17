"""The installed programs, run as a person runs them, in a home of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

PORTSHIFT = Path(sys.executable).parent / "portshift"
WEB = "acme.example.com/docker-local/shop/web:1.0"
ANNOTATION = "portshift.io/identity"
_TOKEN = re.compile(rb'portshift\.io/identity"?: "([^"\n]+)"')


@dataclass(frozen=True)
class Outcome:
    """How a run ended; ``seconds`` and ``mebibytes`` (peak, resident) say what it took."""

    exit_code: int
    out: bytes
    err: str
    seconds: float = 0.0
    mebibytes: float = 0.0

    @property
    def tokens(self) -> list[str]:
        """The tokens in the manifests it wrote, in their order."""
        return tokens_of(self.out)


@dataclass(frozen=True)
class Portshift:
    """``portshift`` with these variables and no others but PATH."""

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def given(self, **variables: str) -> Portshift:
        """The same with more variables."""
        return replace(self, variables={**self.variables, **variables})

    def without(self, *names: str) -> Portshift:
        """The same without some variables."""
        return replace(
            self, variables={key: self.variables[key] for key in self.variables if key not in names}
        )

    def run(self, *arguments: str | Path, stdin: bytes = b"", seconds: float = 60) -> Outcome:
        return run([PORTSHIFT, *arguments], self.environment, cwd=self.home, stdin=stdin, seconds=seconds)

    def shell(self, command: str, *, stdin: bytes = b"") -> Outcome:
        """Run a shell command in which ``portshift`` is the program: for redirections."""
        return run(["sh", "-c", command], self.environment, cwd=self.home, stdin=stdin)

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Start it with pipes on all three streams."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [PORTSHIFT, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, env=self.environment, cwd=self.home
        )

    @property
    def environment(self) -> dict[str, str]:
        path = f"{PORTSHIFT.parent}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.home), **self.variables}


def run(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    cwd: Path,
    stdin: bytes = b"",
    seconds: float = 60,
) -> Outcome:
    """Run any command to its end."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        env=dict(environment),
        input=stdin,
        capture_output=True,
        timeout=seconds,
        check=False,
        cwd=cwd,
    )
    return Outcome(
        done.returncode, done.stdout, done.stderr.decode(errors="replace"), time.monotonic() - started
    )


# A child's peak counts the memory of the process that forked it, so a small one stands between.
_MEASURE = """
import resource, subprocess, sys
result, seconds, *command = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
code = subprocess.call(command)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
open(result, "w").write(f"{code} {peak}")
"""


def measured(program: Portshift, *arguments: str | Path, stdin: Path, out: Path, seconds: float) -> Outcome:
    """Run it on files, and measure its own peak memory instead of the peak of all children so far."""
    result = out.parent / "measured"
    command = [sys.executable, "-S", "-c", _MEASURE, result, str(int(seconds)), PORTSHIFT, *arguments]
    with stdin.open("rb") as source, out.open("wb") as sink, (out.parent / "err").open("w+b") as errors:
        started = time.monotonic()
        subprocess.run(
            command,
            stdin=source,
            stdout=sink,
            stderr=errors,
            env=program.environment,
            cwd=program.home,
            check=True,
        )
        spent = time.monotonic() - started
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    code, kibibytes = map(int, result.read_text().split())
    return Outcome(code, out.read_bytes(), said, spent, kibibytes / 1024)


def deployment(
    name: str = "web", *images: str, namespace: str | None = None, annotations: str = "{}"
) -> bytes:
    """A Deployment with a container for each image (``WEB`` when none is given)."""
    containers = "".join(
        f"        - name: c{number}\n          image: {image}\n"
        for number, image in enumerate(images or (WEB,))
    )
    where = "" if namespace is None else f"  namespace: {namespace}\n"
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n{where}spec:\n  template:\n"
        f"    metadata:\n      annotations: {annotations}\n    spec:\n      containers:\n{containers}"
    ).encode()


def tokens_of(manifests: bytes) -> list[str]:
    """Tokens by the text of their annotation, whatever else is there."""
    return [token.decode() for token in _TOKEN.findall(manifests)]


def one_token(outcome: Outcome) -> str:
    """The only token of a run that succeeded."""
    assert outcome.exit_code == 0, outcome.err
    (token,) = outcome.tokens
    return token


def documents(manifests: bytes) -> list[Any]:
    return [document for document in yaml.load_all(manifests, yaml.CSafeLoader) if document is not None]


def failed(outcome: Outcome, exit_code: int, *, says: str) -> None:
    """Assert one clear line and nothing else: the exit code, no output, and the words of the line."""
    assert outcome.exit_code == exit_code, outcome.err
    assert outcome.out == b""
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.err.startswith("Error: ")
    assert "unexpected" not in outcome.err
    assert says in outcome.err, outcome.err
    assert len(outcome.err) < 700
