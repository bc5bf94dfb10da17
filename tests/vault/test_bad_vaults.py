"""What is at Vault's address is no Vault, hangs or sends elsewhere: bounded, named, and telling no secret."""

from __future__ import annotations

import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import hvac
import pytest

from portshift.core.errors import UsageFault
from portshift_bridge.vault.address import vault_address
from portshift_bridge.vault.errors import VaultError, VaultUnreachable
from tests.fakes.certificate import self_signed
from tests.vault.logins import private, session, settings_for
from tests.vault.server import ROOT_TOKEN, VaultServer, vault_server

pytestmark = pytest.mark.integration

CANARY = "canary-5d21e7"
LOOKED_UP = {"data": {"ttl": 0, "renewable": False}}

Answer = Callable[["Handler"], None]


@dataclass
class Impostor:
    """A server at Vault's address: it knows every token, and gives ``answer`` to every other request."""

    answer: Answer
    address: str = ""
    headers: list[dict[str, str]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    impostor: Impostor

    def do_GET(self) -> None:
        self.impostor.headers.append({name.lower(): value for name, value in self.headers.items()})
        if self.path == "/v1/auth/token/lookup-self":
            self.say(json.dumps(LOOKED_UP))
        else:
            self.impostor.answer(self)

    def say(self, body: str, *, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has upstream
        """Say nothing."""


@contextmanager
def impostor(answer: Answer) -> Iterator[Impostor]:
    made = Impostor(answer)
    handler = type("Bound", (Handler,), {"impostor": made})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        made.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield made
        finally:
            server.shutdown()


def saying(body: str, *, status: int = 200, **headers: str) -> Answer:
    return lambda handler: handler.say(body, status=status, **headers)


def hang(handler: Handler) -> None:
    time.sleep(4)


def trickle(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(80):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def settings(folder: Path, address: str, **changes: Any) -> Any:
    return settings_for(VaultServer(folder, address=address), folder, **changes)


def password(client: hvac.Client) -> str:
    answer = client.secrets.kv.v2.read_secret_version("one", raise_on_deleted_version=True)
    return str(answer["data"]["data"]["secret"])


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (saying("<html>hello</html>"), "does not answer as Vault does"),
        (saying("[]"), "does not answer as Vault does"),
        (saying("{}"), "does not answer as Vault does"),
        (saying('{"data": null}'), "does not answer as Vault does"),
        (saying("[" * 100_000), "does not answer as Vault does"),
        (saying("x" * 5_000_000), "answers more than 4 MiB"),
        (saying("", status=307, Location="http://127.0.0.1:1/"), "redirects to 'http://127.0.0.1:1/'"),
        (saying("nonsense", status=500), "it does not say why"),
        (saying('{"errors": ["out of disk"]}', status=500), "out of disk"),
        (saying('{"errors": ["Vault is not initialized"]}', status=501), "not initialized"),
        (saying('{"errors": []}', status=503), "fails at GET /v1/secret/data/one"),
        (saying('{"errors": ["slow down"]}', status=429), "slow down"),
    ],
)
def test_what_does_not_answer_as_vault_is_unreachable(answer: Answer, told: str, tmp_path: Path) -> None:
    with (
        impostor(answer) as server,
        session(settings(tmp_path, server.address)) as opened,
        pytest.raises(VaultUnreachable) as failure,
    ):
        opened.call(password)
    assert told in str(failure.value)
    assert failure.value.cure
    assert not opened.answering


@pytest.mark.parametrize("answer", [hang, trickle])
def test_a_vault_that_does_not_finish_is_left_after_the_timeout_and_then_alone_for_a_while(
    answer: Answer, tmp_path: Path
) -> None:
    with (
        impostor(answer) as server,
        session(settings(tmp_path, server.address, vault_timeout_seconds=1)) as opened,
    ):
        started = time.monotonic()
        with pytest.raises(VaultUnreachable, match="did not answer within 1 s"):
            opened.call(password)
        once = time.monotonic() - started
        for _ in range(100):
            with pytest.raises(VaultUnreachable, match="did not answer within 1 s"):
                opened.call(password)
        assert once < 2
        assert time.monotonic() - started - once < 1


def test_the_namespace_is_sent_with_every_request(tmp_path: Path) -> None:
    with (
        impostor(saying('{"data": {"data": {"secret": "x"}}}')) as server,
        session(settings(tmp_path, server.address, vault_namespace="team/one")) as opened,
    ):
        assert opened.call(password) == "x"
    assert [each["x-vault-namespace"] for each in server.headers] == ["team/one", "team/one"]


def test_the_environment_changes_neither_the_way_nor_the_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "VAULT_ADDR", "VAULT_PROXY_ADDR"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("VAULT_TOKEN", "of-the-environment")
    with (
        impostor(saying('{"data": {"data": {"secret": "x"}}}')) as server,
        session(settings(tmp_path, server.address)) as opened,
    ):
        assert opened.call(password) == "x"
    assert {each["x-vault-token"] for each in server.headers} == {ROOT_TOKEN}


def test_no_failure_tells_a_token_or_a_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The server holds the canary in every answer, and it is the token too."""
    caplog.set_level(logging.DEBUG)
    page = f"<p>{CANARY}</p>"
    value = json.dumps({"data": {"data": {"secret": 1, "other": CANARY}}})
    answers = (
        saying(page),
        saying(page, status=500),
        saying(page, status=403),
        saying(json.dumps([CANARY])),
        saying(json.dumps({"data": {"data": CANARY}})),
        saying(value.replace('"secret": 1, ', "")),
    )
    for answer in answers:
        with (
            impostor(answer) as server,
            session(settings(tmp_path, server.address, token=CANARY)) as opened,
            pytest.raises(VaultError) as failure,
        ):
            opened.call(password)
        assert CANARY not in "".join(traceback.format_exception(failure.value))
        assert CANARY not in repr(opened) + repr(failure.value)
    assert CANARY not in caplog.text
    assert caplog.records


def test_tls_is_verified_against_the_given_authority_alone(tmp_path: Path) -> None:
    folder = tmp_path / "vault"
    folder.mkdir()
    certificate, key = self_signed(folder)
    other, _ = self_signed(tmp_path)
    with vault_server(folder, tls=(certificate, key)) as vault:
        vault.root().secrets.kv.v2.create_or_update_secret("one", {"secret": "x"})
        with session(settings_for(vault, tmp_path, vault_ca=certificate)) as opened:
            assert opened.call(password) == "x"
        for authority in (None, other):
            with (
                session(settings_for(vault, tmp_path, vault_ca=authority)) as opened,
                pytest.raises(VaultUnreachable, match=r"TLS failed .*; name the file"),
            ):
                opened.call(password)


def test_an_authority_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    for file in (tmp_path / "absent.pem", private(tmp_path / "ca.pem", "no certificate")):
        with (
            pytest.raises(UsageFault, match=r"\.pem of vault_ca cannot be used"),
            session(settings(tmp_path, "https://127.0.0.1:1", vault_ca=file)),
        ):
            pass


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"vault_token_file": None}, "vault_auth: token needs vault_token_file"),
        ({"vault_auth": "approle", "vault_role_id": "r"}, "approle needs vault_secret_id_file"),
        ({"vault_auth": "approle"}, "approle needs vault_role_id"),
        ({"vault_auth": "kubernetes"}, "kubernetes needs vault_role"),
    ],
)
def test_a_login_without_its_settings_stops_the_start(
    changes: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with (
        pytest.raises(UsageFault, match=told),
        session(settings(tmp_path, "https://127.0.0.1:1", **changes)),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "insecure", "read"),
    [
        ("https://vault.example:8200/", False, "https://vault.example:8200"),
        ("https://example.com/vault", False, "https://example.com/vault"),
        ("http://127.0.0.1:8200", False, "http://127.0.0.1:8200"),
        ("http://[::1]:8200", False, "http://[::1]:8200"),
        ("http://localhost", False, "http://localhost"),
        ("http://vault.tools.svc:8200", True, "http://vault.tools.svc:8200"),
    ],
)
def test_an_address_of_vault(text: str, insecure: bool, read: str) -> None:
    assert vault_address(text, insecure=insecure) == read


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("vault.example:8200", "expected a URL"),
        ("ftp://vault.example", "expected a URL"),
        ("https://", "expected a URL"),
        ("https://vault.example:port", "expected a URL"),
        ("https://[::1", "expected a URL"),
        ("https://v\u00e4ult.example", "expected a URL"),
        ("https://vault.example/\n", "expected a URL"),
        ("https://me:canary@vault.example", "found a login"),
        ("https://vault.example?x=1", "found a login, query"),
        ("http://vault.example:8200", "plain HTTP to Vault at vault.example"),
        ("http://127.0.0.1.example:8200", "plain HTTP to Vault"),
        ("http://10.0.0.1", "plain HTTP to Vault"),
    ],
)
def test_what_is_no_address_of_vault(text: str, told: str) -> None:
    with pytest.raises(UsageFault) as refused:
        vault_address(text, insecure=False)
    assert told in str(refused.value)
    assert "canary" not in str(refused.value)
