"""The bridge as a process that listens: its socket, TLS, signals and end."""

from __future__ import annotations

import signal
import socket
import ssl
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from portshift.core.errors import PortshiftError, UsageFault
from portshift_bridge.settings import Settings

_BACKLOG = 512
_KEEP_ALIVE_SECONDS = 30


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

    ``announce`` is called when connections are accepted.

    Raises:
        UsageFault: the certificate or its key cannot be used.
        PortshiftError: a part of the application could not start.

    """
    server = uvicorn.Server(_config(app, settings))
    # uvicorn raises the signal again once it has shut down; by then it has been heeded.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _heeded)
    bound.listen(_BACKLOG)
    announce()
    server.run(sockets=[bound])
    if not server.started:
        raise PortshiftError("the bridge could not start", cure="see the log lines above")


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_seconds,
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


def _heeded(_number: int, _frame: FrameType | None) -> None:
    """Nothing is left to do."""
