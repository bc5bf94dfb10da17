"""What a job gets for its token, and when it ends."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from sqlalchemy import insert, select

from portshift_bridge.access import Role
from portshift_bridge.clock import SECOND
from portshift_bridge.errors import JobTokenRefused
from portshift_bridge.oidc.issuers import Issuers
from portshift_bridge.oidc.subjects import MAX_NAME, signer_name
from portshift_bridge.store.schema import sessions
from portshift_bridge.store.sessions import MAX_OF_SUBJECT
from tests.fakes.bridge_services import FakeBridge, rendering
from tests.fakes.certificate import self_signed
from tests.fakes.http import Scripted, ScriptedAdapter
from tests.fakes.issuer import GITHUB
from tests.unit.bridge.oidc.logins import SHOP, add_trust, log_in

NAME = "github:repo:acme/shop:ref:refs/heads/main"


def _register(bridge: FakeBridge, token: str, *, cluster: str = "prod-eu", namespace: str = "shop") -> int:
    body = rendering("app:1", cluster=cluster, namespace=namespace)
    headers = {"Authorization": f"Bearer {token}"}
    answer = bridge.client.post("/api/v1/registrations", json=body, headers=headers)
    return int(answer.status_code)


def _sessions(folder: Path) -> int:
    with sqlite3.connect(folder / "portshift.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM sessions").fetchone()
    connection.close()
    return int(count)


def test_a_job_gets_a_deployers_access_with_the_trusts_scope(bridge: FakeBridge) -> None:
    add_trust(bridge)

    answer = log_in(bridge, bridge.issuer.token())

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    token = body.pop("token")
    assert body.pop("expiresAt").startswith("2027-01-15T08:15:00.")  # 15 minutes after the clock's start
    assert body == {
        "name": NAME,
        "role": "deployer",
        "clusters": ["prod-*"],
        "namespaces": ["shop"],
    }
    assert _register(bridge, token) == 200
    assert _register(bridge, token, cluster="dev") == 403
    assert _register(bridge, token, namespace="other") == 403
    headers = {"Authorization": f"Bearer {token}"}
    assert bridge.client.get("/api/v1/access", headers=headers).status_code == 403
    assert bridge.client.post("/api/v1/access/trusts", json=SHOP, headers=headers).status_code == 403
    signed_by = bridge.call("GET", "identities").json()["items"][0]["signedBy"]
    assert signed_by == NAME


def test_a_session_ends_at_its_time_and_is_forgotten_by_the_purge(bridge: FakeBridge, tmp_path: Path) -> None:
    add_trust(bridge, lifetimeSeconds=60)
    body = log_in(bridge, bridge.issuer.token()).json()

    bridge.clock.now += 59 * SECOND
    assert _register(bridge, body["token"]) == 200
    bridge.clock.now += 2 * SECOND
    headers = {"Authorization": f"Bearer {body['token']}"}
    ended = bridge.client.get("/api/v1/status", headers=headers)
    assert (ended.status_code, ended.json()["type"]) == (401, "urn:portshift:problem:unauthenticated")
    assert ended.json()["detail"] == f"the login of this job ended at {body['expiresAt']}"

    assert _sessions(tmp_path) == 1
    bridge.services.purge()
    assert _sessions(tmp_path) == 0
    assert bridge.client.get("/api/v1/status", headers=headers).status_code == 401


def test_taking_a_trust_back_ends_its_sessions_at_once(bridge: FakeBridge, tmp_path: Path) -> None:
    add_trust(bridge)
    token = log_in(bridge, bridge.issuer.token()).json()["token"]
    assert _register(bridge, token) == 200

    assert bridge.call("DELETE", "access/trusts/github").status_code == 204

    assert _register(bridge, token) == 401
    assert _sessions(tmp_path) == 0
    assert "step 4" in log_in(bridge, bridge.issuer.token()).json()["detail"]
    add_trust(bridge)
    assert _register(bridge, token) == 401


def test_a_job_token_may_be_exchanged_again_for_another_session(bridge: FakeBridge) -> None:
    add_trust(bridge)
    job = bridge.issuer.token()

    first, second = (log_in(bridge, job).json()["token"] for _ in range(2))

    assert first != second
    assert (_register(bridge, first), _register(bridge, second)) == (200, 200)


def test_the_first_trust_by_name_that_takes_the_token_gives_the_scope(bridge: FakeBridge) -> None:
    add_trust(bridge, name="c", clusters=["c"])
    add_trust(bridge, name="b", clusters=["b"])
    add_trust(bridge, name="a", clusters=["a"], claims={"repository": ["acme/other"]})

    assert log_in(bridge, bridge.issuer.token()).json()["clusters"] == ["b"]
    assert log_in(bridge, bridge.issuer.token(), trust="c").json()["clusters"] == ["c"]
    assert "step 10" in log_in(bridge, bridge.issuer.token(), trust="a").json()["detail"]


def test_a_trust_that_is_named_must_be_there(bridge: FakeBridge) -> None:
    add_trust(bridge)
    add_trust(bridge, name="gitlab", issuer="https://gitlab.acme.example")

    told = "the job token is refused at step 4, issuer: no trust named '{}' is in the issuer '{}'"
    for name in ("absent", "gitlab"):
        detail = log_in(bridge, bridge.issuer.token(), trust=name).json()["detail"]
        assert detail == told.format(name, GITHUB)


def test_one_subject_has_so_many_sessions_and_no_more(bridge: FakeBridge) -> None:
    add_trust(bridge, lifetimeSeconds=60)
    log_in(bridge, bridge.issuer.token())
    with bridge.services.database.write() as connection:
        (first,) = connection.execute(select(sessions)).mappings()
        others = [{**first, "token_hash": str(number)} for number in range(1, MAX_OF_SUBJECT)]
        connection.execute(insert(sessions), others)

    answer = log_in(bridge, bridge.issuer.token())
    assert (answer.status_code, "logins that have not ended" in answer.json()["detail"]) == (409, True)
    assert log_in(bridge, bridge.issuer.token(sub="repo:acme/shop:environment:prod")).status_code == 200
    bridge.clock.now += 60 * SECOND
    assert log_in(bridge, bridge.issuer.token()).status_code == 200


def test_a_trust_that_is_taken_back_during_a_login_lets_nobody_in(bridge: FakeBridge, tmp_path: Path) -> None:
    add_trust(bridge)

    def taken_back(request: requests.PreparedRequest) -> Scripted:
        if "jwks" in str(request.url):
            bridge.services.trusts.delete("github", actor="admin")
            add_trust(bridge, namespaces=["other"])
        return bridge.issuer.answer(request)

    issuers = Issuers(bridge.clock, adapter=lambda _: ScriptedAdapter(taken_back))
    exchange = replace(bridge.services.exchange, issuers=issuers)

    with pytest.raises(JobTokenRefused, match="the trust changed meanwhile"):
        exchange.log_in(bridge.issuer.token(), trust=None)
    assert _sessions(tmp_path) == 0


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "token, trust: expected text"),
        ({"token": 1}, "token, trust: expected text"),
        ({"token": "x", "trust": 1}, "token, trust: expected text"),
        ({"token": "x", "role": "admin"}, "found the field 'role'"),
        ([], "found no object"),
    ],
)
def test_a_request_that_cannot_be_is_refused(bridge: FakeBridge, body: object, told: str) -> None:
    answer = bridge.call("POST", "login/oidc", role=None, json=body)

    assert (answer.status_code, told in answer.json()["detail"]) == (400, True)


def test_strangers_may_send_little(bridge: FakeBridge) -> None:
    answer = bridge.call("POST", "login/oidc", role=None, content=b" " * 70_000)

    assert answer.status_code == 413
    assert answer.json()["detail"] == "found a body over 64 KiB"


def test_a_login_is_audited_counted_and_logged_without_any_token(
    bridge: FakeBridge, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    add_trust(bridge)
    job = bridge.issuer.token()
    session = log_in(bridge, job).json()["token"]
    refused = bridge.issuer.token(repository="acme/shop-evil")
    log_in(bridge, refused)
    _register(bridge, session)
    bridge.call("DELETE", "access/trusts/github")

    bridge.services.database.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for secret in (session, *job.split("."), *refused.split(".")):
        assert secret.encode() not in kept
        assert secret not in caplog.text
    with sqlite3.connect(tmp_path / "portshift.db") as connection:
        rows = connection.execute("SELECT actor, action, object, detail FROM audit ORDER BY key").fetchall()
    connection.close()
    audited = [row[:3] for row in rows if row[0] != "test"]
    assert audited == [
        ("admin", "trust.add", "github"),
        (NAME, "access.login", "github"),
        ("admin", "trust.remove", "github"),
    ]
    assert '"repository": "acme/shop"' in next(row[3] for row in rows if row[1] == "access.login")
    assert f"job login accepted trust=github actor={NAME} until=" in caplog.text
    assert "job login refused step=claims" in caplog.text
    assert 'portshift_job_logins_total{outcome="accepted"} 1.0' in bridge.call("GET", "/metrics").text


def test_trusts_are_listed_and_shown(bridge: FakeBridge) -> None:
    for name in ("b", "a", "c"):
        add_trust(bridge, name=name)

    first = bridge.call("GET", "access/trusts?limit=2").json()
    second = bridge.call("GET", f"access/trusts?limit=2&cursor={first['next']}").json()

    assert [item["name"] for item in (*first["items"], *second["items"])] == ["a", "b", "c"]
    shown = bridge.call("GET", "access/trusts/a").json()
    assert shown == first["items"][0]
    assert shown.items() >= {**SHOP, "name": "a", "lifetimeSeconds": 900, "ca": None, "proxy": None}.items()
    assert bridge.call("GET", "access/trusts/x").status_code == 404
    assert bridge.call("DELETE", "access/trusts/x").status_code == 404


def test_a_name_is_taken_once_and_one_way_leads_to_an_issuer(bridge: FakeBridge, tmp_path: Path) -> None:
    add_trust(bridge)
    authority, _ = self_signed(tmp_path)

    assert bridge.call("POST", "access/trusts", json=SHOP).status_code == 409
    for way in ({"ca": authority.read_text()}, {"proxy": "http://proxy.example:3128"}):
        other = bridge.call("POST", "access/trusts", json={**SHOP, "name": "other", **way})
        assert (other.status_code, "another ca or proxy" in other.json()["detail"]) == (409, True)
        (kind,) = way
        own = {"name": f"own-{kind}", "issuer": f"https://{kind}.example", **way}
        assert bridge.call("POST", "access/trusts", json={**SHOP, **own}).json().items() >= own.items()


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("repo:acme/shop:ref:refs/heads/main", NAME),
        ("project_path:acme/shop:ref_type:branch:ref:main", None),
        ("a b\n%\x1b[31m\u202e", "github:a%20b%0A%25%1B[31m%E2%80%AE"),
    ],
)
def test_a_signers_name_is_one_printable_word(subject: str, name: str | None) -> None:
    assert signer_name("github", subject) == (name or f"github:{subject}")


def test_long_subjects_stay_different_within_the_bound() -> None:
    names = {signer_name("github", "x" * 1_000 + end) for end in "ab"}

    assert len(names) == 2
    assert {len(name) for name in names} == {MAX_NAME}


def test_no_access_can_be_created_under_a_jobs_name(bridge: FakeBridge) -> None:
    answer = bridge.call("POST", "access", json={"name": NAME, "role": Role.VIEWER})

    assert answer.status_code == 400
