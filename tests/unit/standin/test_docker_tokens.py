"""The token flow, strictly: credentials exchanged for a token, its scope and its end (facts §2 Docker)."""

from __future__ import annotations

import pytest

from tests.standin import Standin
from tests.unit.standin.client import Client

API = "api/docker/docker-local/v2"
PULL = "repository:team/app:pull"


@pytest.fixture
def now() -> list[float]:
    return [1_700_000_000.0]


@pytest.fixture
def standin(now: list[float]) -> Standin:
    server = Standin(clock=lambda: now[0])
    server.add_repository("docker-local")
    server.push_image("docker-local", "team/app", "1.0")
    return server


def token(client: Client, *scopes: str) -> dict[str, str]:
    query = "&".join(f"scope={scope}" for scope in scopes)
    issued = client("GET", f"{API}/token?service=standin.test&{query}").json()["token"]
    return {"Authorization": f"Bearer {issued}"}


def head(client: Client, headers: dict[str, str], image: str = "team/app") -> int:
    return client("HEAD", f"{API}/{image}/manifests/1.0", auth=None, headers=headers).status_code


def test_basic_credentials_may_have_to_be_exchanged(client: Client, standin: Standin) -> None:
    assert client("HEAD", f"{API}/team/app/manifests/1.0").status_code == 200
    standin.switches.docker_basic = False

    refused = client("GET", f"{API}/team/app/manifests/1.0")

    assert refused.status_code == 401
    assert f'scope="{PULL}"' in refused.headers["WWW-Authenticate"]
    assert head(client, token(client, PULL)) == 200


@pytest.mark.parametrize(
    "scope", [PULL, "repository:docker-local/team/app:pull,push", "repository:team/app:*"]
)
def test_a_token_serves_the_image_that_it_was_asked_for(client: Client, scope: str) -> None:
    assert head(client, token(client, scope)) == 200


@pytest.mark.parametrize(
    "scopes", [(), ("repository:other:pull",), ("repository:team/app:push",), ("registry:catalog:*",)]
)
def test_a_token_for_something_else_is_challenged(
    client: Client, standin: Standin, scopes: tuple[str, ...]
) -> None:
    assert head(client, token(client, *scopes)) == 401
    standin.switches.docker_token_scopes = False
    assert head(client, token(client, *scopes)) == 200


def test_several_scopes_in_one_token(client: Client, standin: Standin) -> None:
    standin.push_image("docker-local", "other", "1.0")
    both = token(client, PULL, "repository:other:pull")

    assert (head(client, both), head(client, both, "other")) == (200, 200)


def test_a_token_to_pull_does_not_push(client: Client) -> None:
    upload = client("POST", f"{API}/team/app/blobs/uploads/", auth=None, headers=token(client, PULL))

    assert upload.status_code == 401
    assert 'scope="repository:team/app:pull,push"' in upload.headers["WWW-Authenticate"]


def test_a_token_ends(client: Client, standin: Standin, now: list[float]) -> None:
    standin.switches.docker_token_seconds = 60
    held = token(client, PULL)

    assert head(client, held) == 200
    now[0] += 60
    assert head(client, held) == 401


def test_one_port_serves_one_repository(client: Client, standin: Standin) -> None:
    standin.application.routes.docker_routes.ports[5001] = "docker-local"

    def status(port: int, path: str) -> int:
        return client("HEAD", f"http://standin.test:{port}{path}", host="standin.test").status_code

    assert status(5001, "/v2/team/app/manifests/1.0") == 200
    assert status(5002, "/v2/team/app/manifests/1.0") == 404
    assert status(5002, "/v2/docker-local/team/app/manifests/1.0") == 200
