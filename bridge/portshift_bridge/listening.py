"""The bridge as a process that listens: its socket, TLS, signals and end."""

from __future__ import annotations

import logging
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from portshift.core.errors import PortshiftError, UsageFault
from portshift_bridge.settings import Settings

_log = logging.getLogger(__name__)
_BACKLOG = 512
_KEEP_ALIVE_SECONDS = 30
# For the threads that watch registries, after the requests have ended.
_STOPPING_SECONDS = 5


def bind(settings: Settings) -> socket.socket:
    """Take the address, before anything is opened that a second bridge must not open.

    Raises:
        PortshiftError: the address is taken, or not of this machine.

    """
    family = socket.AF_INET6 if ":" in settings.listen_host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on and each body waits 40 ms for an ACK.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.listen_host, settings.listen_port))
    except OSError as error:
        bound.close()
        raise PortshiftError(
            f"cannot listen on {settings.listen_host} port {settings.listen_port}: {error.strerror}",
            cure="choose another with --port, or stop what listens there",
        ) from error
    return bound


def address(bound: socket.socket, settings: Settings) -> str:
    """``http://127.0.0.1:8480``: the address that the socket has in truth."""
    host, port = bound.getsockname()[:2]
    scheme = "http" if settings.tls_certificate is None else "https"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def serve(app: FastAPI, bound: socket.socket, settings: Settings, *, announce: Callable[[], None]) -> None:
    """Answer requests until SIGTERM or SIGINT; running ones may end within the setting's bound.

    The process ends within that bound too, whatever still hangs: what was kept is kept.

    ``announce`` is called when connections are accepted.

    Raises:
        UsageFault: the certificate or its key cannot be used.
        PortshiftError: a part of the application could not start.

    """
    server = _Server(_config(app, settings))
    threading.Thread(
        target=_end_in_time, args=(server.ending, settings.shutdown_seconds), name="end", daemon=True
    ).start()
    # uvicorn raises the signal again once it has shut down, and a person may send another: it was heeded.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    bound.listen(_BACKLOG)
    announce()
    server.run(sockets=[bound])
    if not server.started:
        raise PortshiftError("the bridge could not start", cure="see the log lines above")


class _Server(uvicorn.Server):
    """uvicorn's, which also tells that it was told to end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ending = threading.Event()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.ending.set()
        super().handle_exit(sig, frame)


def _end_in_time(ending: threading.Event, seconds: int) -> None:
    """End the process: Python waits for threads, and one may be inside a request to a registry that hangs."""
    ending.wait()
    time.sleep(seconds)
    _log.warning("shutdown took longer than shutdown_seconds=%d; what hangs is left", seconds)
    os._exit(0)


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, settings.shutdown_seconds - _STOPPING_SECONDS),
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise UsageFault(
            f"the certificate {settings.tls_certificate} with the key {settings.tls_key}"
            f" cannot be used: {error}",
            cure="give PEM files that belong together",
        ) from error
    return config
