"""The stand-in that the foreign clients meet, and ways to run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin import Permission, Standin
from tests.standin_clients.environment import NoEnvironment, foreign_python

Session = Callable[..., dict[str, Any]]
Skopeo = Callable[..., str]


@pytest.fixture
def standin() -> Iterator[Standin]:
    with Standin() as server:
        server.add_repository("docker-local")
        server.add_repository("docker-remote", "remote", remote_url="https://registry.example.com")
        server.add_repository(
            "docker",
            "virtual",
            members=["docker-local", "docker-remote"],
            default_deployment_repo="docker-local",
        )
        server.add_repository("files", package_type="generic")
        server.add_user("reader", "reads", permissions=[Permission.of("read")])
        server.add_user("writer", "writes", permissions=[Permission.of("read", "deploy", "delete")])
        yield server


def python_of(client: str) -> Path:
    """A client's interpreter; the test is skipped where the client cannot be installed."""
    try:
        return foreign_python(client)
    except NoEnvironment as error:
        pytest.skip(f"{client} cannot be installed: {error}")


@pytest.fixture
def session(standin: Standin) -> Session:
    """Runs a client's session in its own environment and returns the JSON object that it prints."""

    def run(client: str, *arguments: str, script: str = "session.py") -> dict[str, Any]:
        path = Path(__file__).parent / client / script
        command = [str(python_of(client)), str(path), standin.url, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        printed: dict[str, Any] = json.loads(done.stdout)
        return printed

    return run


@pytest.fixture
def skopeo(tmp_path: Path) -> Skopeo:
    """Runs skopeo with everything it may write inside the test's folder; returns its standard output."""
    program = shutil.which("skopeo")
    if program is None:
        pytest.skip("no skopeo on PATH: apt-get install skopeo")
    home = tmp_path / "home"
    home.mkdir()
    settings = {
        "HOME": str(home),
        # Root's cache is /var/lib/containers whatever HOME says, a user's is in XDG_DATA_HOME.
        "_CONTAINERS_ROOTLESS_UID": "1000",
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_RUNTIME_DIR": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "REGISTRY_AUTH_FILE": str(home / "auth.json"),
        "TMPDIR": str(home),
    }
    (home / "auth.json").write_text("{}")

    def run(*arguments: str, fails: bool = False) -> str:
        command = [program, "--insecure-policy", "--tmpdir", str(home), *arguments]
        environment = {**os.environ, **settings}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60, env=environment
        )
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else done.stdout

    return run
