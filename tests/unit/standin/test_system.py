"""System: version, licence, user plugins (facts §2, §3)."""

from __future__ import annotations

import pytest

from tests.standin import GROOVY_3, OLD, Standin
from tests.unit.standin.client import Client

READER = ("reader", "reads")


@pytest.mark.parametrize("version", [OLD, GROOVY_3])
def test_ping_and_version(client: Client, standin: Standin, version: str) -> None:
    standin.switches.version = version

    assert client("GET", "api/system/ping", auth=None).text == "OK"
    assert client("GET", "api/system/version").json()["version"] == version


def test_everybody_reads_the_licences_hash_and_administrators_its_type(client: Client) -> None:
    shown = client("GET", "api/system/version", auth=READER).json()

    assert len(shown["license"]) == 40
    assert "docker" in shown["addons"]
    assert client("GET", "api/system/license").json()["type"] == "Enterprise Plus"
    assert client("GET", "api/system/license", auth=READER).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "api/docker/docker-local/v2/app/manifests/1"),
        ("GET", "/v2/"),
        ("PUT", "api/storage/docker-local?properties=a=1"),
        ("PATCH", "api/metadata/docker-local"),
        ("POST", "api/copy/docker-local/a?to=/docker-local/b"),
        ("GET", "api/plugins"),
    ],
)
def test_a_server_without_licence_says_what_is_only_in_pro(
    client: Client, standin: Standin, method: str, path: str
) -> None:
    standin.switches.licence, standin.switches.addons = "OSS", ()

    answer = client(method, path)

    assert answer.status_code == 400
    assert (
        "This REST API is available only in Artifactory Pro (see: " in answer.json()["errors"][0]["message"]
    )
    assert client("GET", "api/system/version").json()["addons"] == []
    assert client("GET", "api/storage/docker-local").status_code == 200


def test_plugins_are_listed_for_those_who_may_call_them(client: Client, standin: Standin) -> None:
    assert client("GET", "api/plugins").json() == {}
    standin.add_plugin("portshift", "1.2.0", users=["reader"])
    standin.add_plugin("cleanup", "3")

    def names(path: str, auth: tuple[str, str] = ("admin", "password")) -> list[tuple[str, str]]:
        listed = client("GET", path, auth=auth).json().get("executions", [])
        return [(one["name"], one["version"]) for one in listed]

    assert names("api/plugins") == [("portshift", "1.2.0"), ("cleanup", "3")]
    assert names("api/plugins/executions", READER) == [("portshift", "1.2.0")]
    assert client("GET", "api/plugins/staging").json() == {}
    assert client("GET", "api/plugins/none").status_code == 404
    assert client("GET", "api/plugins", auth=None).status_code == 401
