"""What queries find, for whom, and how rows look (facts §2 AQL)."""

from __future__ import annotations

import pytest

from tests.standin import Permission, Standin
from tests.unit.standin.client import Client

THREE = '.include("repo","path","name")'
READER = ("reader", "reads")


@pytest.fixture(autouse=True)
def images(standin: Standin) -> None:
    standin.push_image("docker-local", "team/app", "1.0", platforms=("linux/amd64", "linux/arm64"))
    standin.push_image("docker-local", "secret/app", "1.0")
    standin.push_image("hub", "web", "2", cached=True)


def places(client: Client, criteria: str, auth: tuple[str, str] = ("admin", "password")) -> set[str]:
    rows = client.rows(f"items.find({criteria}){THREE}", auth=auth)
    return {f"{row['repo']}/{row['path']}/{row['name']}" for row in rows}


def test_what_was_annotated_since_is_found_unless_the_server_is_too_old(
    client: Client, standin: Standin
) -> None:
    since = '{"name":"manifest.json","props_modified":{"$gte":"2030-01-01T00:00:00Z"}}'
    assert places(client, since) == set()
    item = standin.item("docker-local", "secret/app/1.0/manifest.json")
    modified, item.props_modified = item.modified, 2_000_000_000.0

    assert places(client, since) == {"docker-local/secret/app/1.0/manifest.json"}
    assert item.modified == modified
    standin.switches.aql_props_modified = False
    refused = client.aql(f"items.find({since}){THREE}")
    assert (refused.status_code, "Failed to parse query" in refused.text) == (400, True)


def test_a_virtual_repository_finds_the_physical_ones(client: Client) -> None:
    assert places(client, '{"repo":"docker","name":{"$match":"*manifest.json"},"@docker.manifest":"2"}') == {
        "hub-cache/library/web/2/manifest.json"
    }
    assert "docker-local/team/app/1.0/list.manifest.json" in places(client, '{"repo":"docker"}')


def test_a_remotes_own_key_finds_nothing(client: Client) -> None:
    assert places(client, '{"repo":"hub"}') == set()


def test_wildcards_only_work_under_match(client: Client) -> None:
    assert places(client, '{"path":"team/*"}') == set()
    assert places(client, '{"path":{"$match":"team/app/1.?"}}') == {
        "docker-local/team/app/1.0/list.manifest.json"
    }


def test_a_digest_is_found_by_property_and_by_checksum(client: Client, standin: Standin) -> None:
    stored = standin.item("docker-local", "team/app/1.0/list.manifest.json")
    expected = {"docker-local/team/app/1.0/list.manifest.json"}

    assert places(client, f'{{"@docker.manifest.digest":"sha256:{stored.sha256}"}}') == expected
    assert places(client, f'{{"sha256":"{stored.sha256}"}}') == expected


def test_folders_are_found_only_when_the_type_says_so(client: Client) -> None:
    assert places(client, '{"repo":"docker-local","path":"team"}') == set()
    assert places(client, '{"repo":"docker-local","path":"team","type":"folder"}') == {
        "docker-local/team/app"
    }
    assert "docker-local/team/app" in places(client, '{"repo":"docker-local","type":"any"}')


def test_a_negation_holds_without_the_property(client: Client, standin: Standin) -> None:
    standin.set_properties("docker-local", "team/app/1.0/list.manifest.json", {"qa": "passed"})

    found = places(client, '{"name":{"$match":"*manifest.json"},"@qa":{"$ne":"passed"}}')

    assert "docker-local/secret/app/1.0/manifest.json" in found
    assert "docker-local/team/app/1.0/list.manifest.json" not in found


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ('{"size":{"$gt":0}}', True),
        ('{"size":{"$lt":"1"}}', False),
        ('{"modified":{"$before":"1d"}}', False),
        ('{"modified":{"$last":"1d"}}', True),
        ('{"created":{"$gte":"2023-11-14T00:00:00.000Z"}}', True),
        ('{"created":{"$gt":"2024-01-01"}}', False),
        ('{"stat.downloads":{"$eq":null}}', True),
        ('{"stat.downloads":{"$gt":0}}', False),
        ('{"created_by":{"$nmatch":"a*"}}', False),
        ('{"depth":4}', True),
    ],
)
def test_comparators_take_numbers_times_and_texts(client: Client, criteria: str, found: bool) -> None:
    named = f'{{"$and":[{{"name":"list.manifest.json"}},{criteria}]}}'

    assert bool(places(client, named)) is found


def test_several_values_of_a_property_are_repeated_entries(client: Client, standin: Standin) -> None:
    standin.set_properties("docker-local", "team/app/1.0/list.manifest.json", {"qa": ["a", "b"]})

    [row] = client.rows('items.find({"name":"list.manifest.json"}).include("repo","path","name","@qa")')

    assert row["properties"] == [{"key": "qa", "value": "a"}, {"key": "qa", "value": "b"}]


def test_the_default_fields_have_a_numeric_size(client: Client) -> None:
    [row] = client.rows('items.find({"name":"list.manifest.json"})')

    assert set(row) == {
        "repo", "path", "name", "type", "size",
        "created", "created_by", "modified", "modified_by", "updated",
    }  # fmt: skip
    assert isinstance(row["size"], int)


def test_builds_are_reached_through_artifact_and_module(client: Client, standin: Standin) -> None:
    standin.publish_build("app", "7", [("docker-local", "team/app", "1.0")])

    [row] = client.rows('items.find({"name":"list.manifest.json"}).include("artifact.module.build")')

    [artifact] = row["artifacts"]
    assert artifact["modules"][0]["builds"][0]["build.name"] == "app"
    assert places(client, '{"artifact.module.build.number":"7","name":"list.manifest.json"}')


def test_total_counts_the_rows_that_are_returned(client: Client) -> None:
    answer = client.aql(
        'items.find({"repo":"docker-local"}).sort({"$asc":["path","name"]}).offset(1).limit(2)'
    )

    assert answer.json()["range"] == {"start_pos": 1, "end_pos": 3, "total": 2, "limit": 2}


def test_a_limit_with_properties_cuts_properties_off(client: Client, standin: Standin) -> None:
    query = 'items.find({"name":"list.manifest.json"}).include("property").limit(2)'

    [row] = client.rows(query)
    assert len(row["properties"]) == 2

    standin.switches.limit_counts_joined_rows = False
    [row] = client.rows(query)
    assert len(row["properties"]) == 5


def test_what_may_not_be_read_is_not_found(client: Client) -> None:
    found = places(client, '{"repo":"docker","name":{"$match":"*manifest.json"}}', READER)

    assert found
    assert all(place.startswith("docker-local/team/") for place in found)


def test_a_non_admin_must_ask_for_repo_path_and_name(client: Client) -> None:
    answer = client.aql('items.find().include("name")', auth=READER)

    assert answer.status_code == 400
    assert "AQL demands the following fields: repo, path and name." in answer.text
    assert client.rows('items.find({"repo":"docker"}).include("property")', auth=READER)


def test_a_non_admin_gets_nothing_outside_items(client: Client, standin: Standin) -> None:
    standin.publish_build("app", "7", [("docker-local", "team/app", "1.0")])

    assert client.rows('builds.find({"name":"app"})', auth=READER) == []
    assert client.rows('builds.find({"name":"app"})')[0]["build.number"] == "7"


def test_anonymous_may_not_search(client: Client, standin: Standin) -> None:
    assert client.aql("items.find()", auth=None).status_code == 403

    standin.switches.anonymous = True
    standin.add_user("anonymous", permissions=[Permission.of("read")])
    assert client.aql("items.find()", auth=None).status_code == 403


def test_an_error_repeats_the_query_and_what_could_not_be_read(client: Client) -> None:
    answer = client.aql('items.find({"repo":})')

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == (
        'Failed to parse query: items.find({"repo":}), it looks like there is syntax error '
        "near the following sub-query: })"
    )


@pytest.mark.parametrize(("length", "status"), [(6000, 200), (6001, 400)])
def test_a_query_has_at_most_6000_characters(client: Client, length: int, status: int) -> None:
    query = 'items.find({"repo":"docker-local"})'

    assert client.aql(query + " " * (length - len(query))).status_code == status


def test_an_unknown_field_is_an_error(client: Client) -> None:
    assert client.aql('items.find({"colour":"red"})').status_code == 400
    assert client.aql('items.find().include("colour")').status_code == 400


def test_a_key_and_a_value_together_are_about_one_property(client: Client, standin: Standin) -> None:
    standin.push_image("docker-local", "pairs", "1")
    place = {"key.a": "1", "key.b": "2"}
    standin.set_properties("docker-local", "pairs/1/manifest.json", place)

    def found(key: str, value: str) -> bool:
        pair = f'{{"property.key":{{"$eq":"{key}"}}}},{{"property.value":{{"$eq":"{value}"}}}}'
        query = (
            f'items.find({{"$and":[{{"path":"pairs/1"}},{{"$and":[{pair}]}}]}}).include("repo","path","name")'
        )
        return bool(client.rows(query))

    assert (found("key.a", "1"), found("key.b", "2"), found("key.a", "2")) == (True, True, False)


def test_null_is_what_has_no_value(client: Client, standin: Standin) -> None:
    for tag in ("pulled", "left"):
        standin.push_image("docker-local", "nulls", tag)
    client("GET", "api/docker/docker-local/v2/nulls/manifests/pulled")

    def tags(criterion: str) -> list[str]:
        found = f'items.find({{"path":{{"$match":"nulls/*"}},"name":"manifest.json",{criterion}}})'
        return sorted(row["path"] for row in client.rows(f'{found}.include("repo","path","name")'))

    assert tags('"stat.downloads":{"$eq":null}') == ["nulls/left"]
    assert tags('"stat.downloads":{"$ne":null}') == ["nulls/pulled"]
    assert tags('"stat.remote_downloads":null') == ["nulls/left", "nulls/pulled"]
    assert tags('"path":null') == []
