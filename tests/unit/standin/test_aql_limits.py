"""AQL under load: parallel queries, pages by date, many paths at once (D aql-performance)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.standin import Standin, build_image
from tests.unit.standin.client import Client

QUERY = 'items.find({"repo":"docker-local"}).include("repo","path","name")'
AQL = "api/search/aql"


@pytest.mark.parametrize("after", [None, "1"])
def test_a_query_that_finds_no_slot_in_time_is_refused(
    client: Client, standin: Standin, after: str | None
) -> None:
    standin.switches.aql_seconds, standin.switches.aql_pending = 0.05, 0.01
    standin.switches.aql_retry_after = after

    answers = client.at_once("POST", AQL, [QUERY] * 5)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[3].headers.get("Retry-After") == after


def test_a_query_waits_for_a_slot(client: Client, standin: Standin) -> None:
    standin.switches.aql_seconds = 0.01

    assert {answer.status_code for answer in client.at_once("POST", AQL, [QUERY] * 7)} == {200}
    assert {answer.status_code for answer in client.at_once("POST", AQL, [QUERY] * 3)} == {200}


def test_a_query_that_takes_too_long_is_given_up(client: Client, standin: Standin) -> None:
    standin.switches.aql_seconds, standin.switches.aql_timeout = 1.0, 0.01

    assert client.aql(QUERY).status_code == 408
    standin.switches.aql_seconds = 0.0
    assert client.aql(QUERY).status_code == 200


@settings(max_examples=60, deadline=None)
@given(
    moments=st.lists(st.integers(0, 4), min_size=1, max_size=12),
    since=st.integers(0, 4),
    descending=st.booleans(),
    limit=st.integers(1, 5),
)
def test_pages_by_date_are_the_whole_list_in_parts(
    moments: list[int], since: int, descending: bool, limit: int
) -> None:
    now = [0.0]
    standin = Standin(clock=lambda: now[0])
    standin.add_repository("docker-local")
    standin.add_repository("other")
    for number, moment in enumerate(moments):
        now[0] = float(moment)
        standin.push_image(("docker-local", "other")[number % 2], f"app{number}", "1")
    client = Client(standin)
    order = "$desc" if descending else "$asc"
    base = (
        f'items.find({{"repo":"docker-local","name":"manifest.json","modified":{{"$gte":"1970-01-01T00:00:0{since}Z"}}}})'
        f'.include("repo","path","name","modified").sort({{"{order}":["modified","path"]}})'
    )

    whole = client.rows(base)
    pages = [client.rows(f"{base}.offset({offset}).limit({limit})") for offset in range(0, 12, limit)]

    assert [row for page in pages for row in page] == whole
    expected = sum(moment >= since for moment in moments[::2])
    assert len(whole) == expected
    assert whole == sorted(whole, key=lambda row: (row["modified"], row["path"]), reverse=descending)


def test_many_paths_are_found_at_once_among_many_tags(client: Client, standin: Standin) -> None:
    image = build_image("app")
    for number in range(300):
        for tag in range(10):
            standin.push_image("docker-local", f"team/app{number}", f"{tag}", image=image)
    paths = ",".join(f'{{"path":"team/app{number}/1"}}' for number in range(150))

    started = time.process_time()
    rows = client.rows(
        f'items.find({{"name":"manifest.json","$or":[{paths}]}}).include("repo","path","name")'
    )
    spent = time.process_time() - started

    assert {row["path"] for row in rows} == {f"team/app{number}/1" for number in range(150)}
    assert spent < 0.5  # a scan of each path over every item takes seconds
