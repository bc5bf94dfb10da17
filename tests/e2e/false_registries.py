"""Servers that stand where an Artifactory should, and answer every request with something else."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[socket.socket, bytes], None]

_BOMB = gzip.compress(bytes(64 * 1024**2), 9)


def _plain(
    body: bytes, *, kind: str = "application/json", length: int | None = None, encoding: str = "identity"
) -> Answer:
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Encoding: {encoding}\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\nConnection: close\r\n\r\n"
    )

    def answer(client: socket.socket, _: bytes) -> None:
        client.sendall(head.encode() + body)

    return answer


def _redirect(target: str) -> Answer:
    def answer(client: socket.socket, _: bytes) -> None:
        client.sendall(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())

    return answer


def _endless(head: bytes, again: bytes, *, pause: float = 0.0) -> Answer:
    """Send ``again`` for ever."""

    def answer(client: socket.socket, _: bytes) -> None:
        client.sendall(head)
        wait = threading.Event()
        while not wait.wait(pause):
            client.sendall(again)

    return answer


def _hang(client: socket.socket, _: bytes) -> None:
    threading.Event().wait(120)


def _failing(client: socket.socket, _: bytes) -> None:
    client.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 1000000000\r\n\r\n")
    while True:
        client.sendall(bytes(1024**2))


_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FALSE_ANSWERS: dict[str, Answer] = {
    "html": _plain(b"<html><form>Log in</form></html>", kind="text/html"),
    "truncated-json": _plain(b'{"results": [{"repo": "docker-local", "pa'),
    "deep-json": _plain(b"[" * 100_000),
    "long-integer": _plain(b'{"version": ' + b"9" * 100_000 + b"}"),
    "not-utf8": _plain(b'{"version": "\xff\xfe"}'),
    "list": _plain(b"[]"),
    "numbers": _plain(b'{"results": [1, null, {"repo": 1, "path": [], "name": {}}], "version": 7}'),
    "text": _plain(b'"x"'),
    "null": _plain(b"null"),
    "short": _plain(b"{}", length=1_000),
    "negative-length": _plain(b"{}", length=-5),
    "gzip-bomb": _plain(_BOMB, encoding="gzip"),
    "gzip-bombs": _plain(gzip.compress(_BOMB), encoding="gzip, gzip"),
    "gzip-garbage": _plain(b"not gzip at all", encoding="gzip"),
    "gigabyte": _endless(_OK + b"Content-Length: 1000000000\r\n\r\n", bytes(1024**2)),
    "gigabyte-500": _failing,
    "chunks": _endless(_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "header-bomb": _endless(_OK, b"X-A: " + b"a" * 60_000 + b"\r\n"),
    "long-header": _endless(_OK, b"a" * 60_000),
    "continue": _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "slow-header": _endless(_OK + b"X-A: ", b"a", pause=0.5),
    "slow-headers": _endless(_OK, b"X-A: a\r\n", pause=1),
    "slow-body": _endless(_OK + b"Content-Length: 60000\r\n\r\n", b" ", pause=0.5),
    "slow-chunks": _endless(_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", pause=0.5),
    "hang": _hang,
    "silence": lambda client, _: client.close(),
    "no-http": lambda client, _: client.sendall(b"220 smtp.example.com ESMTP\r\n"),
    "redirect-metadata": _redirect("http://169.254.169.254/latest/meta-data/"),
    "redirect-loopback": _redirect("http://127.0.0.1:1/artifactory/"),
}


@contextmanager
def false_registry(answer: Answer) -> Iterator[str]:
    """Its URL; every request is answered by ``answer``, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    threading.Thread(target=one, args=(client,), daemon=True).start()

        def one(client: socket.socket) -> None:
            with contextlib.suppress(OSError), client:
                answer(client, client.recv(65_536))

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/artifactory"
        finally:
            server.shutdown(socket.SHUT_RDWR)
