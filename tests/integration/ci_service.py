"""A CI service on loopback with TLS: its issuer's documents, and GitHub's way of handing out job tokens."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests

from tests.fakes.certificate import self_signed
from tests.fakes.issuer import FakeIssuer

BEARER = "canary-of-the-runner"


@dataclass
class CiService:
    """``tokens`` are those it handed out, ``processes`` the command lines it saw running meanwhile."""

    issuer: FakeIssuer
    ca: Path
    tokens: list[str] = field(default_factory=list)
    processes: set[bytes] = field(default_factory=set)

    @property
    def url(self) -> str:
        return self.issuer.issuer

    @property
    def github_job(self) -> dict[str, str]:
        """The variables of a job that may ask for tokens."""
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/job/7//idtoken?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
            "SSL_CERT_FILE": str(self.ca),
        }

    def gitlab_job(self, audience: str, **claims: str) -> dict[str, str]:
        """The variables of a job with ``id_tokens: {PORTSHIFT_ID_TOKEN: {aud: AUDIENCE}}``."""
        subject = "project_path:acme/shop:ref_type:branch:ref:main"
        usual = {"project_path": "acme/shop", "ref": "main", "ref_path": "refs/heads/main"}
        token = self.issuer.token(aud=audience, sub=subject, **{**usual, **claims})
        self.tokens.append(token)
        return {"GITLAB_CI": "true", "PORTSHIFT_ID_TOKEN": token}

    def answer(self, path: str, authorization: str | None) -> tuple[int, bytes]:
        self.processes |= set(_command_lines())
        parts = urlsplit(path)
        if parts.path == "/job/7//idtoken":
            query = parse_qs(parts.query)
            if authorization != f"Bearer {BEARER}" or query.get("api-version") != ["2.0"]:
                return 403, b"{}"
            token = self.issuer.token(aud=query["audience"][0])
            self.tokens.append(token)
            return 200, json.dumps({"count": len(token), "value": token}).encode()
        request = requests.Request("GET", f"{self.url}{path}").prepare()
        found = self.issuer.answer(request)
        return found.status, found.body


@contextmanager
def running_ci_service(folder: Path) -> Iterator[CiService]:
    """The service on a free port, with a certificate of its own authority."""
    ca, chain = self_signed(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    holder: list[CiService] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = holder[0].answer(self.path, self.headers.get("authorization"))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name it has upstream
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        url = f"https://127.0.0.1:{server.server_address[1]}"
        holder.append(CiService(FakeIssuer(time.time, issuer=url), ca))
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield holder[0]
        finally:
            server.shutdown()
            thread.join()


def _command_lines() -> Iterator[bytes]:
    """What ``ps`` would show of every process of this machine."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes()
        except OSError:
            continue
