"""The launchers: which portshift they find, and what they say when there is none."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.fakes.program import Outcome, run

pytestmark = pytest.mark.integration

LAUNCHER = Path("helm-plugin") / "bin" / "portshift"
POST_RENDERER = Path("helm-plugin") / "post-renderer"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout without .venv, in a folder whose name has a space."""
    folder = tmp_path / "my checkout"
    for part in (LAUNCHER.parent, POST_RENDERER):
        shutil.copytree(REPOSITORY / part, folder / part)
    return folder


def _program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho {says} "$@"\n')
    path.chmod(0o755)
    return path


def _run(program: Path, *arguments: str, path: str = "", variables: dict[str, str] | None = None) -> Outcome:
    environ = {"PATH": f"{path}:/usr/bin:/bin", **(variables or {})}
    return run([str(program), *arguments], environ=environ, stdin=b"", seconds=20, cwd=program.parent)


def test_the_named_python_comes_first(checkout: Path, tmp_path: Path) -> None:
    _program(tmp_path / "bin" / "portshift", "path")
    python = _program(tmp_path / "a python" / "python", "named")
    done = _run(
        checkout / LAUNCHER, "a b", path=str(tmp_path / "bin"), variables={"PORTSHIFT_PYTHON": str(python)}
    )
    assert done.out == b"named -P -m portshift a b\n"


def test_a_program_on_the_path_comes_next_and_is_never_the_launcher_itself(
    checkout: Path, tmp_path: Path
) -> None:
    _program(tmp_path / "bin" / "portshift", "path")
    path = f"{(checkout / LAUNCHER).parent}:{tmp_path / 'bin'}"
    assert _run(checkout / LAUNCHER, "version", path=path).out == b"path version\n"


def test_the_checkouts_own_environment_comes_last(checkout: Path) -> None:
    _program(checkout / ".venv" / "bin" / "python", "venv")
    assert _run(checkout / LAUNCHER, "version").out == b"venv -P -m portshift version\n"


def test_through_a_symlink_the_checkout_is_still_found(checkout: Path, tmp_path: Path) -> None:
    _program(checkout / ".venv" / "bin" / "python", "venv")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "launcher").symlink_to(checkout / LAUNCHER)
    assert _run(tmp_path / "plugins" / "launcher", "version").out == b"venv -P -m portshift version\n"
    (tmp_path / "plugins" / "post-renderer").symlink_to(checkout / POST_RENDERER)
    done = _run(tmp_path / "plugins" / "post-renderer" / "post-render", "--pin")
    assert done.out == b"venv -P -m portshift post-render --pin\n"


def test_a_post_renderer_on_its_own_uses_the_path(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / POST_RENDERER, tmp_path / "alone")
    _program(tmp_path / "bin" / "portshift", "path")
    assert _run(tmp_path / "alone" / "post-render", path=str(tmp_path / "bin")).out == b"path post-render\n"


def test_without_any_the_cure_is_said(checkout: Path, tmp_path: Path) -> None:
    done = _run(checkout / LAUNCHER, "version")
    assert (done.exit_code, done.out) == (1, b"")
    assert "pipx install portshift" in done.err
    shutil.copytree(REPOSITORY / POST_RENDERER, tmp_path / "alone")
    assert "pipx install portshift" in _run(tmp_path / "alone" / "post-render").err


def test_a_folder_named_portshift_where_helm_runs_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "portshift").mkdir()
    (tmp_path / "portshift" / "__init__.py").write_text("raise SystemExit('imported from the chart')")
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PORTSHIFT_PYTHON": sys.executable}
    launcher = str(REPOSITORY / LAUNCHER)
    done = run([launcher, "version"], environ=environ, stdin=b"", seconds=20, cwd=tmp_path)
    assert (done.exit_code, done.err) == (0, "")
