"""A real bridge as a process of its own, and what a test tells it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.cluster.helm import PROGRAMS
from tests.cluster.processes import listening_address, running, wait_until


@dataclass(frozen=True)
class RunningBridge:
    """A bridge's address and its administrator's access token."""

    url: str
    token: str = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which the command line finds it."""
        return {"PORTSHIFT_BRIDGE_URL": self.url, "PORTSHIFT_TOKEN": self.token}

    def connect(
        self,
        name: str,
        url: str,
        *,
        hosts: Sequence[str] = (),
        mirrors: Sequence[str] = (),
        user: tuple[str, str] = ("admin", "password"),
    ) -> None:
        """Connect the stand-in at the URL, by default as its administrator."""
        login = {"kind": "password", "username": user[0], "secret": user[1]}
        body = {"name": name, "url": url, "hosts": hosts, "mirrors": mirrors, "login": login}
        self._call("POST", "/api/v1/registries", body)

    def identities(self) -> list[dict[str, Any]]:
        """Every identity it holds, the newest first."""
        items: list[dict[str, Any]] = self._call("GET", "/api/v1/identities?limit=500")["items"]
        return items

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        response = requests.request(method, self.url + path, json=body, headers=headers, timeout=30)
        if not response.ok:
            raise AssertionError(f"{method} {path}: {response.status_code} {response.text}")
        document: dict[str, Any] = response.json()
        return document


@contextmanager
def running_bridge(folder: Path) -> Iterator[RunningBridge]:
    """Serve with a data folder of its own, on a free port, for the length of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(32)
    token_file = folder / "admin.token"
    token_file.write_text(token)
    token_file.chmod(0o600)
    log = folder / "bridge.log"
    data = folder / "data"
    command: list[str | Path] = [PROGRAMS / "portshift-bridge", "serve", "--port", "0", "--data", data]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PORTSHIFT_BRIDGE_ADMIN_TOKEN_FILE": str(token_file),
    }
    with running(command, log=log, env=environment) as process:
        wait_until(lambda: listening_address(log) is not None, process=process, log=log, seconds=30)
        yield RunningBridge(listening_address(log) or "", token)
