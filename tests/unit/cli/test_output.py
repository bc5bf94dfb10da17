from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
import yaml

from portshift.cli.output import Column, Listing, printable, shown_time, write_list

LISTING = Listing(
    columns=(
        Column("NAME", lambda item: item["name"]),
        Column("URL", lambda item: item["url"], wide=True),
    ),
    name=lambda item: item["name"],
)
PAGES: list[dict[str, Any]] = [
    {"items": [{"name": "acme", "url": "https://acme"}], "next": None},
    {"items": [{"name": 'a, "quoted"', "url": "u"}], "next": "cursor-2"},
]


def _written(capsys: pytest.CaptureFixture[str], output: str) -> str:
    write_list(PAGES, LISTING, output)
    return capsys.readouterr().out


def test_json_and_yaml_are_one_object_with_items_and_next(capsys: pytest.CaptureFixture[str]) -> None:
    expected = {"items": [*PAGES[0]["items"], *PAGES[1]["items"]], "next": "cursor-2"}
    assert json.loads(_written(capsys, "json")) == expected
    assert yaml.safe_load(_written(capsys, "yaml")) == expected


def test_csv_quotes_what_must_be_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    table = list(csv.reader(io.StringIO(_written(capsys, "csv"))))
    assert table == [["name", "url"], ["acme", "https://acme"], ['a, "quoted"', "u"]]


def test_names_are_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert _written(capsys, "name").splitlines() == ["acme", 'a, "quoted"']


def test_a_table_off_a_terminal_has_plain_columns_and_one_heading(capsys: pytest.CaptureFixture[str]) -> None:
    assert _written(capsys, "table") == 'NAME\nacme\na, "quoted"\n'
    assert _written(capsys, "wide") == 'NAME   URL\nacme   https://acme\na, "quoted"   u\n'


def test_a_cut_list_says_how_to_go_on_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    write_list(PAGES, LISTING, "table")
    assert capsys.readouterr().err == "there is more: --cursor cursor-2\n"


def test_a_name_cannot_steer_the_terminal() -> None:
    assert printable("web\x1b[31m\u202e\n") == "web\\x1b[31m\\u202e\\n"
    assert printable("größe – ok") == "größe – ok"


def test_csv_is_exact_where_a_table_abbreviates(capsys: pytest.CaptureFixture[str]) -> None:
    listing = Listing((Column("ID", lambda item: item["id"][:2], exact=lambda item: item["id"]),), name=str)
    page = [{"items": [{"id": "abcdef"}], "next": None}]
    write_list(page, listing, "csv")
    write_list(page, listing, "table")

    assert capsys.readouterr().out == "id\r\nabcdef\r\nID\nab\n"


def test_an_empty_list_is_told_beside_an_empty_result(capsys: pytest.CaptureFixture[str]) -> None:
    write_list([{"items": [], "next": None}], LISTING, "table")

    assert capsys.readouterr() == ("", "nothing found\n")


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("2026-11-23T19:27:34.123456Z", "2026-11-23T19:27:34Z"),
        ("2026-11-23T19:27:34Z", "2026-11-23T19:27:34Z"),
        (None, "-"),
    ],
)
def test_times_have_whole_seconds(moment: str | None, shown: str) -> None:
    assert shown_time(moment) == shown
