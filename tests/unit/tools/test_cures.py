"""Where Python or Go will not do, the line that is printed is the line that cures it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.build_tools import why_not_go

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of stand-in programs, found first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    _write(folder / "apt-get", "exit 0")
    return folder


def _write(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def _set_up(python: str, programs: Path) -> str:
    run = subprocess.run(
        [REPOSITORY / "tools" / "venv.sh", python],
        env={"PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    return run.stderr


def test_no_python_names_the_packages_that_bring_it(programs: Path) -> None:
    assert "apt-get install python3 python3-venv" in _set_up("python-that-is-not-here", programs)


def test_an_old_python_is_named_with_its_version(programs: Path) -> None:
    _write(programs / "old", 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    said = _set_up("old", programs)
    assert "found Python 3.9.2" in said
    assert "make PYTHON=" in said


def test_a_python_without_venv_names_the_package_that_holds_it(programs: Path) -> None:
    _write(programs / "bare", f'case "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"')
    assert "apt-get install python3-venv\n" in _set_up("bare", programs)


def test_no_go_names_where_it_comes_from(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs))
    assert why_not_go() == (
        "no go on PATH; cure: install Go 1.26 or newer from https://go.dev/dl/, then: make tools"
    )


@pytest.mark.parametrize(
    ("version", "cure"),
    [
        ("go1.19.8", "install Go 1.26 or newer from https://go.dev/dl/ and put its bin folder first in PATH"),
        ("go1.22.1", "GOTOOLCHAIN=go1.26.0 make tools"),
    ],
    ids=["too old to fetch another", "able to fetch its successor"],
)
def test_an_old_go_is_cured_by_what_it_can_do_itself(
    version: str, cure: str, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(programs / "go", f"echo go version {version} linux/amd64")
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    assert why_not_go() == f"Go 1.26 is needed, found {version}; cure: {cure}"


def test_a_go_that_is_new_enough_will_do(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(programs / "go", "echo go version go1.27.1 linux/amd64")
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    assert why_not_go() is None
