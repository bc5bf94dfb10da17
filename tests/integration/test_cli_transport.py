"""One exchange over TLS and through a proxy, on real sockets."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portshift.adapters.endpoint import Proxy, make_endpoint
from portshift.adapters.transport import exchange
from portshift.core.errors import Unreachable, UsageFault
from tests.fakes.bridge import running_bridge
from tests.fakes.certificate import self_signed
from tests.fakes.program import Program

pytestmark = pytest.mark.integration


class _Recorder(http.server.BaseHTTPRequestHandler):
    seen: list[tuple[str, dict[str, str]]]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


@contextmanager
def _server(context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[tuple[str, dict[str, str]]]]]:
    seen: list[tuple[str, dict[str, str]]] = []

    class Handler(_Recorder):
        pass

    Handler.seen = seen
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1], seen
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of its own authority for 127.0.0.1, in one file."""
    return self_signed(tmp_path_factory.mktemp("tls"))[1]


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_bridge_of_a_private_authority_is_trusted_when_told(tls: ssl.SSLContext, certificate: Path) -> None:
    with _server(tls) as (port, seen):
        url = f"https://127.0.0.1:{port}/sub"
        with pytest.raises(Unreachable, match=r"not trusted.*PORTSHIFT_CA"):
            exchange(make_endpoint(url, token="t", environ={}), "GET", "/x")
        endpoint = make_endpoint(url, token="t", ca_file=str(certificate), environ={})
        assert exchange(endpoint, "GET", "/x").status == 200
        assert [(path, headers["authorization"]) for path, headers in seen] == [("/sub/x", "Bearer t")]


def test_ssl_cert_file_is_followed(tls: ssl.SSLContext, certificate: Path, tmp_path: Path) -> None:
    with _server(tls) as (port, _):
        program = Program(tmp_path, {"PORTSHIFT_BRIDGE_URL": f"https://127.0.0.1:{port}"})
        assert "is not trusted" in program.run("status").out.decode()
        trusted = program.run("status", variables={"SSL_CERT_FILE": str(certificate)}).out.decode()
        assert "is not trusted" not in trusted
        assert "does not answer as a portshift bridge" in trusted


def test_a_ca_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    endpoint = make_endpoint("https://127.0.0.1:1", token=None, ca_file=str(tmp_path / "ca.pem"), environ={})
    with pytest.raises(UsageFault, match=r"ca\.pem cannot be used"):
        exchange(endpoint, "GET", "/x")


def test_a_proxy_gets_the_whole_address_and_its_own_login() -> None:
    with _server() as (port, seen):
        environ = {"http_proxy": f"http://ann:secret@127.0.0.1:{port}"}
        endpoint = make_endpoint("http://bridge.example:8480/sub", token=None, environ=environ)
        assert endpoint.proxy == Proxy("127.0.0.1", port, "ann:secret")
        exchange(endpoint, "GET", "/x")
        path, headers = seen[0]
        assert path == "http://bridge.example:8480/sub/x"
        assert headers["host"] == "bridge.example:8480"
        assert headers["proxy-authorization"] == "Basic YW5uOnNlY3JldA=="


def test_a_proxy_that_is_away_is_unreachable() -> None:
    environ = {"https_proxy": "http://127.0.0.1:1"}
    endpoint = make_endpoint("https://bridge.example", token=None, environ=environ)
    with pytest.raises(Unreachable):
        exchange(endpoint, "GET", "/x")


def test_the_deadline_covers_the_whole_exchange() -> None:
    with running_bridge() as bridge:
        bridge.fault = "trickle"
        endpoint = make_endpoint(bridge.url, token=None, timeout=0.5, environ={})
        with pytest.raises(Unreachable, match=r"within 0\.5 s"):
            exchange(endpoint, "GET", "/x")
