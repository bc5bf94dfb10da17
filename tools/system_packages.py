"""The Debian packages of system-packages.txt: installed as root on Debian, named to the reader elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).with_name("system-packages.txt")


def wanted() -> list[str]:
    """Read the package names, comments aside."""
    lines = (line.partition("#")[0].strip() for line in LIST.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def without_program(packages: list[str]) -> list[str]:
    """Keep the packages whose program is not on PATH; each of ours but nodejs is named after its program."""
    program = {"nodejs": "node"}
    return [package for package in packages if shutil.which(program.get(package, package)) is None]


def main() -> int:
    """Install what is missing where that is possible; say what is skipped where it is not."""
    missing = without_program(wanted())
    if not missing:
        return 0
    command = f"apt-get install {' '.join(missing)}"
    if shutil.which("apt-get") is None:
        print(f"packages: tests of {', '.join(missing)} are skipped; cure: install them and put them on PATH")
        return 0
    if os.geteuid() != 0:
        print(f"packages: tests of {', '.join(missing)} are skipped; cure: sudo {command}")
        return 0
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False)
    installed = subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
        env=quiet,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if installed.returncode != 0:
        print(f"packages: could not be installed, their tests are skipped; cure: {command}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
