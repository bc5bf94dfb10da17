"""The stand-in, started and stopped, and what tests put into it and read out of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import uvicorn

from tests.standin.access import Access
from tests.standin.app import Application
from tests.standin.builds import build_info, image_module, publish_build
from tests.standin.conjure import Conjurer
from tests.standin.faults import Fault, LoggedRequest
from tests.standin.images import Image, build_image
from tests.standin.layout import put_image
from tests.standin.model import ANONYMOUS, Item, Permission, RClass, Repository, User
from tests.standin.store import Store
from tests.standin.switches import Switches
from tests.standin.upstream import Source, Upstreams


class Standin:
    """An Artifactory on a loopback port, in this process.

    ``with Standin() as artifactory:`` serves it; ``artifactory.url`` ends with ``/artifactory``. An admin
    ``admin`` with the password ``password`` is there from the start.

    Args:
        switches: the version and the unverified behaviours.
        port: 0 for a free one.
        folder: where file contents go; in memory without one.
        conjure: make up every image that is asked of a Docker repository.
        clock: seconds since the epoch.

    """

    def __init__(
        self,
        *,
        switches: Switches | None = None,
        port: int = 0,
        folder: Path | None = None,
        conjure: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.switches = switches or Switches()
        self.store = Store(folder=folder, clock=clock)
        self.access = Access(self.switches)
        self.upstreams = Upstreams()
        self.sources: list[Source] = [self.upstreams]
        conjurer = Conjurer(self.store) if conjure else None
        self.application = Application(self.store, self.access, self.switches, self.sources, conjurer)
        self.add_user("admin", "password", admin=True)
        self._port = port
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    # Serving

    def __enter__(self) -> Standin:
        self.bind()
        server = self._server = self._configured()
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()
        while not server.started and self._thread.is_alive():
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None and self._thread is not None and self._socket is not None:
            self._server.should_exit = True
            self._thread.join()
            self._socket.close()

    def bind(self) -> None:
        """Take the port, so that ``address`` is known."""
        # Named as TCP, or asyncio leaves Nagle's algorithm on and each body waits 40 ms for an ACK.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", self._port))
        self._socket.listen(512)

    def serve(self) -> None:
        """Serve in this thread until a signal; ``bind`` comes first."""
        self._configured().run(sockets=[self._socket] if self._socket else None)

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

    # Seeding

    def add_repository(
        self,
        key: str,
        rclass: RClass = "local",
        *,
        members: Sequence[str] = (),
        default_deployment_repo: str | None = None,
        remote_url: str = "",
        package_type: str = "docker",
        library: bool = False,
        child_folders: str | None = None,
    ) -> Repository:
        """Make a repository. A remote's caches name child folders ``sha256__…`` unless told otherwise."""
        repository = Repository(
            key=key,
            rclass=rclass,
            package_type=package_type,
            members=tuple(members),
            default_deployment_repo=default_deployment_repo,
            url=remote_url,
            library=library,
            child_folders=child_folders or ("sha256__" if rclass == "remote" else "sha256:"),
        )
        with self.store.lock:
            self.store.add_repository(repository)
        return repository

    def add_user(
        self,
        name: str,
        password: str | None = None,
        *,
        permissions: Iterable[Permission] = (),
        admin: bool = False,
        token: str | None = None,
        api_key: str | None = None,
        locked: bool = False,
    ) -> User:
        """Make or replace a user. ``anonymous`` is served without credentials when its switch is on."""
        user = User(
            name=name,
            password=password if name != ANONYMOUS else None,
            token=token,
            api_key=api_key,
            admin=admin,
            locked=locked,
            permissions=tuple(permissions),
        )
        self.access.users[name] = user
        return user

    def push_image(
        self,
        repo: str,
        name: str,
        tag: str = "latest",
        *,
        image: Image | None = None,
        platforms: Sequence[str] = ("linux/amd64",),
        labels: Mapping[str, str] | None = None,
        docker: bool = False,
        index: bool | None = None,
        attestations: bool = False,
        content: str = "",
        cached: bool = False,
    ) -> Image:
        """Put an image into a repository as a push does; into a remote, behind it.

        What is behind a remote comes into its cache when it is first asked for; with ``cached`` it is
        there already. See :func:`tests.standin.images.build_image` for the other arguments.
        """
        built = image or build_image(
            name,
            platforms=platforms,
            labels=labels,
            docker=docker,
            index=index,
            attestations=attestations,
            content=content,
        )
        repository = self.store.repositories[repo]
        with self.store.lock:
            if repository.rclass == "remote":
                self.upstreams.add(repo, name, tag, built)
            if repository.rclass != "remote" or cached:
                put_image(self.store, repository, name, tag, built, user="admin")
        return built

    def publish_build(
        self,
        name: str,
        number: str,
        images: Sequence[tuple[str, str, str]] = (),
        *,
        agent: str = "Jenkins/2.479",
        url: str = "",
        vcs_url: str = "",
        vcs_revision: str = "",
        vcs_branch: str = "",
        started: float | None = None,
    ) -> dict[str, object]:
        """Publish build-info for ``(repository, image, tag)`` each, and set ``build.*`` as jf does.

        The properties go to the manifests and their layers, children included (facts §1).
        """
        moment = self.store.clock() if started is None else started
        with self.store.lock:
            modules = [image_module(self.store, *image) for image in images]
            document = build_info(
                name,
                number,
                started=moment,
                agent=agent,
                url=url,
                vcs=(vcs_url, vcs_revision, vcs_branch),
                modules=modules,
            )
            publish_build(self.store, document, modules, started=moment)
        return document

    def set_properties(self, repo: str, path: str, properties: Mapping[str, str | Sequence[str]]) -> None:
        """Add properties to an item, as its owner would."""
        new = {key: [value] if isinstance(value, str) else list(value) for key, value in properties.items()}
        with self.store.lock:
            item = self.item(repo, path)
            self.store.set_properties(item, {**item.properties, **new})

    def block(self, repo: str, name: str, reference: str | None = None) -> None:
        """Have Xray block an image: its manifests are a 403."""
        self.application.docker.blocked.append((repo, name, reference))

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
        self.application.docker.blocked.clear()

    # What happened

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every request since the start or ``clear_requests``, oldest first (the last 100,000)."""
        return list(self.application.log)

    def clear_requests(self) -> None:
        self.application.log.clear()

    def item(self, repo: str, path: str) -> Item:
        """An item by repository and path.

        Raises:
            KeyError: there is none.

        """
        found = self.store.find(repo, path)
        if found is None:
            raise KeyError(f"{repo}/{path}")
        return found

    def downloads(self, repo: str, path: str) -> int:
        """How often a file was downloaded."""
        return self.item(repo, path).downloads

    @property
    def total_downloads(self) -> int:
        with self.store.lock:
            return sum(item.downloads for item in self.store.every_item())
