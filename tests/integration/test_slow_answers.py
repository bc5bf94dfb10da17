"""Servers that never stop answering, a byte at a time: the deadline holds, wherever they slow down."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.model import Login, Registry
from portshift_bridge.registries.session import open_session

pytestmark = pytest.mark.integration

_BETWEEN_BYTES = 0.05
_SECONDS = 0.5


@contextmanager
def trickling(at_once: bytes, then: bytes) -> Iterator[int]:
    """The port of a server that gives every connection these bytes, then the others one by one, for ever."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.recv(65_536)
                connection.sendall(at_once)
                for byte in itertools.cycle(then):
                    connection.sendall(bytes([byte]))
                    time.sleep(_BETWEEN_BYTES)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield int(listener.getsockname()[1])


def seconds_until_unreachable(registry: Registry) -> float:
    with closing(open_session(registry, Login())) as session:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="in time"):
            session.get("api/system/version", deadline=Deadline.after(_SECONDS))
        return time.monotonic() - started


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("at_once", "then"),
    [
        (b"", b"H"),
        (OK, b"X-Slow: 1\r\n"),
        (OK + b"X-Long: ", b"x"),
        (OK + b"Content-Length: 100000\r\n\r\n", b"x"),
        (OK + b"\r\n", b"x"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["status", "headers", "header", "body", "no-length", "chunks", "chunk-size", "continue"],
)
def test_an_answer_that_trickles_ends_with_the_deadline(at_once: bytes, then: bytes) -> None:
    with trickling(at_once, then) as port:
        registry = Registry.from_json({"name": "acme", "url": f"http://127.0.0.1:{port}"})
        assert _SECONDS - 0.1 < seconds_until_unreachable(registry) < 2 * _SECONDS


def test_a_tls_handshake_that_trickles_ends_with_the_deadline() -> None:
    handshake_of_16_kib = b"\x16\x03\x03\x40\x00"
    with trickling(handshake_of_16_kib, b"\x02") as port:
        registry = Registry.from_json({"name": "acme", "url": f"https://127.0.0.1:{port}"})
        assert seconds_until_unreachable(registry) < 2 * _SECONDS


def test_a_proxy_that_trickles_ends_with_the_deadline() -> None:
    with trickling(OK, b"X-Slow: 1\r\n") as port:
        body = {"name": "acme", "url": "https://acme.example.com", "proxy": f"http://127.0.0.1:{port}"}
        assert seconds_until_unreachable(Registry.from_json(body)) < 2 * _SECONDS
