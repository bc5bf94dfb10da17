"""A way to the stand-in that counts connections."""

from __future__ import annotations

import os
import socket
import threading

from tests.standin import Standin


class Listener:
    """Passes connections on to the stand-in, and counts them."""

    def __init__(self, standin: Standin) -> None:
        self._target = standin.host.split(":")
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: list[socket.socket] = []
        self.host = f"127.0.0.1:{self._server.getsockname()[1]}"
        self.connections = 0

    def __enter__(self) -> Listener:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        for each in self._open:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            far = socket.create_connection((self._target[0], int(self._target[1])))
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    except OSError:
        return
    finally:
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                os.sched_yield()
