"""Build the sdist and the wheel into dist/."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parent.parent


def build(folder: Path) -> None:
    """Build both into the folder with the locked setuptools of .venv: no network, nothing unpinned.

    The wheel is built from the unpacked sdist, so that a leftover build/ puts no deleted module into it.
    """
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, REPOSITORY],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def main() -> int:
    """Empty dist/, build, and name what was built."""
    dist = REPOSITORY / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    build(dist)
    for built in sorted(dist.iterdir()):
        print(f"dist/{built.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
