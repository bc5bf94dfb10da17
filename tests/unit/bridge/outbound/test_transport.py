"""One exchange: retried when worth it, bounded, and no foreign exception leaves."""

from __future__ import annotations

import http.client
import inspect
import ssl
from collections.abc import Iterator

import pytest
import requests
import urllib3.exceptions

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import TlsFailed, UnexpectedAnswer
from portshift_bridge.outbound.transport import MAX_BODY, Answer, Transport
from tests.fakes.http import Reply, Scripted, ScriptedAdapter

BASE = "https://acme.example.com/artifactory"


class Exchange:
    """A transport on a script, and the pauses it made."""

    def __init__(self, *replies: Scripted | Reply | Exception) -> None:
        self.pauses: list[float] = []
        self.adapter = ScriptedAdapter(*replies)
        self.transport = Transport(BASE, adapter=self.adapter, sleep=self.pauses.append)

    def get(self, *, seconds: float = 20.0) -> Answer:
        return self.transport.request("GET", f"{BASE}/x", deadline=Deadline.after(seconds), headers={})


@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 409])
def test_an_answer_is_handed_on(status: int) -> None:
    answer = Exchange(Scripted(status, b"{}", {"X-One": "1"})).get()
    assert (answer.status, answer.body, answer.headers["x-one"]) == (status, b"{}", "1")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_an_overloaded_server_is_asked_again(status: int) -> None:
    exchange = Exchange(Scripted(status), Scripted(status), Scripted(200, b"at last"))
    assert exchange.get().body == b"at last"
    assert exchange.pauses == pytest.approx([0.2, 0.4], abs=0.05)


def test_a_server_that_stays_overloaded_is_left_after_four_tries() -> None:
    exchange = Exchange(Scripted(503))
    with pytest.raises(Unreachable, match="answers 503"):
        exchange.get()
    assert len(exchange.adapter.requests) == 4


@pytest.mark.parametrize(
    ("asked", "waited"), [("3", 3.0), ("0", 0.2), ("soon", 0.2), ("-1", 0.2), ("²", 0.2)]
)
def test_retry_after_is_obeyed_within_bounds(asked: str, waited: float) -> None:
    exchange = Exchange(Scripted(429, headers={"Retry-After": asked}), Scripted(200))
    exchange.get()
    assert exchange.pauses == pytest.approx([waited], abs=0.05)


def test_everyone_leaves_a_server_alone_that_asks_for_it() -> None:
    exchange = Exchange(Scripted(429, headers={"Retry-After": "9"}), Scripted(200))
    with pytest.raises(Unreachable, match="429"):
        exchange.get(seconds=5)
    with pytest.raises(Unreachable, match="wants no request for 9 s"):
        exchange.get(seconds=5)
    assert len(exchange.adapter.requests) == 1
    exchange.get(seconds=20)
    assert exchange.pauses == pytest.approx([9.0], abs=0.1)


def test_a_date_is_obeyed_by_the_server_s_own_clock() -> None:
    headers = {"Date": "Mon, 05 Jan 2026 10:00:00 GMT", "Retry-After": "Mon, 05 Jan 2026 10:00:04 GMT"}
    exchange = Exchange(Scripted(503, headers=headers), Scripted(200))
    exchange.get()
    assert exchange.pauses == pytest.approx([4.0], abs=0.05)


def test_no_pause_reaches_beyond_the_deadline() -> None:
    exchange = Exchange(Scripted(429, headers={"Retry-After": "9"}))
    with pytest.raises(Unreachable, match="429"):
        exchange.get(seconds=5)
    assert exchange.pauses == []


def test_a_passed_deadline_sends_nothing() -> None:
    exchange = Exchange(Scripted())
    with pytest.raises(Unreachable, match="in time"):
        exchange.get(seconds=0)
    assert exchange.adapter.requests == []


def test_timeouts_never_exceed_what_is_left() -> None:
    exchange = Exchange(Scripted())
    exchange.get(seconds=2)
    connect, read = exchange.adapter.timeouts[0]
    assert connect <= 2
    assert read <= 2


def test_a_connection_that_broke_is_tried_again() -> None:
    exchange = Exchange(requests.ConnectionError("Remote end closed connection"), Scripted(200, b"ok"))
    assert exchange.get().body == b"ok"


def test_a_refused_connection_is_not_tried_again() -> None:
    pool = urllib3.HTTPSConnectionPool("acme.example.com")
    refused = urllib3.exceptions.NewConnectionError(pool, "Connection refused")  # type: ignore[arg-type]
    failure = requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/x", refused))
    exchange = Exchange(failure)
    with pytest.raises(Unreachable, match="Connection refused"):
        exchange.get()
    assert len(exchange.adapter.requests) == 1


@pytest.mark.parametrize("location", ["https://evil.example.com/", "/login", "http://acme.example.com/x"])
def test_no_redirect_is_followed(location: str) -> None:
    exchange = Exchange(Scripted(302, headers={"Location": location}))
    with pytest.raises(UnexpectedAnswer, match="redirects to"):
        exchange.get()
    assert len(exchange.adapter.requests) == 1


def test_an_answer_may_not_be_larger_than_the_limit() -> None:
    assert len(Exchange(Scripted(body=b"a" * MAX_BODY)).get().body) == MAX_BODY
    with pytest.raises(UnexpectedAnswer, match="more than 8 MiB"):
        Exchange(Scripted(body=b"a" * (MAX_BODY + 1))).get()


def test_a_cookie_is_not_sent_back() -> None:
    exchange = Exchange(Scripted(headers={"Set-Cookie": "SESSION=1; Path=/"}), Scripted())
    exchange.get()
    exchange.get()
    assert "Cookie" not in exchange.adapter.requests[1].headers


def test_an_answer_that_is_no_json_is_not_artifactory_s() -> None:
    for body in (b"<html>", b"\xff\xfe", b"[" * 100_000):
        with pytest.raises(UnexpectedAnswer, match="no JSON"):
            Exchange(Scripted(body=body)).get().json()


def _instances(module: object, base: type[Exception]) -> Iterator[Exception]:
    """One instance of each exception class of a module, however it wants to be made."""
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if issubclass(kind, base) and not issubclass(kind, (Warning, http.client.IncompleteRead)):
            instance = kind.__new__(kind)
            Exception.__init__(instance, "as raised by a library")
            yield instance


FOREIGN = [
    *_instances(requests.exceptions, requests.RequestException),
    *_instances(urllib3.exceptions, urllib3.exceptions.HTTPError),
    *_instances(http.client, http.client.HTTPException),
    http.client.IncompleteRead(b"half", 4),
    urllib3.exceptions.IncompleteRead(1, 2),
    ssl.SSLError("bad record"),
    ssl.CertificateError("mismatch"),
    OSError("no route"),
    TimeoutError("slow"),
    ConnectionResetError("reset"),
    UnicodeError("label too long"),
]


@pytest.mark.parametrize(
    "error", FOREIGN, ids=lambda error: f"{type(error).__module__}.{type(error).__name__}"
)
def test_every_exception_of_the_libraries_becomes_ours(error: Exception) -> None:
    with pytest.raises(Unreachable) as failure:
        Exchange(error).get()
    assert failure.value.__cause__ is not None


def test_the_list_of_foreign_exceptions_is_not_empty_by_mistake() -> None:
    assert len(FOREIGN) > 60


def test_a_certificate_that_cannot_be_verified_says_so() -> None:
    with pytest.raises(TlsFailed, match="TLS failed"):
        Exchange(requests.exceptions.SSLError("certificate verify failed")).get()
