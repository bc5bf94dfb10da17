"""TLS towards a registry: a private authority is trusted when given, and nothing else is."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import TlsFailed
from portshift_bridge.outbound.guard import GuardedAdapter, tls_context
from portshift_bridge.registries.model import Login, LoginKind, ProxyLogin, Registry
from portshift_bridge.registries.session import Session, open_session
from portshift_bridge.registries.system import read_version
from portshift_bridge.registries.testing.connection import test_connection as run_checks
from tests.fakes.certificate import new_certificate, self_signed
from tests.integration.recording_server import PROXY_PASSWORD, PROXY_USER, serving

pytestmark = pytest.mark.integration

LOGIN = Login(LoginKind.PASSWORD, "bob", "swordfish")


class Version(BaseHTTPRequestHandler):
    """Tells a version and nothing else."""

    def do_GET(self) -> None:
        body = json.dumps({"version": "7.119.5"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has upstream
        """Say nothing."""


@dataclass(frozen=True)
class Server:
    """Where it listens, and the certificate that vouches for it."""

    url: str
    ca: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    certificate, path = self_signed(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Version)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True).start()
    yield Server(f"https://127.0.0.1:{listening.server_address[1]}/artifactory", certificate.read_text())
    listening.shutdown()
    listening.server_close()


def registry(server: Server, ca: str | None) -> Registry:
    return Registry.from_json({"name": "acme", "url": server.url, "ca": ca})


def version(session: Session) -> str | None:
    found = read_version(session, deadline=Deadline.after(5))
    return found.number if found else None


def test_a_private_authority_is_trusted_when_it_is_given(server: Server) -> None:
    client = open_session(registry(server, server.ca), LOGIN)
    assert version(client) == "7.119.5"
    client.close()


def test_without_it_the_certificate_is_refused(server: Server) -> None:
    client = open_session(registry(server, None), LOGIN)
    with pytest.raises(TlsFailed, match="certificate"):
        version(client)
    client.close()


def test_another_authority_does_not_vouch_for_it(server: Server) -> None:
    other = new_certificate()[0].decode()
    client = open_session(registry(server, other), LOGIN)
    with pytest.raises(TlsFailed):
        version(client)
    client.close()


def test_a_given_authority_replaces_the_public_ones(server: Server) -> None:
    trusted = tls_context(server.ca).get_ca_certs()
    assert [entry["subject"] for entry in trusted] == [((("commonName", "server of a test"),),)]


def test_the_address_is_checked_below_tls_too(server: Server) -> None:
    adapter = GuardedAdapter(ca=server.ca, permitted=lambda _: False)
    client = open_session(registry(server, server.ca), LOGIN, adapter=adapter)
    with pytest.raises(Unreachable, match="link-local or metadata"):
        version(client)
    client.close()


def test_the_tunnel_of_a_proxy_ends_at_the_registry_s_own_certificate(server: Server) -> None:
    login = Login(LoginKind.TOKEN, secret="swordfish", proxy=ProxyLogin(PROXY_USER, PROXY_PASSWORD))
    with serving() as proxy:
        through = Registry.from_json({"name": "a", "url": server.url, "ca": server.ca, "proxy": proxy.url})
        client = open_session(through, login)
        assert version(client) == "7.119.5"
        client.close()
        ((request, headers),) = proxy.asked
    assert request == f"CONNECT {server.url.split('/')[2]}"
    assert "swordfish" not in str(headers)


def test_through_a_proxy_the_certificate_is_verified_too(server: Server) -> None:
    login = Login(proxy=ProxyLogin(PROXY_USER, PROXY_PASSWORD))
    with serving() as proxy:
        through = Registry.from_json({"name": "a", "url": server.url, "proxy": proxy.url})
        client = open_session(through, login)
        with pytest.raises(TlsFailed, match="certificate"):
            version(client)
        client.close()


def test_the_checks_tell_tls_apart_from_reaching(server: Server) -> None:
    checks = {check.name: check for check in run_checks(registry(server, None), LOGIN)}
    assert [checks[name].status.value for name in ("name", "reachable", "tls", "artifactory")] == [
        "passed",
        "passed",
        "failed",
        "not-applicable",
    ]
    assert "certificate authority" in str(checks["tls"].cure)
