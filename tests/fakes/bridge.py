"""A bridge in memory that speaks the API the command line uses, and misbehaves when told to.

It signs nothing real: a token is ``token.<identity id>``. The real bridge is tested on its own.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from portshift.core.identity import Identity, PlannedImage, Workload, cluster_audience
from portshift.core.wire import (
    ImageResult,
    Outcome,
    RegistrationRequest,
    RegistrationResponse,
    WorkloadRequest,
    WorkloadResult,
)

TOKEN = "the-token-of-the-tests"
DIGEST = "sha256:" + "ab" * 32
STATUS = {
    "version": "0.1.0",
    "issuer": "urn:portshift:test",
    "trustDomain": "test.example",
    "name": "ci",
    "role": "admin",
}


@dataclass
class FakeBridge:
    """What the bridge knows, how it misbehaves, and what it was asked.

    ``fault`` is one of hang, trickle, broken, closed, html, redirect, 500, 503, other-count.
    """

    url: str = ""
    token: str = TOKEN
    fault: str | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    jwks: dict[str, Any] = field(default_factory=lambda: {"keys": []})
    identities: list[dict[str, Any]] = field(default_factory=list)
    registries: dict[str, dict[str, Any]] = field(default_factory=dict)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    shown_artifact: dict[str, Any] = field(default_factory=dict)
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    in_use: bool = False
    admin_tokens: list[str] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    removal: dict[str, Any] = field(default_factory=dict)
    registrations: list[RegistrationRequest] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def running_bridge() -> Iterator[FakeBridge]:
    """A fake bridge on a free port of loopback."""
    bridge = FakeBridge()

    class Handler(_Handler):
        fake = bridge

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        bridge.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield bridge
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeBridge
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def do_PATCH(self) -> None:
        self._serve("PATCH")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def _serve(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        self.fake.requests.append((method, self.path))
        if self.fake.fault is not None:
            self._misbehave(self.fake.fault)
        elif parts.path == "/.well-known/jwks.json":
            self._answer(200, self.fake.jwks)
        elif self.headers.get("authorization") != f"Bearer {self.fake.token}":
            self._problem(401, "unauthenticated", "the access token is unknown")
        else:
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            path = parts.path.removeprefix("/api/v1/").split("/")
            self._route(method, path, query, json.loads(body) if body else None)

    def _misbehave(self, fault: str) -> None:  # noqa: C901 one case a fault
        match fault:
            case "hang":
                time.sleep(20)
            case "trickle":
                self._trickle()
            case "broken":
                self._send(200, b'{"registration": "r1", "workl', length=5000)
            case "closed":
                self.close_connection = True
            case "html":
                self._send(200, b"<html>hello</html>", content_type="text/html")
            case "redirect":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "500":
                self._send(500, b"oops", content_type="text/plain")
            case "503":
                self._problem(503, "storage-unavailable", "the database disk is full")
            case "other-count":
                self._answer(200, RegistrationResponse("r1", ()).to_json())

    def _trickle(self) -> None:
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(100):
                self.wfile.write(b"x-drop: 1\r\n")
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            self.close_connection = True

    def _route(self, method: str, path: list[str], query: dict[str, str], body: Any) -> None:  # noqa: C901
        match (method, path):
            case ("POST", ["registrations"]):
                self._register(RegistrationRequest.from_json(body))
            case ("GET", ["status"]):
                self._answer(200, STATUS)
            case ("GET", ["identities"]):
                self._list(self._matching(query), query)
            case ("GET", ["identities", identity]):
                self._one(identity)
            case ("POST", ["identities", identity, ("revoke" | "restore") as action]):
                self._change(identity, action, body)
            case ("GET", ["artifacts"]):
                self._list(self.fake.artifacts, query)
            case ("GET", ["artifacts", _]):
                self._answer(200, self.fake.shown_artifact)
            case ("GET", ["registries"]):
                self._list(list(self.fake.registries.values()), query)
            case ("POST", ["registries", "test"] | ["registries", _, "test"]):
                self._answer(200, {"status": "done", "checks": self.fake.checks})
            case ("POST", ["registries"]):
                self.fake.registries[body["name"]] = body
                self._answer(201, {**body, "login": {"kind": body["login"]["kind"]}})
            case ("GET", ["registries", name]) if name in self.fake.registries:
                self._answer(200, self.fake.registries[name])
            case ("GET", ["registries", name, "watch"]) if name in self.fake.registries:
                self._answer(200, {"webhook": self.fake.webhooks.get(name)})
            case ("PUT", ["registries", name, "webhook"]):
                self.fake.admin_tokens.append(body["adminToken"])
                made = {"url": body.get("url", "https://bridge.example"), "keys": [f"portshift-{name}"]}
                made |= {"registryUrl": self.fake.registries[name]["url"], "problem": None, "cure": None}
                self.fake.webhooks[name] = made
                self._answer(200, {**made, "privateNetwork": "event.webhooks.urlStrictPolicy: false"})
            case ("POST", ["registries", name, "webhook", "removal"]):
                self.fake.admin_tokens.append(body["adminToken"])
                del self.fake.webhooks[name]
                self.send_response(204)
                self.end_headers()
            case ("PATCH", ["registries", name]):
                self.fake.registries[name].update(body)
                self._answer(200, {"name": name})
            case ("POST", ["access"]):
                self._answer(201, {**body, "token": "the-new-token"})
            case ("POST", ["registries", name, "removal"]) if not self.fake.in_use or body["force"]:
                self.fake.admin_tokens.append(body["adminToken"])
                self.fake.webhooks.pop(name, None)
                self._answer(200, {"name": name, **self.fake.removal})
            case ("DELETE", ["registries", name]) if not self.fake.in_use or query.get("force"):
                self._answer(200, {"name": name, **self.fake.removal})
            case ("POST", ["registries", name, "removal"]) | ("DELETE", ["registries", name]):
                self._problem(409, "conflict", f"{name} is in use: 12 identities name artifacts of it")
            case ("DELETE", ["access", _]):
                self.send_response(204)
                self.end_headers()
            case _:
                self._problem(404, "not-found", f"there is no {'/'.join(path)}")

    def _register(self, request: RegistrationRequest) -> None:
        self.fake.registrations.append(request)
        results = [self._result(request, wanted) for wanted in request.workloads]
        revoked = {result.id for result in results} & self.fake.revoked
        if revoked:
            self._problem(403, "identity-revoked", f"identity {revoked.pop()} was revoked")
        else:
            self._answer(200, RegistrationResponse("r1", tuple(results)).to_json())

    def _result(self, request: RegistrationRequest, wanted: WorkloadRequest) -> WorkloadResult:
        images = tuple(self._image(image.name, image.reference, pin=request.pin) for image in wanted.images)
        if not all(image.outcome.conclusive for image in images):
            return WorkloadResult(images=images)
        audience = cluster_audience(request.cluster)
        identity = Identity(wanted.workload, audience, tuple(image.image for image in images))
        return WorkloadResult(images=images, id=identity.id, token=f"token.{identity.id}")

    def _image(self, name: str, reference: str, *, pin: bool) -> ImageResult:
        outcome = self.fake.outcomes.get(reference, Outcome.RESOLVED)
        if outcome is not Outcome.RESOLVED:
            return ImageResult(PlannedImage(name, reference), outcome, reason=f"{outcome.value} in the fake")
        pinned = f"{reference}@{DIGEST}" if pin else None
        image = PlannedImage(name, pinned or reference, digest=DIGEST)
        return ImageResult(image, outcome, pinned=pinned)

    def _matching(self, query: dict[str, str]) -> list[dict[str, Any]]:
        return [
            item
            for item in self.fake.identities
            if query.get("namespace") in {None, item["workload"]["namespace"]}
            and query.get("status") in {None, item["status"]}
        ]

    def _list(self, items: list[dict[str, Any]], query: dict[str, str]) -> None:
        start, limit = int(query.get("cursor", "0")), int(query["limit"])
        following = str(start + limit) if start + limit < len(items) else None
        self._answer(200, {"items": items[start : start + limit], "next": following})

    def _one(self, prefix: str) -> None:
        found = [item for item in self.fake.identities if item["id"].startswith(prefix)]
        if len(found) == 1:
            self._answer(200, found[0])
        else:
            self._problem(404, "not-found", f"no identity starts with {prefix}")

    def _change(self, prefix: str, action: str, body: Any) -> None:
        for item in self.fake.identities:
            if item["id"].startswith(prefix):
                item["status"] = "revoked" if action == "revoke" else "active"
                item["revokedReason"] = (body or {}).get("reason")
        self._one(prefix)

    def _problem(self, status: int, name: str, detail: str) -> None:
        body = {"type": f"urn:portshift:problem:{name}", "title": name, "status": status, "detail": detail}
        self._answer(status, body, content_type="application/problem+json")

    def _answer(self, status: int, value: Any, *, content_type: str = "application/json") -> None:
        self._send(status, json.dumps(value).encode(), content_type=content_type)

    def _send(
        self, status: int, body: bytes, *, content_type: str = "application/json", length: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        if length is not None:
            self.close_connection = True


def stored_identity(name: str, *, namespace: str = "shop", status: str = "active") -> dict[str, Any]:
    """An identity as ``GET /identities`` gives it."""
    workload = Workload("apps", "Deployment", namespace, name)
    image = PlannedImage("app", f"acme.example/docker/{name}:1", digest=DIGEST)
    identity = Identity(workload, cluster_audience(None), (image,))
    return {
        "id": identity.id,
        "status": status,
        "workload": {
            "cluster": None,
            "environment": None,
            "namespace": namespace,
            "kind": "Deployment",
            "group": "apps",
            "name": name,
            "generated": False,
        },
        "containers": [
            {
                "name": "app",
                "reference": image.reference,
                "digest": DIGEST,
                "children": [],
                "artifact": f"acme/docker/{name}/1/manifest.json",
                "build": None,
            }
        ],
        "issuedAt": "2026-11-20T10:00:00Z",
        "lastRegisteredAt": "2026-11-20T10:00:00Z",
        "revokedAt": None,
        "revokedBy": None,
        "revokedReason": None,
        "release": {"name": name, "namespace": namespace, "chart": None},
        "intent": "deploy",
        "token": f"token.{identity.id}",
    }
