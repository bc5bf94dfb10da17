"""``make demo`` walks the whole way, ends all that it started, and stays inside its folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.cluster.helm import REPOSITORY

pytestmark = [pytest.mark.helm, pytest.mark.integration]

# What the demo may fill: the package caches of Go and pip.
_CACHES = {".cache", "go", ".npm", ".pyenv"}


def test_the_demo_leaves_signed_manifests_and_nothing_else() -> None:
    home = Path.home()
    before = set(_files(home))
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    signed = sorted((REPOSITORY / ".demo").glob("helm*.yaml"))
    assert signed
    assert all("portshift.io/identity" in manifests.read_text() for manifests in signed)
    assert set(_files(home)) - before == set()
    assert _running() == []


def _files(folder: Path) -> Iterator[tuple[str, float]]:
    for parent, folders, names in os.walk(folder):
        if Path(parent) == folder:
            folders[:] = [name for name in folders if name not in _CACHES]
        if Path(parent).is_relative_to(REPOSITORY):
            folders.clear()
            continue
        for name in names:
            path = Path(parent, name)
            if path.exists():
                yield str(path), path.lstat().st_mtime


def _running() -> list[str]:
    """The processes that serve from the demo's folder."""
    commands = (" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))
    return [command for command in commands if str(REPOSITORY / ".demo") in command]
