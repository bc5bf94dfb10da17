"""Copying, moving, deleting and deploying items by path (facts §6, D copy-item, move-item)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from tests.standin import Permission, Standin
from tests.unit.standin.client import Client

MANIFEST = "team/app/1.0/manifest.json"
COPIER = ("copier", "c")


@pytest.fixture
def standin() -> Iterator[Standin]:
    moments = iter(range(1_700_000_000, 1_800_000_000))
    server = Standin(clock=lambda: float(next(moments)))
    for key in ("docker-local", "docker-prod"):
        server.add_repository(key)
    server.push_image("docker-local", "team/app", "1.0")
    server.set_properties("docker-local", MANIFEST, {"portshift.inUse": "true"})
    yield server
    server.sender.close()


def relocate(
    client: Client, how: str, source: str, target: str, auth: tuple[str, str] = ("admin", "password")
) -> int:
    return client("POST", f"api/{how}/{source}?to={target}", auth=auth).status_code


def test_a_copy_keeps_dates_and_properties(client: Client, standin: Standin) -> None:
    before = standin.item("docker-local", MANIFEST)

    answer = client("POST", "api/copy/docker-local/team?to=/docker-prod/team")

    copied = standin.item("docker-prod", MANIFEST)
    assert (copied.created, copied.modified) == (before.created, before.modified)
    assert copied.properties == before.properties
    assert copied.props_modified is not None
    assert before.props_modified is not None
    assert copied.props_modified > before.props_modified
    assert answer.json()["messages"] == [
        {
            "level": "INFO",
            "message": "copying docker-local:team to docker-prod:team completed successfully, "
            "3 artifacts and 3 folders were copied",
        }
    ]
    head = client("HEAD", "api/docker/docker-prod/v2/team/app/manifests/1.0")
    assert head.headers["Docker-Content-Digest"] == f"sha256:{before.sha256}"


def test_a_recent_change_is_not_found_by_the_date_of_a_copy(client: Client, standin: Standin) -> None:
    relocate(client, "copy", "docker-local/team", "/docker-prod/team")
    moment = "2024-01-01T00:00:00.000Z"

    query = (
        f'items.find({{"repo":"docker-prod","modified":{{"$gt":"{moment}"}}}}).include("repo","path","name")'
    )
    assert client.rows(query) == []


def test_what_goes_to_a_folder_that_is_there_is_put_into_it(client: Client, standin: Standin) -> None:
    client("PUT", "docker-prod/old/")

    assert relocate(client, "copy", "docker-local/team", "/docker-prod/old") == 200
    assert relocate(client, "copy", "docker-local/team", "docker-prod") == 200

    assert standin.item("docker-prod", f"old/{MANIFEST}")
    assert standin.item("docker-prod", MANIFEST)


def test_a_move_takes_the_source_away(client: Client, standin: Standin) -> None:
    assert relocate(client, "move", "docker-local/team/app/1.0", "/docker-prod/team/app/2.0") == 200

    assert standin.store.find("docker-local", "team/app/1.0") is None
    assert standin.item("docker-prod", "team/app/2.0/manifest.json").properties["docker.manifest"] == ["1.0"]
    assert client("GET", "api/docker/docker-local/v2/team/app/manifests/1.0").status_code == 404


def test_a_dry_run_changes_nothing(client: Client, standin: Standin) -> None:
    assert client("POST", "api/move/docker-local/team?to=/docker-prod/team&dry=1").status_code == 200

    assert standin.item("docker-local", MANIFEST)
    assert standin.store.find("docker-prod", "team") is None


@pytest.mark.parametrize(
    ("source", "target", "status"),
    [
        ("docker-local/none", "/docker-prod/x", 404),
        ("none/x", "/docker-prod/x", 404),
        ("docker-local/team", "/none/x", 400),
        ("docker-local/team", "", 400),
        ("docker-local/team", "/docker-local/team/app", 400),
        ("docker-local/team", "/docker-prod/file", 409),
        ("docker-local/team", "/docker-prod/file/below", 409),
    ],
)
def test_what_cannot_be_copied_is_refused(client: Client, source: str, target: str, status: int) -> None:
    client("PUT", "docker-prod/file", content="x")

    assert relocate(client, "copy", source, target) == status


def test_copying_needs_deploy_there_and_moving_delete_here(client: Client, standin: Standin) -> None:
    rights = [Permission.of("read"), Permission.of("deploy", repo="docker-prod")]
    standin.add_user(*COPIER, permissions=rights)

    assert relocate(client, "move", "docker-local/team", "/docker-prod/team", COPIER) == 403
    assert relocate(client, "copy", "docker-local/team", "/docker-prod/team", COPIER) == 200
    assert relocate(client, "copy", f"docker-local/{MANIFEST}", f"/docker-prod/{MANIFEST}", COPIER) == 403
    standin.add_user(*COPIER, permissions=[*rights, Permission.of("delete")])
    assert relocate(client, "move", "docker-local/team/app", "/docker-prod/moved", COPIER) == 200


def test_a_folder_is_deleted_with_what_it_holds(client: Client, standin: Standin) -> None:
    assert client("DELETE", "docker-local/team").status_code == 204
    assert standin.store.find("docker-local", MANIFEST) is None
    assert client("DELETE", "docker-local/team").status_code == 404


def test_a_file_is_deployed_by_its_checksum(client: Client, standin: Standin) -> None:
    content = b"held already"
    client("PUT", "docker-local/a.txt", content=content)
    digests = {"sha256": hashlib.sha256(content).hexdigest(), "sha1": hashlib.sha1(content).hexdigest()}

    for number, (kind, digest) in enumerate(digests.items()):
        headers = {"X-Checksum-Deploy": "true", f"X-Checksum-{kind}": digest}
        assert client("PUT", f"docker-prod/{number}.txt", headers=headers).status_code == 201
        assert client("GET", f"docker-prod/{number}.txt").content == content
    unknown = {"X-Checksum-Deploy": "true", "X-Checksum-Sha1": "0" * 40}
    assert client("PUT", "docker-prod/c.txt", headers=unknown).status_code == 404


def test_writing_properties_moves_their_own_date_only(client: Client, standin: Standin) -> None:
    before = standin.item("docker-local", MANIFEST).modified
    fields = '.include("repo","path","name","modified","props_modified")'
    query = f'items.find({{"name":"manifest.json"}}){fields}'
    [first] = client.rows(query)

    client("PUT", f"api/storage/docker-local/{MANIFEST}?properties=a=1&recursive=0")

    [second] = client.rows(query)
    assert standin.item("docker-local", MANIFEST).modified == before
    assert second["modified"] == first["modified"]
    assert second["props_modified"] > first["props_modified"]
