"""The way out, on real sockets: addresses that change, redirects and proxies."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import ProxyFailed, UnexpectedAnswer
from portshift_bridge.outbound.guard import GuardedAdapter
from portshift_bridge.registries.model import Login, LoginKind, ProxyLogin, Registry
from portshift_bridge.registries.session import Session, open_session
from tests.integration.recording_server import PROXY_PASSWORD, PROXY_USER, Server, serving

pytestmark = pytest.mark.integration

TOKEN = Login(LoginKind.TOKEN, secret="swordfish")
PROXY_LOGIN = ProxyLogin(PROXY_USER, PROXY_PASSWORD)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@contextmanager
def session(url: str, login: Login = TOKEN, **more: Any) -> Iterator[Session]:
    adapter = more.pop("adapter", None)
    registry = Registry.from_json({"name": "acme", "url": url, **more})
    opened = open_session(registry, login, adapter=adapter, sleep=lambda _: None)
    yield opened
    opened.close()


def version(asking: Session) -> str:
    answer = asking.get("api/system/version", deadline=Deadline.after(5)).json()
    return str(answer["version"])


def test_an_answer_of_dns_that_changes_after_the_check_reaches_nobody(server: Server) -> None:
    """The name was good when it was looked at; the connection then leads to a forbidden address."""
    rebound = GuardedAdapter(permitted=lambda address: address not in {"127.0.0.1", "::1"})
    found = r"localhost leads to .*, a link-local or metadata address"
    url = f"http://localhost:{server.port}"
    with session(url, adapter=rebound) as asking, pytest.raises(Unreachable, match=found):
        version(asking)
    assert server.asked == []


def test_each_new_connection_is_checked_again(server: Server) -> None:
    answers = iter([True, False])
    server.headers = {"Connection": "close"}
    with session(server.url, adapter=GuardedAdapter(permitted=lambda _: next(answers))) as asking:
        assert version(asking) == "7.119.5"
        with pytest.raises(Unreachable, match="link-local or metadata"):
            version(asking)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_gets_neither_request_nor_login(status: int) -> None:
    with serving() as other, serving(status=status, headers={"Location": f"{other.url}/steal"}) as first:
        with session(first.url) as asking, pytest.raises(UnexpectedAnswer, match="redirects to"):
            version(asking)
        assert other.asked == []


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host", "X-Artifactory-Override-Base-Url", "Content-Location", "Refresh", "Link"]
)
def test_no_other_header_leads_away_either(server: Server, header: str) -> None:
    with serving() as other:
        server.headers = {header: other.url}
        with session(server.url) as asking:
            assert [version(asking), version(asking)] == ["7.119.5", "7.119.5"]
        assert other.asked == []


def test_a_docker_token_is_asked_for_on_the_registry_s_host_only(server: Server) -> None:
    with serving() as other:
        server.status = 401
        realm = f'Bearer realm="{other.url}/artifactory/api/docker/r/v2/token",service="acme"'
        server.headers = {"WWW-Authenticate": realm, "X-Forwarded-Host": f"127.0.0.1:{other.port}"}
        with session(server.url) as asking, pytest.raises(UnexpectedAnswer, match="expected its own host"):
            asking.manifest("GET", "r", "app", "1", deadline=Deadline.after(5))
        assert other.asked == []


def test_plain_http_goes_through_the_proxy_with_its_own_login(server: Server) -> None:
    login = Login(LoginKind.TOKEN, secret="swordfish", proxy=PROXY_LOGIN)
    registry = "http://registry.invalid/artifactory"
    with session(registry, login, insecure=True, proxy=server.url) as asking:
        assert version(asking) == "7.119.5"
    ((request, headers),) = server.asked
    assert request == "GET http://registry.invalid/artifactory/api/system/version"
    assert headers["Proxy-Authorization"] == f"Basic {base64.b64encode(b'bob:sesame').decode()}"
    assert headers["Authorization"] == "Bearer swordfish"


def test_an_https_proxy_sees_neither_login_nor_path(server: Server) -> None:
    """The tunnel leads to a server without TLS, so the exchange ends there; the proxy has seen enough."""
    login = Login(LoginKind.TOKEN, secret="swordfish", proxy=PROXY_LOGIN)
    with serving() as proxy:
        url = f"https://127.0.0.1:{server.port}/artifactory"
        with session(url, login, proxy=proxy.url) as asking, pytest.raises(Unreachable):
            version(asking)
        request, headers = proxy.asked[0]
    assert request == f"CONNECT 127.0.0.1:{server.port}"
    assert "swordfish" not in str(headers)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_login_is_named(scheme: str) -> None:
    with serving(status=407) as proxy:
        url = f"{scheme}://registry.invalid/artifactory"
        found = r"proxy on the way to it .*407"
        with session(url, insecure=True, proxy=proxy.url) as asking, pytest.raises(ProxyFailed, match=found):
            version(asking)


def test_a_proxy_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    proxy, found = f"http://127.0.0.1:{port}", "the proxy on the way to it"
    with (
        session("https://registry.invalid", proxy=proxy) as asking,
        pytest.raises(ProxyFailed, match=found),
    ):
        version(asking)


def test_a_proxy_may_not_lead_to_a_forbidden_address(server: Server) -> None:
    adapter = GuardedAdapter(proxy=server.url, permitted=lambda _: False)
    with (
        session("http://registry.invalid", insecure=True, adapter=adapter) as asking,
        pytest.raises(Unreachable, match="link-local or metadata") as refusal,
    ):
        version(asking)
    assert "correct the registry's proxy" in str(refusal.value)
    assert server.asked == []


def test_no_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        with session(server.url) as asking:
            version(asking)
        assert proxy.asked == []
    assert len(server.asked) == 1
