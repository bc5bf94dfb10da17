"""The stand-in, started and stopped, its faults and its records."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType

import uvicorn

from tests.standin.access import Access
from tests.standin.app import Application
from tests.standin.conjure import Conjurer
from tests.standin.delivery import Delivery, Post, Sender, http_post
from tests.standin.faults import Fault, LoggedRequest
from tests.standin.plugins import Execution
from tests.standin.seeding import Seeding
from tests.standin.store import Store
from tests.standin.switches import Switches
from tests.standin.upstream import Source


class Standin(Seeding):
    """An Artifactory on a loopback port, in this process.

    ``with Standin() as artifactory:`` serves it; ``artifactory.url`` ends with ``/artifactory``. An admin
    ``admin`` with the password ``password`` is there from the start.

    Args:
        switches: the version and the unverified behaviours.
        port: 0 for a free one.
        folder: where file contents go; in memory without one.
        conjure: make up every image that is asked of a Docker repository.
        clock: seconds since the epoch.
        post: sends a webhook and gives the status of the answer.

    """

    def __init__(
        self,
        *,
        switches: Switches | None = None,
        port: int = 0,
        folder: Path | None = None,
        conjure: bool = False,
        clock: Callable[[], float] = time.time,
        post: Post = http_post,
    ) -> None:
        self.switches = switches or Switches()
        super().__init__(Store(folder=folder, clock=clock), Access(self.switches, clock))
        conjurer = Conjurer(self.store) if conjure else None
        sources: list[Source] = [self.upstreams]
        self.sender = Sender(self.switches, post)
        self.application = Application(self.store, self.access, self.switches, sources, conjurer, self.sender)
        self.add_user("admin", "password", admin=True)
        self._port = port
        self._socket: socket.socket | None = None
        self._more_sockets: list[socket.socket] = []
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    # Serving

    def __enter__(self) -> Standin:
        self.bind()
        server = self._server = self._configured()
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": self._sockets}, daemon=True)
        self._thread.start()
        while not server.started and self._thread.is_alive():
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sender.close()
        if self._server is not None and self._thread is not None and self._socket is not None:
            self._server.should_exit = True
            self._thread.join()
            for taken in self._sockets:
                taken.close()

    def bind(self) -> None:
        """Take the port, so that ``address`` is known."""
        self._socket = _listening(self._port)

    def add_port(self, repository: str) -> str:
        """``127.0.0.1:PORT`` of a port that serves one Docker repository; made before the server starts."""
        if self._server is not None:
            raise RuntimeError("ports are added before the stand-in is started")
        taken = _listening(0)
        self._more_sockets.append(taken)
        port: int = taken.getsockname()[1]
        self.application.routes.docker_routes.ports[port] = repository
        return f"127.0.0.1:{port}"

    def serve(self) -> None:
        """Serve in this thread until a signal; ``bind`` comes first."""
        self._configured().run(sockets=self._sockets or None)

    @property
    def _sockets(self) -> list[socket.socket]:
        return [*([self._socket] if self._socket else []), *self._more_sockets]

    @property
    def address(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://{self.host}"

    @property
    def host(self) -> str:
        """``127.0.0.1:PORT``, the registry host of references by repository path."""
        if self._socket is None:
            raise RuntimeError("the stand-in is not started")
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def url(self) -> str:
        return f"{self.address}/artifactory"

    def _configured(self) -> uvicorn.Server:
        return uvicorn.Server(
            uvicorn.Config(
                self.application,
                log_config=None,
                log_level="critical",
                access_log=False,
                lifespan="off",
                server_header=False,
                date_header=False,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=1,
            )
        )

    def block(self, repo: str, name: str, reference: str | None = None) -> None:
        """Have Xray block an image: its manifests are a 403."""
        self.application.routes.docker.blocked.append((repo, name, reference))

    def add_plugin(
        self, name: str, version: str, *, description: str = "", users: Iterable[str] = ()
    ) -> None:
        """Install a user plugin with one execution, which ``users`` may call beside administrators."""
        execution = Execution(name, version, description, tuple(users))
        self.application.routes.plugins.executions[name] = execution

    # Faults

    def fail(
        self,
        status: int,
        *,
        times: int | None = 1,
        path: str = "*",
        method: str = "*",
        message: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next ``times`` requests (None: all) whose path matches the glob with ``status``."""
        fault = Fault(
            status=status, message=message, headers=headers or {}, times=times, method=method, path=path
        )
        self.application.faults.append(fault)

    def delay(self, seconds: float, *, times: int | None = None, path: str = "*", method: str = "*") -> None:
        """Wait before answering."""
        self.application.faults.append(Fault(delay=seconds, times=times, method=method, path=path))

    def cut(self, *, times: int | None = 1, path: str = "*", method: str = "*") -> None:
        """Close the connection in the middle of the body."""
        self.application.faults.append(Fault(cut=True, times=times, method=method, path=path))

    def heal(self) -> None:
        """Forget every fault and block."""
        self.application.faults.clear()
        self.application.routes.docker.blocked.clear()

    # What happened

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every request since the start or ``clear_requests``, oldest first (the last 100,000)."""
        return list(self.application.log)

    def clear_requests(self) -> None:
        self.application.log.clear()

    @property
    def deliveries(self) -> list[Delivery]:
        """Every webhook that was delivered or given up, oldest first."""
        return list(self.sender.done)

    def wait_for_deliveries(self, seconds: float = 5.0) -> list[Delivery]:
        """``deliveries``, once nothing is under way any more.

        Raises:
            TimeoutError: something still is after ``seconds``.

        """
        if not self.sender.wait(seconds):
            raise TimeoutError(f"webhooks are still under way after {seconds} s")
        return self.deliveries

    def downloads(self, repo: str, path: str) -> int:
        """How often a file was downloaded."""
        return self.item(repo, path).downloads

    @property
    def total_downloads(self) -> int:
        with self.store.lock:
            return sum(item.downloads for item in self.store.every_item())


def _listening(port: int) -> socket.socket:
    # Named as TCP, or asyncio leaves Nagle's algorithm on and each body waits 40 ms for an ACK.
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", port))
    taken.listen(512)
    return taken
