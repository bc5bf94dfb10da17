"""Storage, permissions, system, repositories and faults (facts §1, §2, §8)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.standin import Permission, Standin
from tests.unit.standin.client import Client

READER = ("reader", "reads")


@pytest.fixture(autouse=True)
def images(standin: Standin) -> None:
    standin.push_image("docker-local", "team/app", "1.0")
    standin.push_image("docker-local", "secret/app", "1.0")


def message(
    client: Client, path: str, auth: tuple[str, str] | None = ("admin", "password")
) -> tuple[int, str]:
    answer = client("GET", path, auth=auth)
    return answer.status_code, answer.json()["errors"][0]["message"]


def test_a_file_has_its_size_as_a_text(client: Client, standin: Standin) -> None:
    item = standin.item("docker-local", "team/app/1.0/manifest.json")

    info = client("GET", "api/storage/docker-local/team/app/1.0/manifest.json").json()

    assert (info["repo"], info["path"]) == ("docker-local", "/team/app/1.0/manifest.json")
    assert info["size"] == str(item.size)
    assert info["checksums"]["sha256"] == item.sha256
    assert info["created"] == "2023-11-14T22:13:20.000Z"
    assert info["downloadUri"] == "http://standin.test/artifactory/docker-local/team/app/1.0/manifest.json"


def test_a_folder_lists_the_children_that_may_be_read(client: Client) -> None:
    everything = client("GET", "api/storage/docker-local").json()["children"]
    allowed = client("GET", "api/storage/docker-local", auth=READER).json()["children"]

    assert everything == [{"uri": "/secret", "folder": True}, {"uri": "/team", "folder": True}]
    assert allowed == [{"uri": "/team", "folder": True}]


def test_a_virtual_echoes_its_own_key_and_a_remote_its_caches(client: Client, standin: Standin) -> None:
    standin.push_image("hub", "web", "2", cached=True)
    place = "library/web/2/manifest.json"

    assert client("GET", f"api/storage/docker/{place}").json()["repo"] == "docker"
    remote = client("GET", f"api/storage/hub/{place}").json()
    assert (remote["repo"], remote["remoteUrl"]) == ("hub-cache", f"https://hub.example.com/{place}")


@pytest.mark.parametrize("path", ["docker-local/none", "docker-local/secret/app", "none/at/all"])
def test_absent_and_unreadable_are_one_404(client: Client, path: str) -> None:
    assert message(client, f"api/storage/{path}", READER) == (404, "Unable to find item")


def test_a_virtual_words_its_404_otherwise(client: Client) -> None:
    assert message(client, "api/storage/docker/none") == (404, "Not Found")


def test_the_unreadable_may_be_a_403_that_names_path_and_user(client: Client, standin: Standin) -> None:
    standin.switches.storage_unreadable = 403

    assert message(client, "api/storage/docker-local/secret/app", READER) == (
        403,
        "Request for 'docker-local:secret/app' is forbidden for user: 'reader'.",
    )


@pytest.mark.parametrize(
    ("hidden", "answer"), [(False, (401, "Unauthorized")), (True, (404, "Resource not found"))]
)
def test_anonymous_is_challenged_or_sees_nothing(
    client: Client, standin: Standin, hidden: bool, answer: tuple[int, str]
) -> None:
    standin.switches.anonymous, standin.switches.hide_unauthorized = True, hidden
    standin.add_user("anonymous", permissions=[Permission.of("read", path="team/**")])

    assert client("GET", "api/storage/docker-local/team", auth=None).status_code == 200
    assert message(client, "api/storage/docker-local/secret", None) == answer


def test_the_list_is_deep_for_who_logged_in(client: Client) -> None:
    listed = client("GET", "api/storage/docker-local/team?list&deep=1&listFolders=1&mdTimestamps=1").json()

    entries = {entry["uri"]: entry for entry in listed["files"]}
    assert entries["/app"]["folder"] is True
    assert "properties" in entries["/app/1.0/manifest.json"]["mdTimestamps"]
    assert client("GET", "api/storage/docker-local/team?list", auth=None).status_code == 403
    assert client("GET", "api/storage/hub?list").status_code == 404


def test_statistics_count_downloads(client: Client) -> None:
    client("GET", "docker-local/team/app/1.0/manifest.json", auth=READER)

    stats = client("GET", "api/storage/docker-local/team/app/1.0/manifest.json?stats").json()

    assert (stats["downloadCount"], stats["lastDownloadedBy"]) == (1, "reader")


def test_every_kind_of_credentials(client: Client, standin: Standin) -> None:
    standin.add_user("robot", "p", token="t", api_key="k", admin=True)

    def status(auth: tuple[str, str] | None = None, headers: Mapping[str, str] | None = None) -> int:
        return client("GET", "api/system/version", auth=auth, headers=headers).status_code

    assert [status(("robot", secret)) for secret in ("p", "t", "k")] == [200, 200, 200]
    assert status(headers={"Authorization": "Bearer t"}) == 200
    assert status(headers={"X-JFrog-Art-Api": "k"}) == 200
    assert (status(), status(("robot", "x")), status(headers={"Authorization": "Bearer x"})) == (
        401,
        401,
        401,
    )
    assert status(headers={"X-JFrog-Art-Api": "x"}) == 403
    standin.add_user("robot", "p", locked=True)
    assert status(("robot", "p")) == 403
    standin.add_user("robot", "p", expired=True)
    assert status(("robot", "p")) == 403


def test_repositories_are_listed_by_type_and_single_by_rclass(client: Client) -> None:
    def keys(query: str, auth: tuple[str, str] = ("admin", "password")) -> list[str]:
        return [entry["key"] for entry in client("GET", f"api/repositories{query}", auth=auth).json()]

    assert keys("") == ["docker-local", "hub", "docker"]
    assert keys("?type=remote") == ["hub"]
    assert keys("?packageType=docker&type=LOCAL") == ["docker-local"]
    assert keys("?packageType=maven") == []
    assert keys("", READER) == ["docker-local", "docker"]
    single = client("GET", "api/repositories/docker").json()
    assert (single["rclass"], single["repositories"]) == ("virtual", ["hub", "docker-local"])
    assert single["defaultDeploymentRepo"] == "docker-local"


@pytest.mark.parametrize(("switch", "status"), [("403", 403), ("404", 404), ("full", 200)])
def test_what_a_non_admin_gets_of_a_configuration(
    client: Client, standin: Standin, switch: str, status: int
) -> None:
    standin.switches.repository_configuration = switch  # type: ignore[assignment]

    assert client("GET", "api/repositories/docker", auth=READER).status_code == status


def test_the_checksum_search(client: Client, standin: Standin) -> None:
    sha256 = standin.item("docker-local", "team/app/1.0/manifest.json").sha256
    [found] = client("GET", f"api/search/checksum?sha256={sha256}&repos=docker").json()["results"]

    assert found["path"] == "/team/app/1.0/manifest.json"
    assert client("GET", "api/search/checksum?sha256=1").status_code == 400
    standin.switches.checksum_accept = False
    [short] = client("GET", f"api/search/checksum?sha256={sha256}").json()["results"]
    assert short == {"uri": found["uri"]}
    assert client("GET", f"api/search/checksum?sha256={sha256}", auth=None).status_code == 403


@pytest.mark.parametrize(
    "path", ["team", "", "team/app/1.0/manifest.json/below", "team/app/1.0/manifest.json/"]
)
def test_a_file_and_a_folder_cannot_share_a_place(client: Client, path: str) -> None:
    assert client("PUT", f"docker-local/{path}", content=b"x").status_code == 409
    assert client("GET", "api/storage/docker-local/team").json()["children"] == [
        {"uri": "/app", "folder": True}
    ]


def test_faults_hit_the_next_requests_that_match(client: Client, standin: Standin) -> None:
    standin.fail(429, times=2, path="*/api/storage/*", headers={"Retry-After": "1"})

    statuses = [
        client("GET", path).status_code for path in ("api/system/ping", *["api/storage/docker-local"] * 3)
    ]

    assert statuses == [200, 429, 429, 200]
    standin.fail(500, times=None, message="boom")
    assert message(client, "api/system/ping") == (500, "boom")
    standin.heal()
    assert client("GET", "api/system/ping").status_code == 200


@pytest.mark.parametrize("after", ["2", "Tue, 14 Nov 2023 22:13:21 GMT", ""])
@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_fault_may_say_in_either_form_when_to_come_again(
    client: Client, standin: Standin, status: int, after: str
) -> None:
    standin.fail(status, headers={"Retry-After": after})

    answer = client("GET", "api/system/ping")

    assert (answer.status_code, answer.headers["Retry-After"]) == (status, after)
    assert answer.json()["errors"][0]["status"] == status
    assert client("GET", "api/system/ping").headers.get("Retry-After") is None


def test_every_request_is_recorded_with_its_user(client: Client, standin: Standin) -> None:
    client("GET", "api/storage/docker-local?list&deep=1", auth=READER)
    client("HEAD", "api/docker/docker-local/v2/a/manifests/1", auth=None)

    first, second = standin.requests
    assert (first.method, first.path, first.query) == (
        "GET",
        "/artifactory/api/storage/docker-local",
        "list&deep=1",
    )
    assert (first.user, first.status) == ("reader", 200)
    assert (second.user, second.status) == (None, 401)
