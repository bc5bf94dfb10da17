"""A real Vault on loopback: started, killed, sealed and started again with its data."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hvac
import pytest

from tests.cluster.processes import listening_address, running, wait_until
from tests.conftest import REPOSITORY

PROGRAM = REPOSITORY / ".tools" / "bin" / "vaultdev"
ROOT_TOKEN = "root-token-of-the-tests"
_START_SECONDS = 30.0


@dataclass
class VaultServer:
    """The server's ``folder`` outlives its process; so does its address, once it has one."""

    folder: Path
    tls: tuple[Path, Path] | None = None
    address: str = ""
    pid: int = 0
    _running: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Start, or start again with the same data on the same port; on return it is unsealed."""
        log = self.folder / "vault.log"
        port = self.address.rpartition(":")[2] or "0"
        command: list[str | Path] = [PROGRAM, "-addr", f"127.0.0.1:{port}", "-storage", self.folder]
        command += ["-root-token", ROOT_TOKEN]
        if self.tls is not None:
            command += ["-tls-certificate", self.tls[0], "-tls-key", self.tls[1]]
        process = self._running.enter_context(running(command, log=log))
        wait_until(
            lambda: listening_address(log) is not None, process=process, log=log, seconds=_START_SECONDS
        )
        self.address, self.pid = listening_address(log) or "", process.pid

    def stop(self) -> None:
        """End it in good order."""
        self._running.close()

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        os.kill(self.pid, signal.SIGKILL)
        self._running.close()

    def root(self, *, token: str = ROOT_TOKEN) -> hvac.Client:
        """A client that may do everything, or one with another token."""
        return hvac.Client(
            url=self.address, token=token, verify=str(self.tls[0]) if self.tls else True, timeout=10
        )

    def seal(self) -> None:
        self.root().sys.seal()

    def unseal(self) -> None:
        self.root().sys.submit_unseal_key((self.folder / "unseal-key").read_text(encoding="ascii"))

    def token(self, policy: str, **parameters: Any) -> str:
        """A new token with the rules of ``policy`` (HCL) alone; parameters as ``ttl`` and ``period``."""
        name = f"policy-{abs(hash(policy))}"
        self.root().sys.create_or_update_policy(name, policy)
        made = self.root().auth.token.create(policies=[name], no_parent=True, **parameters)
        return str(made["auth"]["client_token"])


@contextmanager
def vault_server(folder: Path, *, tls: tuple[Path, Path] | None = None) -> Iterator[VaultServer]:
    """A started Vault with KV version 2 at ``secret/``; it ends with the block.

    The test is skipped where Vault was not built.
    """
    if not PROGRAM.is_file():
        pytest.skip(f"no {PROGRAM.relative_to(REPOSITORY)}; cure: make tools")
    server = VaultServer(folder, tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()
