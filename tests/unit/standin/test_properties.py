"""Properties in a query string and in JSON: the grammar with its silent drops (facts §2, §6, §8)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standin import OLD, Permission, Standin
from tests.standin.properties import parse_properties
from tests.unit.standin.client import Client

PLACE = "docker-local/team/app/1.0/manifest.json"


@pytest.fixture(autouse=True)
def image(standin: Standin) -> None:
    standin.push_image("docker-local", "team/app", "1.0")


def held(standin: Standin) -> dict[str, list[str]]:
    properties = standin.item("docker-local", "team/app/1.0/manifest.json").properties
    return {key: values for key, values in properties.items() if "docker" not in key and key != "sha256"}


@pytest.mark.parametrize(
    ("text", "properties"),
    [
        ("k=v", {"k": ["v"]}),
        ("k=v1,v2;k2=v3", {"k": ["v1", "v2"], "k2": ["v3"]}),
        ("k=v|k2=v2", {"k": ["v"], "k2": ["v2"]}),
        (r"k=Male\, \| And Female \= Love", {"k": ["Male, | And Female = Love"]}),
        (r"k=a\;b", {"k": ["a;b"]}),
        (r"k=C:\dir", {"k": [r"C:\dir"]}),
        ("k=a=b;k2=v", {"k2": ["v"]}),
        ("k;k2=", {"k": [""], "k2": [""]}),
        (";;k=v;", {"k": ["v"]}),
    ],
)
def test_the_grammar_of_6_20(text: str, properties: dict[str, list[str]]) -> None:
    assert parse_properties(text, empty_values=True) == properties


@given(st.lists(st.text(min_size=1), min_size=1))
def test_escaped_values_are_read_back(values: list[str]) -> None:
    plain = [value.replace("\\", "/") for value in values]
    escaped = [value.translate({ord(c): f"\\{c}" for c in ",=|;"}) for value in plain]

    assert parse_properties("k=" + ",".join(escaped), empty_values=False) == {"k": plain}


def test_put_replaces_the_named_keys_and_keeps_the_others(client: Client, standin: Standin) -> None:
    standin.set_properties("docker-local", "team/app/1.0/manifest.json", {"a": ["1", "2"], "b": "1"})

    answer = client("PUT", f"api/storage/{PLACE}?properties=a=3;c=4")

    assert (answer.status_code, answer.content) == (204, b"")
    assert held(standin) == {"a": ["3"], "b": ["1"], "c": ["4"]}


def test_a_plus_is_a_space_unless_it_is_encoded(client: Client, standin: Standin) -> None:
    client("PUT", f"api/storage/{PLACE}?properties=at=10:00+0300;ok=10:00%2B0300")

    assert held(standin) == {"at": ["10:00 0300"], "ok": ["10:00+0300"]}


def test_a_raw_bar_never_reaches_the_application(client: Client) -> None:
    assert client.raw("PUT", f"/artifactory/api/storage/{PLACE}", "properties=a=b|c=d") == 400


def test_a_bare_key_is_refused_by_newer_versions(client: Client, standin: Standin) -> None:
    answer = client("PUT", f"api/storage/{PLACE}?properties=a")
    assert answer.json()["errors"][0]["message"] == "Properties value cannot be empty."

    standin.switches.version = OLD
    assert client("PUT", f"api/storage/{PLACE}?properties=a").status_code == 204
    assert held(standin) == {"a": [""]}


@pytest.mark.parametrize("key", ["a b", "a/b", "a*", "a(b)", "§", "x" * 256])
def test_some_keys_are_refused(client: Client, key: str) -> None:
    assert client("PUT", f"api/storage/{PLACE}?properties={quote(key, safe='')}=v").status_code == 400
    assert client("PATCH", f"api/metadata/{PLACE}", json={"props": {key: "v"}}).status_code == 400


def test_delete_removes_the_named_keys(client: Client, standin: Standin) -> None:
    standin.set_properties("docker-local", "team/app/1.0/manifest.json", {"a": "1", "b": "1", "c": "1"})

    assert client("DELETE", f"api/storage/{PLACE}?properties=a,b").status_code == 204
    assert held(standin) == {"c": ["1"]}


@pytest.mark.parametrize(("recursive", "reached"), [("", True), ("&recursive=0", False)])
def test_a_folders_properties_reach_everything_below(
    client: Client, standin: Standin, recursive: str, reached: bool
) -> None:
    client("PUT", f"api/storage/docker-local/team?properties=a=1{recursive}")

    assert standin.item("docker-local", "team").properties == {"a": ["1"]}
    assert ("a" in held(standin)) is reached


def test_patch_sets_lists_texts_and_removes_nulls(client: Client, standin: Standin) -> None:
    standin.set_properties("docker-local", "team/app/1.0/manifest.json", {"a": "1", "b": "1"})

    answer = client(
        "PATCH",
        f"api/metadata/{PLACE}?recursiveProperties=0",
        json={"props": {"a": None, "c": ["x,y", "z=1"], "d": "|;"}},
    )

    assert answer.status_code == 204
    assert held(standin) == {"b": ["1"], "c": ["x,y", "z=1"], "d": ["|;"]}


def test_a_long_value_is_cut_without_a_word(client: Client, standin: Standin) -> None:
    answer = client("PATCH", f"api/metadata/{PLACE}", json={"props": {"a": "x" * 2401}})

    assert answer.status_code == 204
    assert held(standin) == {"a": ["x" * 2400]}


@pytest.mark.parametrize("body", [{}, {"props": []}, {"props": {"a": 1}}, {"props": {"a": [1]}}, []])
def test_patch_refuses_other_bodies(client: Client, body: object) -> None:
    assert client("PATCH", f"api/metadata/{PLACE}", json=body).status_code == 400


def test_two_patches_at_once_lose_an_update(client: Client, standin: Standin) -> None:
    standin.switches.metadata_pause = 0.02

    client.at_once("PATCH", f"api/metadata/{PLACE}", [{"props": {"a": "1"}}, {"props": {"b": "1"}}])

    assert len(held(standin)) == 1


def test_nothing_there_and_nothing_set_are_the_same_404_in_6_20(client: Client, standin: Standin) -> None:
    def message(place: str) -> str:
        text: str = client("GET", f"api/storage/{place}?properties").json()["errors"][0]["message"]
        return text

    assert message("docker-local/team") == "No properties could be found."
    assert message("docker-local/none") == "Unable to find item"
    standin.switches.version = OLD
    assert message("docker-local/none") == "No properties could be found."


def test_a_virtual_reads_properties_and_does_not_write_them(client: Client, standin: Standin) -> None:
    through = PLACE.replace("docker-local", "docker")

    read = client("GET", f"api/storage/{through}?properties=docker.manifest").json()
    assert read["properties"] == {"docker.manifest": ["1.0"]}
    assert read["uri"].endswith(f"/api/storage/{through}")
    assert client("PUT", f"api/storage/{through}?properties=a=1").status_code == 404
    assert held(standin) == {}


def test_writing_needs_the_annotate_permission(client: Client, standin: Standin) -> None:
    answer = client("PATCH", f"api/metadata/{PLACE}", auth=("reader", "reads"), json={"props": {"a": "1"}})

    assert answer.status_code == 403
    assert "'reader', You must have annotate permission on this path" in answer.text
    standin.add_user("writer", "w", permissions=[Permission.of("read", "annotate", path="team/**")])
    assert client("PUT", f"api/storage/{PLACE}?properties=a=1", auth=("writer", "w")).status_code == 204


def test_properties_do_not_move_modified(client: Client, standin: Standin) -> None:
    item = standin.item("docker-local", "team/app/1.0/manifest.json")
    item.modified = 1.0

    client("PUT", f"api/storage/{PLACE}?properties=a=1")

    assert (item.modified, item.props_modified) == (1.0, 1_700_000_000.0)
