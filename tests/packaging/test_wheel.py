"""The wheel holds every file of both packages, and works where nothing but its requirements is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import wheel

REPOSITORY = Path(__file__).resolve().parent.parent.parent
ROOTS = (REPOSITORY / "helm-plugin" / "portshift", REPOSITORY / "bridge" / "portshift_bridge")

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def built_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    wheel.build(folder)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(built_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of an environment with the wheel and the base requirements in it, no extras."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    pip: list[str | Path] = [
        programs / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    lock = REPOSITORY / "requirements" / "base.lock"
    subprocess.run([*pip, "--require-hashes", "--requirement", lock], check=True)
    subprocess.run([*pip, "--no-deps", "--no-index", built_wheel], check=True)
    return programs


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "HOME": str(cwd)}
    return subprocess.run(command, cwd=cwd, env=clean, input="", capture_output=True, text=True, check=False)


def test_the_wheel_holds_every_file_of_both_packages(built_wheel: Path) -> None:
    expected = {
        file.relative_to(root.parent).as_posix()
        for root in ROOTS
        for file in root.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    with zipfile.ZipFile(built_wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == expected


def test_both_packages_ship_their_types(built_wheel: Path) -> None:
    with zipfile.ZipFile(built_wheel) as archive:
        assert {"portshift/py.typed", "portshift_bridge/py.typed"} <= set(archive.namelist())


def test_the_bare_wheel_says_its_version(installed: Path, tmp_path: Path) -> None:
    run = _run(installed / "portshift", "version", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert "0.1.0" in run.stdout


def test_the_bare_wheel_renders_nothing_from_nothing(installed: Path, tmp_path: Path) -> None:
    run = _run(installed / "portshift", "post-render", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr


def test_the_bare_wheel_imports_no_package_of_the_service(installed: Path, tmp_path: Path) -> None:
    """An import of an extra's package in the command line would only show where the extra is absent."""
    program = (
        "import importlib, pkgutil, portshift\n"
        "for module in pkgutil.walk_packages(portshift.__path__, 'portshift.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
    )
    run = _run(installed / "python", "-c", program, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
