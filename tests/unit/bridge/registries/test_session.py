"""Who asks, and what a refusal means; Docker's token challenge."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests

from portshift.core.errors import PortshiftError
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.outbound.transport import Answer, Transport
from portshift_bridge.registries.challenge import Challenge, Tokens, bearer_challenge
from portshift_bridge.registries.errors import BadRequest, Forbidden, LoginRefused, NotFound
from portshift_bridge.registries.model import Login, LoginKind
from portshift_bridge.registries.session import Session
from tests.fakes.http import Reply, Scripted, ScriptedAdapter

BASE = "https://acme.example.com/artifactory"
REALM = f"{BASE}/api/docker/docker-local/v2/token"
PASSWORD = Login(LoginKind.PASSWORD, "bob", "swordfish")


def session(login: Login, *replies: Scripted | Reply | Exception) -> tuple[Session, ScriptedAdapter]:
    adapter = ScriptedAdapter(*replies)
    return Session(Transport(BASE, adapter=adapter, sleep=lambda _: None), login), adapter


def head(asked: Session, image: str = "app") -> Answer:
    deadline = Deadline.after(5)
    return asked.manifest("HEAD", "docker-local", image, "1", deadline=deadline)


def unauthorized(realm: str = REALM) -> Scripted:
    challenge = f'Bearer realm="{realm}",service="acme.example.com"'
    return Scripted(401, headers={"WWW-Authenticate": challenge})


@pytest.mark.parametrize(
    ("login", "header", "value"),
    [
        (PASSWORD, "Authorization", f"Basic {base64.b64encode(b'bob:swordfish').decode()}"),
        (Login(LoginKind.TOKEN, secret="t0ken"), "Authorization", "Bearer t0ken"),
        (Login(LoginKind.API_KEY, secret="k3y"), "X-JFrog-Art-Api", "k3y"),
        (Login(), "Authorization", None),
    ],
)
def test_each_kind_of_login_identifies_itself(login: Login, header: str, value: str | None) -> None:
    asked, adapter = session(login, Scripted())
    asked.get("api/system/version", deadline=Deadline.after(5))
    assert adapter.requests[0].headers.get(header) == value


@pytest.mark.parametrize(
    ("base", "platform"),
    [
        ("https://acme.example.com/artifactory", "https://acme.example.com"),
        ("https://acme.example.com/jfrog/artifactory", "https://acme.example.com/jfrog"),
        ("https://acme.example.com/other", "https://acme.example.com/other"),
    ],
)
def test_other_services_of_the_platform_lie_beside_artifactory(base: str, platform: str) -> None:
    adapter = ScriptedAdapter(Scripted())
    asked = Session(Transport(base, adapter=adapter), PASSWORD)
    asked.get("/lifecycle/api/v2/x", deadline=Deadline.after(5))
    asked.get("api/x", deadline=Deadline.after(5))
    assert adapter.seen == [f"GET {platform}/lifecycle/api/v2/x", f"GET {base}/api/x"]


def errors(message: str) -> dict[str, Any]:
    return {"errors": [{"status": 403, "message": message}]}


@pytest.mark.parametrize(
    ("status", "message", "raised"),
    [
        (401, "Bad credentials", LoginRefused),
        (403, "Request for 'docker-local:app' is forbidden for user: 'bob'.", Forbidden),
        (403, "Bad credentials", LoginRefused),
        (403, "This request is blocked due to recurrent login failures", LoginRefused),
        (404, "Unable to find item", NotFound),
        (400, "Failed to parse query", BadRequest),
        (302, "", UnexpectedAnswer),
    ],
)
def test_a_refusal_has_its_own_error_with_artifactory_s_words(
    status: int, message: str, raised: type[PortshiftError]
) -> None:
    asked, _ = session(PASSWORD, Scripted.json(errors(message), status=status))
    with pytest.raises(raised) as refusal:
        asked.get("api/x", deadline=Deadline.after(5))
    assert type(refusal.value) is raised
    assert message in str(refusal.value)
    assert "swordfish" not in str(refusal.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"errors":[]}', b'{"errors":{}}', b"<html>", b"null"])
def test_a_refusal_without_artifactory_s_words_is_told_all_the_same(body: bytes) -> None:
    asked, _ = session(PASSWORD, Scripted(403, body))
    with pytest.raises(Forbidden, match="answers 403"):
        asked.get("api/x", deadline=Deadline.after(5))


def test_the_login_itself_is_good_enough_where_artifactory_takes_it() -> None:
    asked, adapter = session(PASSWORD, Scripted(200))
    head(asked)
    assert adapter.seen == [f"HEAD {BASE}/api/docker/docker-local/v2/app/manifests/1"]


def test_a_challenge_is_answered_with_a_token_that_is_kept() -> None:
    granted = Scripted.json({"token": "abc", "expires_in": 3600})
    asked, adapter = session(PASSWORD, unauthorized(), granted, Scripted(200))
    head(asked)
    head(asked)
    assert adapter.seen == [
        f"HEAD {BASE}/api/docker/docker-local/v2/app/manifests/1",
        f"GET {REALM}?service=acme.example.com&scope=repository%3Aapp%3Apull",
        f"HEAD {BASE}/api/docker/docker-local/v2/app/manifests/1",
        f"HEAD {BASE}/api/docker/docker-local/v2/app/manifests/1",
    ]
    assert [request.headers["Authorization"].split()[0] for request in adapter.requests] == [
        "Basic",
        "Basic",
        "Bearer",
        "Bearer",
    ]


def test_where_a_repository_wants_tokens_the_next_image_has_one_before_it_is_asked_for() -> None:
    granted = Scripted.json({"token": "abc"})
    asked, adapter = session(PASSWORD, unauthorized(), granted, Scripted(200), granted, Scripted(200))
    head(asked)
    head(asked, "team/other")
    assert adapter.seen[3:] == [
        f"GET {REALM}?service=acme.example.com&scope=repository%3Ateam%2Fother%3Apull",
        f"HEAD {BASE}/api/docker/docker-local/v2/team/other/manifests/1",
    ]


def test_a_server_that_wants_another_scope_than_before_is_heard() -> None:
    granted, other = Scripted.json({"token": "abc"}), 'scope="repository:docker-local/other:pull"'
    named = Scripted(401, headers={"WWW-Authenticate": f'Bearer realm="{REALM}",service="s",{other}'})
    replies = [unauthorized(), granted, Scripted(), granted, named, granted, Scripted()]
    asked, adapter = session(PASSWORD, *replies)
    head(asked)
    head(asked, "other")
    assert "scope=repository%3Adocker-local%2Fother%3Apull" in adapter.seen[5]
    assert len(adapter.requests) == len(replies)


def test_a_token_is_for_one_image_of_one_repository() -> None:
    tokens = Tokens()
    tokens.put("docker-local", "app", "abc", seconds=600)
    assert tokens.get("docker-local", "app") == "abc"
    assert tokens.get("docker-local", "other") is None
    assert tokens.get("docker-dev", "app") is None


def test_a_token_is_not_used_up_to_its_last_moment() -> None:
    clock = [0.0]
    tokens = Tokens(now=lambda: clock[0])
    tokens.put("docker-local", "app", "abc", seconds=60)
    clock[0] = 49.0
    assert tokens.get("docker-local", "app") == "abc"
    clock[0] = 50.0
    assert tokens.get("docker-local", "app") is None


@pytest.mark.parametrize(
    "realm",
    [
        "https://evil.example.com/token",
        "http://acme.example.com/token",
        "https://acme.example.com:8443/token",
        "https://acme.example.com@evil.example.com/token",
        "https://acme.example.com:x/token",
    ],
)
def test_a_login_is_never_sent_to_another_server(realm: str) -> None:
    asked, adapter = session(PASSWORD, unauthorized(realm))
    with pytest.raises(UnexpectedAnswer, match="expected its own host"):
        head(asked)
    assert len(adapter.requests) == 1


def test_a_wrong_password_is_refused_by_the_token_endpoint() -> None:
    asked, _ = session(PASSWORD, unauthorized(), Scripted.json(errors("Bad credentials"), status=401))
    with pytest.raises(LoginRefused):
        head(asked)


def test_a_401_to_a_good_login_means_a_missing_permission() -> None:
    def reply(request: requests.PreparedRequest) -> Scripted:
        return Scripted.json({"version": "7.1"}) if "version" in str(request.url) else Scripted(401)

    asked, _ = session(PASSWORD, reply)
    with pytest.raises(NotFound, match="not for this login"):
        head(asked)


def test_a_401_without_login_asks_for_one() -> None:
    asked, _ = session(Login(), Scripted(401))
    with pytest.raises(LoginRefused, match="without login"):
        head(asked)


@pytest.mark.parametrize("body", [{}, [], {"token": 3}, {"token": "a\r\nb"}, {"token": ""}])
def test_a_token_endpoint_that_gives_no_token_is_told(body: Any) -> None:
    asked, _ = session(PASSWORD, unauthorized(), Scripted.json(body))
    with pytest.raises(UnexpectedAnswer, match="no Docker token"):
        head(asked)


@pytest.mark.parametrize("header", ["", 'Basic realm="Artifactory Realm"', "Bearer", 'Bearer service="x"'])
def test_other_challenges_ask_for_no_token(header: str) -> None:
    assert bearer_challenge(header, image="app", base=BASE) is None


def test_a_scope_that_the_server_names_is_kept() -> None:
    header = f'Bearer realm="{REALM}",service="s",scope="repository:app:pull,push"'
    assert bearer_challenge(header, image="app", base=BASE) == Challenge(
        REALM, "s", "repository:app:pull,push"
    )
