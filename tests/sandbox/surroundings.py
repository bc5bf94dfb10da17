"""Start a stand-in and a bridge that is connected to it; end both, whatever happens."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.cluster.processes import running, wait_until
from tests.sandbox import shop
from tests.standin import Standin

ARTIFACTORY_USER = "admin"
_PROGRAMS = Path(sys.executable).parent
_ANY_HOST = "docker-any"


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """Where to find both, and how to log in."""

    bridge_url: str
    token: str = field(repr=False)
    artifactory_url: str
    artifactory_password: str = field(repr=False)
    bridge_password: str = field(repr=False)
    standin: Standin

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point portshift, and a person's own tools, at the sandbox."""
        return {
            "PORTSHIFT_BRIDGE_URL": self.bridge_url,
            "PORTSHIFT_TOKEN": self.token,
            "ARTIFACTORY_URL": self.artifactory_url,
            "ARTIFACTORY_USER": ARTIFACTORY_USER,
            "ARTIFACTORY_PASSWORD": self.artifactory_password,
        }


@contextmanager
def sandbox(folder: Path, *, conjure: bool = False, connected: bool = True) -> Iterator[Sandbox]:
    """Run both for the length of the block, with all that they write below ``folder``.

    Args:
        folder: made where it is not there.
        conjure: the stand-in makes up every image it is asked for, and the bridge sends it every host.
        connected: whether the bridge knows the stand-in as the registry ``acme`` from the start.

    """
    with Standin(conjure=conjure) as standin:
        password = secrets.token_urlsafe(24)
        standin.add_user(ARTIFACTORY_USER, password, admin=True)
        bridge_password = shop.fill(standin)
        if conjure:
            standin.add_repository(_ANY_HOST)
        with _bridge(folder) as (url, token):
            made = Sandbox(
                bridge_url=url,
                token=token,
                artifactory_url=standin.url,
                artifactory_password=password,
                bridge_password=bridge_password,
                standin=standin,
            )
            if connected:
                _connect(made, conjure=conjure)
            yield made


@contextmanager
def _bridge(folder: Path) -> Iterator[tuple[str, str]]:
    folder.mkdir(parents=True, exist_ok=True)
    token = secrets.token_urlsafe(32)
    token_file = folder / "admin-token"
    token_file.touch(mode=0o600)
    token_file.write_text(token)
    log = folder / "bridge.log"
    command: list[str | Path] = [
        _PROGRAMS / "portshift-bridge",
        "serve",
        "--data",
        folder / "bridge",
        "--port",
        "0",
    ]
    environment = _without_ours(os.environ) | {"PORTSHIFT_BRIDGE_ADMIN_TOKEN_FILE": str(token_file)}
    with running(command, log=log, env=environment) as process:
        wait_until(lambda: _address(log) is not None, process=process, log=log, seconds=60)
        yield str(_address(log)), token


def _address(log: Path) -> str | None:
    for line in log.read_text().splitlines():
        if line.startswith("listening "):
            return line.removeprefix("listening ")
    return None


def _without_ours(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("PORTSHIFT_")}


def _connect(made: Sandbox, *, conjure: bool) -> None:
    answer = requests.post(
        f"{made.bridge_url}/api/v1/registries",
        json={
            "name": "acme",
            "url": made.artifactory_url,
            "hosts": [shop.HOST],
            "mirrors": [f"docker.io={shop.REMOTE}", *([f"*={_ANY_HOST}"] if conjure else [])],
            "login": {"kind": "password", "username": shop.BRIDGE_USER, "secret": made.bridge_password},
        },
        headers={"Authorization": f"Bearer {made.token}"},
        timeout=30,
    )
    answer.raise_for_status()
