"""The real bridge as a process of its own, spoken to over loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import requests

TOKEN = "psb_integration-" + "t" * 32
PROGRAM = Path(sys.executable).parent / "portshift-bridge"
START_SECONDS = 30


@dataclass
class BridgeProcess:
    """A bridge that listens; ``lines`` is what it wrote to stdout, ``log`` to stderr."""

    process: subprocess.Popen[str]
    url: str
    lines: list[str]
    log: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, *, token: str = TOKEN, **arguments: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}", **arguments.pop("headers", {})}
        url = self.url + (path if path.startswith("/") else f"/api/v1/{path}")
        return requests.request(method, url, headers=headers, timeout=30, **arguments)

    def stop(self) -> int:
        """End it politely; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=30)


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Variables of a bridge on ``folder``, with ``TOKEN`` for its administrator."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PORTSHIFT_")}
    token = folder.parent / "admin.token"
    token.write_text(TOKEN)
    own = {"data": str(folder), "admin_token_file": str(token), **settings}
    return {**inherited, **{f"PORTSHIFT_BRIDGE_{name.upper()}": value for name, value in own.items()}}


@contextmanager
def running(
    variables: Mapping[str, str], *arguments: str, preexec: Callable[[], None] | None = None
) -> Iterator[BridgeProcess]:
    """A bridge on a free port; it is killed at the end if the test did not stop it."""
    process = start(variables, *arguments, preexec=preexec)
    try:
        yield listening(process)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def start(
    variables: Mapping[str, str], *arguments: str, preexec: Callable[[], None] | None = None
) -> subprocess.Popen[str]:
    """Start a bridge without waiting for it."""
    return subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", *arguments],
        env=dict(variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=preexec,
    )


def listening(process: subprocess.Popen[str]) -> BridgeProcess:
    """Wait until it listens, and go on reading what it writes."""
    assert process.stdout is not None
    assert process.stderr is not None
    killer = threading.Timer(START_SECONDS, process.kill)
    killer.start()
    first = process.stdout.readline()
    killer.cancel()
    if not first.startswith("listening "):
        raise AssertionError(f"no address: {first!r} {process.stderr.read()}")
    bridge = BridgeProcess(process, first.removeprefix("listening ").strip(), [first.strip()])
    for stream, lines in ((process.stdout, bridge.lines), (process.stderr, bridge.log)):
        threading.Thread(target=_gather, args=(stream, lines), daemon=True).start()
    return bridge


def _gather(stream: IO[str], lines: list[str]) -> None:
    try:
        lines.extend(line.rstrip("\n") for line in stream)
    except ValueError:
        return  # closed by the test's end
