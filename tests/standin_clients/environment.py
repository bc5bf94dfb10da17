"""The virtual environment of foreign clients: ``.tools/foreign``, made from the lock beside this file.

``python -m tests.standin_clients.environment`` makes it and prints its interpreter.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

LOCK = Path(__file__).with_name("requirements.lock")
FOLDER = Path(__file__).resolve().parents[2] / ".tools" / "foreign"


class NoEnvironment(Exception):
    """The environment could not be made; the message says why."""


def foreign_python() -> Path:
    """The environment's interpreter; the environment is made when it is absent or older than its lock.

    Raises:
        NoEnvironment: the packages of the lock could not be installed.

    """
    python = FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    made_from = FOLDER / "lock.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if made_from.exists() and made_from.read_text() == wanted:
        return python
    venv.create(FOLDER, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--require-hashes", "--requirement", str(LOCK)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NoEnvironment(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip failed")
    made_from.write_text(wanted)
    return python


if __name__ == "__main__":
    print(foreign_python())
