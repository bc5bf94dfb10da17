"""The Helm of this machine: where it is, its version, and a run of it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portshift.core.errors import PortshiftError

_VERSION = re.compile(r"v?(\d+)\.\d+\.\d+\S*")
_PROBE_SECONDS = 30


@dataclass(frozen=True)
class Helm:
    """A Helm program; ``version`` is such as ``v4.2.4``."""

    path: str
    version: str

    @property
    def major(self) -> int:
        match = _VERSION.match(self.version)
        return int(match[1]) if match else 0


def find_helm(environ: Mapping[str, str]) -> Helm:
    """The Helm that started us (``HELM_BIN``), else the one on PATH.

    Raises:
        PortshiftError: there is none, or it does not tell its version.

    """
    wanted = environ.get("HELM_BIN") or "helm"
    path = shutil.which(wanted, path=environ.get("PATH"))
    if path is None:
        raise PortshiftError(
            f"{wanted} is not on the PATH", cure="install Helm 3.17 or later, or set HELM_BIN"
        )
    version = ask_helm(path, ["version", "--template", "{{.Version}}"], environ)
    if not _VERSION.match(version):
        raise PortshiftError(f"{path} is no Helm: found {version[:80]!r} as its version", cure="set HELM_BIN")
    return Helm(path, version)


def ask_helm(path: str, arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """What Helm prints for a question such as ``env HELM_PLUGINS``.

    Raises:
        PortshiftError: it cannot be run, or fails.

    """
    try:
        done = subprocess.run(  # noqa: S603 the user's own Helm
            [path, *arguments],
            env=dict(environ),
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PortshiftError(f"{path} cannot be run: {error}") from error
    if done.returncode:
        raise PortshiftError(f"`{path} {arguments[0]}` failed: {done.stderr.strip()[-300:]}")
    return done.stdout.strip()


def run_helm(path: str, arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run Helm on our own stdin, stdout and stderr and return its exit code.

    Helm is in our process group and gets Ctrl-C by itself; we wait for it to clean up. SIGTERM is passed on.

    Raises:
        PortshiftError: it cannot be run.

    """
    # A handler of Python's, unlike SIG_IGN, is not inherited: Helm keeps its own.
    interrupt = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with subprocess.Popen([path, *arguments], env=dict(environ)) as child:  # noqa: S603 the user's own Helm
            previous = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
            try:
                return child.wait()
            finally:
                signal.signal(signal.SIGTERM, previous)
    except OSError as error:
        raise PortshiftError(f"{path} cannot be run: {error}") from error
    finally:
        signal.signal(signal.SIGINT, interrupt)
