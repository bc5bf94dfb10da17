"""Where an issuer's keys come from, how long they are believed, and that nobody can make us hammer it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
import requests
from joserfc.jwk import OctKey

from portshift.core.errors import Unreachable
from portshift_bridge.clock import SECOND
from portshift_bridge.oidc.issuers import AGAIN_SECONDS, FRESH_SECONDS, Issuers
from portshift_bridge.oidc.trusts import parse_trust
from tests.fakes.bridge_services import FakeBridge, FakeClock
from tests.fakes.http import Scripted, ScriptedAdapter
from tests.fakes.issuer import GITHUB, KID, FakeIssuer, ec_key, public, rsa_key
from tests.unit.bridge.oidc.logins import SHOP, add_trust, log_in

CONFIGURATION = f"{GITHUB}/.well-known/openid-configuration"
JWKS = f"{GITHUB}/.well-known/jwks"
TRUST = parse_trust(SHOP)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer(clock: FakeClock) -> FakeIssuer:
    return FakeIssuer(lambda: clock.now / SECOND)


@pytest.fixture
def issuers(clock: FakeClock, issuer: FakeIssuer) -> Issuers:
    return Issuers(clock, adapter=lambda _: issuer.adapter)


def test_keys_are_found_by_discovery_and_kept(issuers: Issuers, issuer: FakeIssuer) -> None:
    for _ in range(3):
        key = issuers.key(TRUST, KID)
        assert key is not None
        assert key.thumbprint() == rsa_key().thumbprint()

    assert issuer.adapter.seen == [f"GET {CONFIGURATION}", f"GET {JWKS}"]


def test_the_path_of_an_issuer_comes_before_the_well_known_name(clock: FakeClock) -> None:
    """OpenID Connect Discovery 1.0 §4.1; a slash at the end is not doubled."""
    issuer = FakeIssuer(lambda: 0, issuer="https://git.example/oidc/")
    base = "https://git.example/oidc"
    issuer.served = {
        f"{base}/.well-known/openid-configuration": {"issuer": f"{base}/", "jwks_uri": f"{base}/jwks"},
        f"{base}/jwks": {"keys": issuer.keys},
    }

    assert Issuers(clock, adapter=lambda _: issuer.adapter).key(replace(TRUST, issuer=f"{base}/"), KID)


def test_a_new_key_is_found_by_asking_once_more(
    issuers: Issuers, issuer: FakeIssuer, clock: FakeClock
) -> None:
    issuers.key(TRUST, KID)
    issuer.keys.append(public(ec_key("key-2")))
    clock.now += AGAIN_SECONDS * SECOND

    assert issuers.key(TRUST, "key-2")


def test_garbage_kids_do_not_reach_the_issuer(issuers: Issuers, issuer: FakeIssuer, clock: FakeClock) -> None:
    issuers.key(TRUST, KID)
    for number in range(100):
        assert issuers.key(TRUST, f"garbage-{number}") is None
        clock.now += SECOND

    asked = issuer.adapter.seen.count(f"GET {JWKS}")
    assert asked == 1 + 100 // AGAIN_SECONDS
    assert issuers.key(TRUST, KID)


def test_a_key_that_the_issuer_withdrew_is_not_believed_for_long(
    issuers: Issuers, issuer: FakeIssuer, clock: FakeClock
) -> None:
    issuers.key(TRUST, KID)
    issuer.keys = [public(rsa_key("key-2"))]
    clock.now += FRESH_SECONDS * SECOND

    assert issuers.key(TRUST, KID) is None


def test_stale_keys_are_not_used_when_the_issuer_is_away(
    issuers: Issuers, issuer: FakeIssuer, clock: FakeClock
) -> None:
    issuers.key(TRUST, KID)
    issuer.status = 404
    clock.now += FRESH_SECONDS * SECOND

    with pytest.raises(Unreachable, match=r"keys of the issuer .* cannot be had: .* answers 404"):
        issuers.key(TRUST, KID)


def test_an_issuer_that_is_away_is_not_asked_again_at_once(issuers: Issuers, issuer: FakeIssuer) -> None:
    issuer.status = 404
    for _ in range(5):
        with pytest.raises(Unreachable):
            issuers.key(TRUST, KID)

    assert len(issuer.adapter.seen) == 1


DOCUMENTS: list[tuple[str, dict[str, Any], str]] = [
    ("issuer", {"issuer": "https://evil.example", "jwks_uri": JWKS}, "says that it is the issuer"),
    ("issuer's slash", {"issuer": f"{GITHUB}/", "jwks_uri": JWKS}, "says that it is the issuer"),
    ("host", {"issuer": GITHUB, "jwks_uri": "https://evil.example/jwks"}, "keeps its keys at"),
    ("port", {"issuer": GITHUB, "jwks_uri": f"{GITHUB}:444/jwks"}, "keeps its keys at"),
    ("scheme", {"issuer": GITHUB, "jwks_uri": JWKS.replace("https", "http")}, "keeps its keys at"),
    ("file", {"issuer": GITHUB, "jwks_uri": "file:///etc/passwd"}, "keeps its keys at"),
    (
        "login",
        {"issuer": GITHUB, "jwks_uri": JWKS.replace("https://", "https://evil@")},
        "keeps its keys at",
    ),
    ("no text", {"issuer": GITHUB, "jwks_uri": [JWKS]}, "keeps its keys at"),
    ("no URL", {"issuer": GITHUB, "jwks_uri": "https://[x"}, "keeps its keys at"),
]


@pytest.mark.parametrize(("document", "told"), [c[1:] for c in DOCUMENTS], ids=[c[0] for c in DOCUMENTS])
def test_an_issuers_document_must_be_its_own(
    issuers: Issuers, issuer: FakeIssuer, document: dict[str, Any], told: str
) -> None:
    issuer.served[CONFIGURATION] = document

    with pytest.raises(Unreachable, match=told):
        issuers.key(TRUST, KID)
    assert issuer.adapter.seen == [f"GET {CONFIGURATION}"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Scripted(302, headers={"Location": JWKS}), "redirects to"),
        (Scripted(200, b"<html>"), "no document of an issuer"),
        (Scripted(200, b"[]"), "no document of an issuer"),
        (Scripted(200, b'{"issuer": "a", "issuer": "b"}'), "no document of an issuer"),
        (Scripted(200, b"[" * 10_000), "no document of an issuer"),
        (Scripted(200, b'{"x": "' + b"x" * 300_000 + b'"}'), "more than 256 KiB"),
    ],
)
def test_an_answer_that_is_no_document_is_not_believed(
    issuers: Issuers, issuer: FakeIssuer, answer: Scripted, told: str
) -> None:
    issuer.served[CONFIGURATION] = answer

    with pytest.raises(Unreachable, match=told):
        issuers.key(TRUST, KID)


@pytest.mark.parametrize(
    "entry",
    [
        public(OctKey.generate_key(256, {"kid": KID})),  # type: ignore[arg-type]
        {**rsa_key().as_dict(private=True)},
        public(rsa_key(), use="enc"),
        {"kty": "RSA", "kid": KID, "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": KID, "n": "_" * 2_000, "e": "AQAB"},
        {"kty": "RSA", "kid": KID},
        {"kty": "EC", "kid": KID, "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "kid": KID, "crv": "P-999", "x": "AA", "y": "AA"},
        {"kty": "XX", "kid": KID},
        {**public(rsa_key()), "kid": 1},
        "a key",
    ],
)
def test_what_cannot_have_signed_is_no_key(issuers: Issuers, issuer: FakeIssuer, entry: Any) -> None:
    issuer.keys = [entry, public(ec_key("other"))]

    assert issuers.key(TRUST, "other")
    assert issuers.key(TRUST, KID) is None


def test_two_keys_of_one_name_are_refused_but_one_listed_twice_is_not(
    clock: FakeClock, issuer: FakeIssuer
) -> None:
    issuer.keys = [public(rsa_key()), public(rsa_key())]
    assert Issuers(clock, adapter=lambda _: issuer.adapter).key(TRUST, KID)

    issuer.keys.append(public(rsa_key("evil"), kid=KID))
    with pytest.raises(Unreachable, match="two keys of the kid 'key-1'"):
        Issuers(clock, adapter=lambda _: issuer.adapter).key(TRUST, KID)


@pytest.mark.parametrize("document", [{}, {"keys": {}}, {"keys": [public(rsa_key())] * 101}])
def test_a_set_of_keys_is_a_list_within_its_bound(
    issuers: Issuers, issuer: FakeIssuer, document: dict[str, Any]
) -> None:
    issuer.served[JWKS] = document

    with pytest.raises(Unreachable, match="no list of at most 100 keys"):
        issuers.key(TRUST, KID)


def test_a_hanging_issuer_holds_few_logins_and_one_request(clock: FakeClock) -> None:
    """The rest is told to try again, so that worker threads stay free for those who are logged in."""
    hanging, asked = threading.Event(), threading.Semaphore(0)
    started = [0]

    def hang(_: requests.PreparedRequest) -> Scripted:
        started[0] += 1
        asked.release()
        hanging.wait(10)
        return Scripted(404)

    issuers = Issuers(clock, adapter=lambda _: ScriptedAdapter(hang))
    busy: list[str] = []
    done = threading.Semaphore(0)

    def log_in_once() -> None:
        try:
            issuers.key(TRUST, KID)
        except Unreachable as error:
            busy.append(error.problem)
        done.release()

    threads = [threading.Thread(target=log_in_once) for _ in range(20)]
    for thread in threads:
        thread.start()
    asked.acquire()
    for _ in range(12):
        assert done.acquire(timeout=5)
    assert set(busy) == {"too many logins wait for the keys of issuers"}
    hanging.set()
    for thread in threads:
        thread.join()

    assert (started[0], len(busy)) == (1, 20)


def test_an_issuer_that_is_away_is_told_as_such(bridge: FakeBridge) -> None:
    add_trust(bridge)
    bridge.issuer.status = 404

    answer = log_in(bridge, bridge.issuer.token())

    assert (answer.status_code, answer.json()["type"]) == (502, "urn:portshift:problem:neighbour-unreachable")
    assert 'portshift_job_logins_total{outcome="unreachable"} 1.0' in bridge.call("GET", "/metrics").text
