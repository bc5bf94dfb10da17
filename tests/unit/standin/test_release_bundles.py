"""Release bundles v2: who sees which, what is in them, and where they were promoted (JFrog REST APIs)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.standin import OLD, Permission, Standin
from tests.unit.standin.client import Client

API = "/lifecycle/api/v2"
RELEASER = ("releaser", "r")


@pytest.fixture(autouse=True)
def bundles(standin: Standin) -> None:
    standin.push_image("docker-local", "team/app", "1.0", platforms=("linux/amd64", "linux/arm64"))
    standin.add_release_bundle("shop", "1.0.0", [("docker", "team/app", "1.0")])
    standin.add_release_bundle("shop", "1.0.1", status="FAILED")
    standin.add_release_bundle("secret", "1", repo="hidden-release-bundles-v2")
    bundles_only = Permission.of("read", repo="release-bundles-v2", path="shop/**")
    standin.add_user(*RELEASER, permissions=[bundles_only])


def get(client: Client, path: str, auth: tuple[str, str] | None = RELEASER) -> tuple[int, Any]:
    answer = client("GET", f"{API}/{path}", auth=auth)
    return answer.status_code, answer.json()


def test_names_leave_out_what_may_not_be_read(client: Client) -> None:
    def names(auth: tuple[str, str]) -> list[str]:
        return [
            one["release_bundle_name"]
            for one in get(client, "release_bundle/names", auth)[1]["release_bundles"]
        ]

    assert names(("admin", "password")) == ["shop", "secret"]
    assert names(RELEASER) == ["shop"]
    assert names(("reader", "reads")) == []


def test_versions_of_a_name_come_in_pages_whatever_their_status(client: Client, standin: Standin) -> None:
    standin.switches.bundle_page = 1
    _, first = get(client, "release_bundle/records/shop")
    _, second = get(client, "release_bundle/records/shop?offset=1")

    shown = [
        (page["release_bundles"][0]["release_bundle_version"], page["total"]) for page in (first, second)
    ]
    assert shown == [("1.0.0", 2), ("1.0.1", 2)]
    assert second["release_bundles"][0]["status"] == "FAILED"
    assert get(client, "release_bundle/records/shop?limit=x")[0] == 400


def test_the_contents_are_a_snapshot_with_digests_and_source(client: Client, standin: Standin) -> None:
    item = standin.item("docker-local", "team/app/1.0/list.manifest.json")
    standin.set_properties("docker-local", item.path, {"later": "1"})

    _, record = get(client, "release_bundle/records/shop/1.0.0")

    [found] = [one for one in record["artifacts"] if one["checksum"] == item.sha256]
    assert (found["path"], found["source_repository_key"]) == (item.path, "docker-local")
    assert (found["package_name"], found["package_version"]) == ("team/app", "1.0")
    assert "later" not in {pair["key"] for pair in found["properties"]}
    assert len(record["artifacts"]) == 7  # a list, and two manifests with a config and a layer each
    assert get(client, "release_bundle/statuses/shop/1.0.1") == (200, {"status": "FAILED"})


@pytest.mark.parametrize("status", [403, 404])
def test_what_may_not_be_read_is_refused(client: Client, standin: Standin, status: int) -> None:
    standin.switches.bundle_unreadable = status  # type: ignore[assignment]

    assert get(client, "release_bundle/records/shop/1.0.0", ("reader", "reads"))[0] == status
    assert get(client, "promotion/records/shop", ("reader", "reads"))[0] == status
    assert get(client, "release_bundle/records/none/1")[0] == 404
    assert get(client, "release_bundle/records/shop/9")[0] == 404
    assert get(client, "release_bundle/names", None)[0] == 401


def test_promotions_are_listed_newest_first(client: Client, standin: Standin) -> None:
    standin.promote_release_bundle("shop", "1.0.0", "QA")
    standin.promote_release_bundle("shop", "1.0.0", "PROD", status="FAILED", message="no space")

    _, listed = get(client, "promotion/records/shop/1.0.0")

    assert [(one["environment"], one["status"]) for one in listed["promotions"]] == [
        ("PROD", "FAILED"),
        ("QA", "COMPLETED"),
    ]
    assert listed["promotions"][0]["messages"] == [{"text": "no space"}]
    assert get(client, "promotion/records/shop")[1]["total"] == 2
    details = f"promotion/records/shop/1.0.0/{listed['promotions'][1]['created_millis']}"
    assert len(get(client, details)[1]["artifacts"]) == 7


def test_another_repository_of_bundles_is_named(client: Client) -> None:
    admin = ("admin", "password")
    path = "release_bundle/records/secret"

    assert get(client, f"{path}?repository_key=hidden-release-bundles-v2", admin)[1]["total"] == 1
    assert get(client, f"{path}?project=hidden", admin)[1]["total"] == 1
    assert get(client, path, admin)[1]["total"] == 0


def test_groups_show_the_latest_version(client: Client) -> None:
    _, groups = get(client, "release_bundle/groups")

    assert [
        (one["release_bundle_name"], one["release_bundle_versions_count"])
        for one in groups["release_bundles"]
    ] == [("shop", 2)]


def test_an_old_server_has_no_release_bundles(client: Client, standin: Standin) -> None:
    standin.switches.version = OLD

    assert get(client, "release_bundle/names", ("admin", "password"))[0] == 404
