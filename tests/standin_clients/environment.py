"""The virtual environments of foreign clients: ``.tools/foreign/CLIENT``, each from a lock of its own.

``python -m tests.standin_clients.environment`` makes them all; with ``--lock`` it resolves their locks anew.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = Path(__file__).resolve().parents[2] / ".tools" / "foreign"
CLIENTS = ("artifactory_cleanup", "dohq", "pyartifactory")


class NoEnvironment(Exception):
    """An environment could not be made; the message says why."""


def foreign_python(client: str) -> Path:
    """The interpreter of a client's environment, which is made when it is absent or older than its lock.

    Raises:
        NoEnvironment: the packages of the lock could not be installed.

    """
    folder, lock = FOLDER / client, HERE / client / "requirements.lock"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    made_from = folder / "lock.sha256"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if made_from.exists() and made_from.read_text() == wanted:
        return python
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--require-hashes", "--requirement", str(lock)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NoEnvironment(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip failed")
    made_from.write_text(wanted)
    return python


def resolve(client: str) -> None:
    """Write a client's lock anew from its ``requirements.in``."""
    options = ["--quiet", "--generate-hashes", "--strip-extras", "--allow-unsafe", "--no-header"]
    quiet = ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"]
    command = [sys.executable, "-m", "piptools", "compile", *options, *quiet]
    output = "--output-file=requirements.lock"
    subprocess.run([*command, output, "requirements.in"], check=True, cwd=HERE / client)


if __name__ == "__main__":
    for name in CLIENTS:
        if "--lock" in sys.argv:
            resolve(name)
        print(foreign_python(name))
