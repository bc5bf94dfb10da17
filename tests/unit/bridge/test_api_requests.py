"""Bodies within bounds, and every error as a problem document."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

from portshift_bridge.registries.resolving.resolution import Resolution
from tests.fakes.bridge_services import FakeBridge, fake_bridge, rendering


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["detail"]
    return answer.status_code, body["type"].removeprefix("urn:portshift:problem:")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nowhere", (404, "not-found")),
        ("GET", "/api/v1/identities/", (404, "not-found")),
        ("PUT", "/api/v1/identities", (405, "method-not-allowed")),
        ("POST", "/healthz", (405, "method-not-allowed")),
        ("GET", "/healthz?x=1", (400, "invalid-request")),
        ("DELETE", "/api/v1/registries/acme?force=perhaps", (400, "invalid-request")),
    ],
)
def test_what_the_framework_refuses_is_a_problem_too(
    bridge: FakeBridge, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert problem(bridge.call(method, path)) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"nothing",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"intent": NaN}',
        b"9" * 10_000,
        b'"\\ud800"',
        b"[]",
        b"null",
        b'{"intent": "deploy"}',
        b'{"intent": "deploy", "workloads": [{"kind": 3}]}',
        b'{"intent": "deploy", "workloads": [], "cluster": "a b"}',
        b'{"intent": "deploy", "workloads": [], "environment": "\\ud800"}',
    ],
)
def test_a_body_that_is_no_registration_is_refused(bridge: FakeBridge, body: bytes) -> None:
    assert problem(bridge.call("POST", "registrations", content=body)) == (400, "invalid-request")


def test_a_field_is_named_by_its_place(bridge: FakeBridge) -> None:
    body = rendering("app:1")
    body["workloads"][0]["images"][0]["reference"] = 7

    answer = bridge.call("POST", "registrations", json=body)

    assert answer.json()["detail"].startswith("workloads[0].images[0].reference: found a number")


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 65_536 + 1):
        yield b" " * 65_536


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_body_over_the_bound_is_refused(tmp_path: Path, declared: bool) -> None:
    size = 1024 * 1024 + 1
    content: Any = b" " * size if declared else chunks(size)
    with fake_bridge(tmp_path, max_body_mib=1) as bridge:
        answer = bridge.call("POST", "registrations", content=content)

    assert problem(answer) == (413, "too-large")
    assert "1 MiB" in answer.json()["detail"]


def test_an_encoded_body_is_refused(bridge: FakeBridge) -> None:
    answer = bridge.call("POST", "registrations", content=b"{}", headers={"Content-Encoding": "gzip"})

    assert problem(answer) == (415, "unsupported-encoding")


class BrokenResolver:
    """A resolver with a defect."""

    def resolve(self, references: Collection[str]) -> Mapping[str, Resolution]:
        return self._broken()

    def _broken(self) -> NoReturn:
        raise ZeroDivisionError("secret detail")


def test_a_defect_is_a_problem_that_tells_nothing_of_the_inside(bridge: FakeBridge) -> None:
    registrar = bridge.services.registrar
    object.__setattr__(registrar, "resolver", BrokenResolver())

    answer = bridge.call("POST", "registrations", json=rendering("app:1"))

    assert problem(answer) == (500, "internal")
    assert "secret detail" not in answer.text


def test_a_database_that_another_process_holds_is_unavailable_and_nothing_is_kept(tmp_path: Path) -> None:
    with fake_bridge(tmp_path, storage_wait_seconds=1) as bridge:
        other = sqlite3.connect(tmp_path / "portshift.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        answer = bridge.call("POST", "registrations", json=rendering("app:1"))
        reading = bridge.call("GET", "identities")
        other.execute("ROLLBACK")
        other.close()

        assert problem(answer) == (503, "storage-unavailable")
        assert "database is locked" in answer.json()["detail"]
        assert "another process" in answer.json()["cure"]
        assert reading.json()["items"] == []
        assert bridge.call("POST", "registrations", json=rendering("app:1")).status_code == 200


def test_a_damaged_database_is_unavailable(bridge: FakeBridge, tmp_path: Path) -> None:
    bridge.call("POST", "registrations", json=rendering("app:1"))
    bridge.services.database.close()
    for path in tmp_path.glob("portshift.db*"):
        path.write_bytes(b"not a database " * 1_000)

    assert problem(bridge.call("GET", "identities")) == (503, "storage-unavailable")
    assert problem(bridge.call("GET", "/readyz", role=None)) == (503, "storage-unavailable")


def test_a_missing_key_file_is_unavailable(bridge: FakeBridge, tmp_path: Path) -> None:
    (tmp_path / "signing-keys.json").unlink()

    assert problem(bridge.call("GET", "/readyz", role=None)) == (503, "storage-unavailable")
    assert problem(bridge.call("POST", "registrations", json=rendering("a:1"))) == (
        503,
        "storage-unavailable",
    )


def test_ready_when_database_and_keys_answer(bridge: FakeBridge) -> None:
    assert bridge.call("GET", "/healthz", role=None).json() == {"status": "ok"}
    assert bridge.call("GET", "/readyz", role=None).json() == {"status": "ready"}


def test_keys_are_public_and_polled_cheaply(bridge: FakeBridge) -> None:
    answer = bridge.call("GET", "/.well-known/jwks.json", role=None)
    again = bridge.call(
        "GET", "/.well-known/jwks.json", role=None, headers={"If-None-Match": answer.headers["etag"]}
    )

    assert [key["kid"] for key in answer.json()["keys"]] == [bridge.keys.signing_kid]
    assert "d" not in answer.json()["keys"][0]
    assert again.status_code == 304


def test_metrics_count_by_route_and_outcome_never_by_text_of_a_client(bridge: FakeBridge) -> None:
    bridge.call("POST", "registrations", json=rendering("app:1", "other:1"))
    bridge.call("GET", "identities/0123456789abcdef")
    bridge.call("GET", "/chosen-by-a-client")
    bridge.call("BREW", "/chosen-by-a-client")

    text = bridge.call("GET", "/metrics", role=None).text

    assert 'portshift_images_total{outcome="unconnected"} 2.0' in text
    assert 'portshift_registrations_total{intent="deploy"} 1.0' in text
    assert (
        'portshift_http_requests_total{method="GET",route="/api/v1/identities/{id}",status="404"} 1.0' in text
    )
    assert "portshift_resolve_seconds_count 1.0" in text
    assert "chosen" not in text
    assert "BREW" not in text


def test_status_says_who_the_caller_is(bridge: FakeBridge) -> None:
    status = bridge.call("GET", "status").json()

    assert status == {
        "version": status["version"],
        "issuer": "issuer-1",
        "trustDomain": "portshift.local",
        "name": "admin",
        "role": "admin",
    }
