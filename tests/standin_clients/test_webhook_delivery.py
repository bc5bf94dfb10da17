"""Webhooks over real sockets: one bad target holds up neither the server nor the other targets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from tests.standin import Standin

pytestmark = pytest.mark.integration

ADMIN = ("admin", "password")


class Receiver(ThreadingHTTPServer):
    """Keeps the paths and the authentication of what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[str, str | None]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers["X-JFrog-Event-Auth"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002, its name in the base class
        """Nothing goes to standard error."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def deaf() -> Iterator[str]:
    """The URL of a target that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def subscribe(standin: Standin, key: str, url: str) -> None:
    document = {
        "key": key,
        "event_filter": {"domain": "docker", "event_types": ["pushed"], "criteria": {"anyLocal": True}},
        "handlers": [{"handler_type": "webhook", "url": url, "secret": "s"}],
    }
    api = f"{standin.address}/event/api/v1/subscriptions"
    requests.post(api, json=document, auth=ADMIN, timeout=10).raise_for_status()


def test_a_bad_target_blocks_nobody(standin: Standin, receiver: Receiver, deaf: str) -> None:
    standin.switches.webhook_strict_urls = False
    subscribe(standin, "deaf", deaf)
    subscribe(standin, "good", f"{receiver.url}/events?registry=acme")

    started = time.monotonic()
    for tag in ("1", "2"):
        standin.push_image("docker-local", "app", tag)
    ping = requests.get(f"{standin.url}/api/system/ping", timeout=1)

    while len(receiver.received) < 2 and time.monotonic() - started < 3:
        time.sleep(0.01)
    assert (ping.status_code, receiver.received) == (200, [("/events?registry=acme", "s")] * 2)
    with pytest.raises(TimeoutError):
        standin.wait_for_deliveries(0.01)


def test_a_target_that_is_not_there_is_given_up(standin: Standin) -> None:
    standin.switches.webhook_strict_urls = False
    standin.switches.webhook_retry_pause = 0.01
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    subscribe(standin, "gone", f"http://127.0.0.1:{port}/")
    standin.push_image("docker-local", "app", "1")

    [delivery] = standin.wait_for_deliveries()
    assert (delivery.status, delivery.attempts) == (None, 3)
