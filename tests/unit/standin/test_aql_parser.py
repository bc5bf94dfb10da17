"""The query language: what parses, into what, and what an error points at."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standin.aql_parser import All, AnyOf, Criterion, Query, parse_aql
from tests.standin.aql_tokens import AqlSyntaxError


def test_a_query_with_every_modifier() -> None:
    text = """items . find( {"repo": "docker-local", "size": {"$gt": 10, "$lte": "20"}} )
        .include("repo", "path", "name", "property").sort({"$desc": ["modified", "name"]})
        .offset(5).limit(10).transitive()"""

    assert parse_aql(text) == Query(
        domain="items",
        where=All(
            (
                Criterion("repo", "$eq", "docker-local"),
                All((Criterion("size", "$gt", "10"), Criterion("size", "$lte", "20"))),
            )
        ),
        include=("repo", "path", "name", "property"),
        sort=("modified", "name"),
        descending=True,
        offset=5,
        limit=10,
    )


def test_and_and_or_nest() -> None:
    text = 'items.find({"$or":[{"$and":[{"repo":"a"},{"@k":{"$match":"v*"}}]},{"name":{"$ne":"n"}}]})'

    both = All((Criterion("repo", "$eq", "a"), Criterion("@k", "$match", "v*")))
    assert parse_aql(text).where == AnyOf((both, Criterion("name", "$ne", "n")))


def test_a_name_may_be_repeated_and_each_counts() -> None:
    where = parse_aql('items.find({"@a":"1","@a":"2"})').where

    assert where == All((Criterion("@a", "$eq", "1"), Criterion("@a", "$eq", "2")))


def test_no_criteria_is_everything() -> None:
    assert parse_aql("items.find()").where == All(())
    assert parse_aql("items.find({})").where == All(())


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("", ""),
        ("items", ""),
        ("things.find()", "things.find()"),
        ('items.find({"repo":"a"', ""),
        ('items.find({"repo":"a"}) trailing', "trailing"),
        ('items.find({"repo":{"$like":"a"}})', '"$like":"a"}})'),
        ('items.find({"repo" "a"})', '"a"})'),
        ("items.find({'repo':'a'})", "'repo':'a'})"),
        ('items.find({"$or":[]})', "]})"),
        ('items.find().limit("x")', '"x")'),
        ("items.find().limit(-1)", "-1)"),
        ("items.find().include()", ")"),
        ("items.find().group()", "group()"),
        ('items.find({"a":"\\q"})', '"\\q"})'),
    ],
)
def test_an_error_shows_what_could_not_be_read(text: str, rest: str) -> None:
    with pytest.raises(AqlSyntaxError) as error:
        parse_aql(text)

    assert error.value.rest == rest


def test_nesting_without_end_is_a_syntax_error() -> None:
    with pytest.raises(AqlSyntaxError):
        parse_aql("items.find(" + '{"$and":[' * 5000)


@given(st.text(), st.text())
def test_a_json_quoted_value_is_read_back(field: str, value: str) -> None:
    query = parse_aql(f"items.find({{{json.dumps('@' + field)}:{json.dumps(value)}}})")

    assert query.where == Criterion("@" + field, "$eq", value)


@given(st.text(alphabet='items.find({"$or":[@}])limit,0 \\'))
def test_nothing_but_a_syntax_error_comes_of_rubbish(text: str) -> None:
    with contextlib.suppress(AqlSyntaxError):
        parse_aql(text)
