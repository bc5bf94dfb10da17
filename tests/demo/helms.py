"""The Helms to show: the one on PATH, and those of ``make tools``; none found, they are built."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.helm import REPOSITORY
from tools import build_tools


@dataclass(frozen=True)
class FoundHelm:
    """A Helm program and its major version."""

    major: int
    version: str
    program: Path


def find_helms() -> list[FoundHelm]:
    """One Helm of each major version present; those of PATH come first."""
    found = _present()
    if not found:
        print("no helm on PATH, building both majors once (some minutes)", flush=True)
        build_tools.main(["helm3", "helm4"])
        found = _present()
    return [found[major] for major in sorted(found)]


def _present() -> dict[int, FoundHelm]:
    on_path = shutil.which("helm")
    programs = [Path(on_path)] if on_path else []
    programs += [REPOSITORY / ".tools" / "bin" / name for name in ("helm3", "helm4")]
    found: dict[int, FoundHelm] = {}
    for program in programs:
        helm = _ask(program)
        if helm is not None:
            found.setdefault(helm.major, helm)
    return found


def _ask(program: Path) -> FoundHelm | None:
    if not program.is_file():
        return None
    answer = subprocess.run([program, "version", "--short"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.\d+\.\d+", answer.stdout)
    return FoundHelm(int(version[1]), version[0], program) if version else None
