"""What Vault's Kubernetes login needs of a cluster: an API that reviews tokens."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fakes.certificate import new_certificate

_GOOD, _BAD = "Z29vZA", "YmFk"
_USER = "system:serviceaccount:tools:portshift"


class _Reviewer(BaseHTTPRequestHandler):
    """Answers a TokenReview by the token's signature."""

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        good = review["spec"]["token"].endswith(f".{_GOOD}")
        user = {"username": _USER, "uid": "u1", "groups": ["system:serviceaccounts"]}
        status = {"authenticated": True, "user": user} if good else {"authenticated": False, "error": "no"}
        answer = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has upstream
        """Say nothing."""


@contextmanager
def review_tokens() -> Iterator[tuple[str, str]]:
    """A host that reviews tokens, and the certificate authority that Vault wants even for plain http."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Reviewer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", new_certificate()[0].decode()
        finally:
            server.shutdown()


def service_account_token(*, good: bool) -> str:
    """A token of the account ``portshift`` in ``tools``, with a signature that the reviewer knows or not."""
    now = int(time.time())
    claims = {
        "iss": "kubernetes/serviceaccount",
        "sub": _USER,
        "exp": now + 600,
        "nbf": now - 5,
        "iat": now,
        "kubernetes.io": {"namespace": "tools", "serviceaccount": {"name": "portshift", "uid": "u1"}},
    }
    return f"{_part({'alg': 'ES256', 'kid': 'x'})}.{_part(claims)}.{_GOOD if good else _BAD}"


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
