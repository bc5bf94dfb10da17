"""Records what it is asked; answers as Artifactory's version, and is a proxy when asked as one."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROXY_USER, PROXY_PASSWORD = "bob", "sesame"


@dataclass
class Server:
    """What it was asked, as ``METHOD target`` and headers, and what it says instead of a version."""

    port: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: Server

    def do_GET(self) -> None:
        self._note()
        body = json.dumps({"version": "7.119.5"}).encode()
        self.send_response(self.server_of.status)
        for name, value in self.server_of.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        self._note()
        pair = base64.b64encode(f"{PROXY_USER}:{PROXY_PASSWORD}".encode()).decode()
        if self.headers.get("Proxy-Authorization") != f"Basic {pair}":
            self.send_response(407)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=5) as onward:
            self.send_response(200)
            self.end_headers()
            _copy_both_ways(self.connection, onward)
        self.close_connection = True

    def _note(self) -> None:
        self.server_of.asked.append((f"{self.command} {self.path}", dict(self.headers)))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has upstream
        """Say nothing."""


def _copy_both_ways(one: socket.socket, other: socket.socket) -> None:
    def copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=copy, args=(other, one), daemon=True)
    back.start()
    copy(one, other)
    back.join(5)


@contextmanager
def serving(**said: Any) -> Iterator[Server]:
    server = Server(**said)

    class Handler(_Answering):
        server_of = server

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        listening.block_on_close = False
        server.port = listening.server_address[1]
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        listening.shutdown()
        thread.join()
