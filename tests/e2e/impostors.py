"""Servers that stand where a bridge should: they answer wrongly, too slowly, or not at all."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_FOREVER = 120.0


def http(status: str, body: bytes, content_type: str, *headers: str, length: int | None = None) -> bytes:
    """An HTTP/1.1 answer; ``length`` may promise more than there is."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", "Connection: close", *headers]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def http_json(document: object, status: str = "200 OK") -> bytes:
    return http(status, json.dumps(document).encode(), "application/json")


@dataclass
class Impostor:
    """``asked`` is set once a request has begun to arrive."""

    url: str
    asked: threading.Event = field(default_factory=threading.Event)


@contextmanager
def impostor(answer: bytes | None) -> Iterator[Impostor]:
    """Give every connection these bytes and close it; without them, never say a word."""
    ended = threading.Event()
    with _listener() as listener:
        running = Impostor(_url(listener))

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.settimeout(_FOREVER)
                _read_request(connection)
                running.asked.set()
                if answer is None:
                    ended.wait(_FOREVER)
                else:
                    connection.sendall(answer)

        threading.Thread(target=_accept, args=(listener, serve), daemon=True).start()
        try:
            yield running
        finally:
            ended.set()


@contextmanager
def slow_proxy(bridge: str, *, bytes_per_step: int, step_seconds: float) -> Iterator[str]:
    """Pass connections on to a bridge, a few bytes at a time in both directions."""
    target = urlsplit(bridge)

    def serve(client: socket.socket) -> None:
        with client, socket.create_connection((target.hostname or "", target.port or 80)) as server:
            back = threading.Thread(target=drip, args=(server, client), daemon=True)
            back.start()
            drip(client, server)
            back.join(_FOREVER)

    def drip(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(bytes_per_step):
                sink.sendall(data)
                threading.Event().wait(step_seconds)
            sink.shutdown(socket.SHUT_WR)

    with _listener() as listener:
        threading.Thread(target=_accept, args=(listener, serve), daemon=True).start()
        yield _url(listener)


@contextmanager
def _listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        try:
            yield listener
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


def _read_request(connection: socket.socket) -> None:
    """Up to the end of the body that the head announces."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536) or b"\r\n\r\n"
    head, _, body = data.partition(b"\r\n\r\n")
    sizes = [
        line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    ]
    left = int(sizes[0]) - len(body) if sizes else 0
    while left > 0 and (more := connection.recv(65536)):
        left -= len(more)


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"
