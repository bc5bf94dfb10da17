"""The questions that reading a registry asks, and the answers it does not take at their word."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from portshift.core.errors import Unreachable
from portshift_bridge.outbound.transport import Transport
from portshift_bridge.registries.changes import (
    Repositories,
    at_places,
    changed,
    is_absent,
    listed,
    newest,
    registry_time,
    repositories,
)
from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.session import Session
from tests.fakes.http import Scripted, ScriptedAdapter

BASE = "https://acme.example/artifactory"
READER = Login(LoginKind.PASSWORD, "reader", "reads")
LOCAL = Repositories(local=frozenset({"docker-local"}))
ACME = Registry("acme", BASE)


def asking(*replies: Any) -> tuple[Session, ScriptedAdapter]:
    adapter = ScriptedAdapter(*replies)
    return Session(Transport(BASE, adapter=adapter, sleep=lambda _: None), READER), adapter


def rows(*items: dict[str, Any], **span: Any) -> Scripted:
    return Scripted.json({"results": list(items), "range": {"total": len(items), **span}})


def item(path: str, name: str = "manifest.json", **more: Any) -> dict[str, Any]:
    return {
        "repo": "docker-local",
        "path": path,
        "name": name,
        "sha256": "ab" * 32,
        "modified": "2026-11-23T10:00:00.123Z",
        **more,
    }


def aql_of(request: requests.PreparedRequest) -> str:
    body = request.body
    return body.decode() if isinstance(body, bytes) else str(body)


def test_a_page_of_changes_is_sorted_bounded_and_without_properties() -> None:
    session, adapter = asking(rows(item("app/1")))
    page = changed(session, LOCAL, since=1_790_000_000_123_456, offset=7, under="app")

    assert aql_of(adapter.requests[0]) == (
        'items.find({"$and":[{"$or":[{"repo":"docker-local"}]},'
        '{"$or":[{"name":"manifest.json"},{"name":"list.manifest.json"}]},'
        '{"modified":{"$gte":"2026-09-21T14:13:20.123Z"}},{"path":{"$match":"app/*"}}]})'
        '.include("repo","path","name","sha256","created","modified")'
        '.sort({"$asc":["modified","repo","path","name"]}).offset(7).limit(1000)'
    )
    assert page.times == (page.rows[0].modified,)


def test_what_is_no_manifest_counts_for_the_page_all_the_same() -> None:
    session, _ = asking(rows(item("app/1", sha256=None), item("rootless"), item("app/2")))
    page = listed(session, "docker-local")

    assert [row.path for row in page.rows] == ["app/2"]
    assert len(page.times) == 3
    assert page.last_path == "app/2"


def test_more_repositories_than_a_query_can_name_are_found_by_what_a_manifest_has() -> None:
    session, adapter = asking(rows())
    many = Repositories(local=frozenset(f"docker-team-{number:04}-local" for number in range(400)))
    newest(session, many)

    assert len(aql_of(adapter.requests[0])) < 1_000
    assert '{"@docker.manifest":{"$match":"*"}}' in aql_of(adapter.requests[0])


@pytest.mark.parametrize("length", [10, 500, 2_000])
def test_places_are_asked_in_queries_that_artifactory_takes(length: int) -> None:
    session, adapter = asking(rows())
    paths = {f"team/{number:03}{'x' * length}" for number in range(100)}
    list(at_places(session, "docker-local", paths))

    queries = [aql_of(request) for request in adapter.requests]
    assert all(len(query) <= 6_000 for query in queries)
    assert all(any(path in query for query in queries) for path in paths)


@pytest.mark.parametrize(
    ("header", "read"),
    [
        ("Mon, 23 Nov 2026 10:00:00 GMT", 1_795_428_000_000_000),
        ("yesterday", None),
        (None, None),
    ],
)
def test_the_registrys_clock_is_in_its_answers(header: str | None, read: int | None) -> None:
    session, _ = asking(Scripted(200, b"OK", {} if header is None else {"Date": header}))

    assert registry_time(session) == read


@pytest.mark.parametrize("document", [[], {"errors": []}, [{"type": "LOCAL"}], [7]])
def test_no_repository_at_all_is_a_problem_and_no_empty_registry(document: Any) -> None:
    session, _ = asking(Scripted.json(document))

    with pytest.raises(Unreachable):
        repositories(session, ACME)


def test_repositories_are_watched_under_the_keys_that_items_lie_under() -> None:
    session, _ = asking(
        Scripted.json(
            [
                {"key": "docker-local", "type": "LOCAL"},
                {"key": "docker-hub", "type": "REMOTE"},
                {"key": "docker-shared", "type": "FEDERATED"},
                {"key": "docker", "type": "VIRTUAL"},
            ]
        )
    )

    assert repositories(session, ACME) == Repositories(
        local=frozenset({"docker-local", "docker-shared"}), caches=frozenset({"docker-hub-cache"})
    )


@pytest.mark.parametrize(
    ("configuration", "watched"),
    [
        (
            Scripted.json({"rclass": "virtual", "repositories": ["docker-local", "elsewhere"]}),
            Repositories(local=frozenset({"docker-local"})),
        ),
        (Scripted(403), Repositories(virtual=frozenset({"docker"}))),
    ],
    ids=["members known", "members hidden"],
)
def test_an_included_virtual_stands_for_its_members(configuration: Scripted, watched: Repositories) -> None:
    listing = [{"key": "docker-local", "type": "LOCAL"}, {"key": "docker", "type": "VIRTUAL"}]
    session, _ = asking(Scripted.json(listing), configuration)

    assert repositories(session, Registry("acme", BASE, include=("docker",))) == watched


GONE = Scripted.json({"errors": [{"status": 404, "message": "Unable to find item"}]}, status=404)


@pytest.mark.parametrize(
    ("storage", "docker", "absent"),
    [
        (Scripted.json({"path": "/app/1"}), None, False),
        (Scripted(403), None, False),
        (GONE, Scripted(404), True),
        (GONE, Scripted(200), True),
        (GONE, Scripted(403), False),
        (GONE, Scripted(401), False),
    ],
    ids=["there", "forbidden", "gone", "another file of the tag", "refused", "for another login"],
)
def test_only_what_both_say_is_gone_is_absent(
    storage: Scripted, docker: Scripted | None, absent: bool
) -> None:
    version = Scripted.json({"version": "7.1"})
    session, _ = asking(storage, *([] if docker is None else [docker, version, version]))

    assert is_absent(session, "docker-local", "app/1", "manifest.json", cached=False) == absent


def test_a_cache_is_not_asked_for_an_image_which_it_would_fetch() -> None:
    session, adapter = asking(GONE)

    assert is_absent(session, "docker-hub-cache", "library/nginx/1", "manifest.json", cached=True)
    assert len(adapter.requests) == 1


def test_a_trimmed_answer_is_refused() -> None:
    session, _ = asking(rows(item("app/1"), notification="AQL query reached the search hard limit"))

    with pytest.raises(Unreachable, match="hard limit"):
        listed(session, "docker-local")


def test_names_cannot_break_out_of_a_query() -> None:
    session, adapter = asking(rows())
    list(at_places(session, 'r"}]})', ['a"}}/1']))

    assert json.dumps('a"}}/1') in aql_of(adapter.requests[0])
