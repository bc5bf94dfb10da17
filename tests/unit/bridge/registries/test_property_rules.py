"""What Artifactory keeps, and how a query string says it: known examples and every way to go wrong."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portshift.core.errors import InvalidInput
from portshift_bridge.registries.property_rules import (
    MAX_KEY,
    MAX_VALUE,
    Changes,
    Way,
    check_changes,
    deletions,
    settings,
)
from tests.standin.properties import parse_keys, parse_properties
from tests.standin.switches import CURRENT, OLD

BOTH = pytest.mark.parametrize("way", list(Way))


def said(changes: Changes) -> str:
    """The one line that sets these, as the server decodes it."""
    (line,) = settings(changes, room=7_000)
    return unquote(line)


def test_the_example_of_jfrog_s_java_client() -> None:
    # artifactory-client-java, ItemTests: this is how it writes these values
    assert said({"label": ["Male, | And Female = Love"]}) == r"label=Male\, \| And Female \= Love"


def test_everything_in_the_url_is_percent_encoded() -> None:
    (line,) = settings({"at": ["2026-01-02T03:04:05.000+0300"], "b": ["50%; ü"]}, room=7_000)
    assert line == "at%3D2026-01-02T03%3A04%3A05.000%2B0300%3Bb%3D50%25%5C%3B%20%C3%BC"


def test_several_values_and_keys_keep_their_order() -> None:
    assert said({"b": ["2", "1"], "gone": None, "a": ["3"]}) == "b=2,1;a=3"
    assert [unquote(line) for line in deletions({"b": None, "x": ["1"], "a": None}, room=99)] == ["b,a"]


def test_what_does_not_fit_one_url_takes_several() -> None:
    lines = list(settings({f"k{n}": ["x" * 30] for n in range(10)}, room=100))
    assert [unquote(line).count("=") for line in lines] == [2] * 5
    assert max(map(len, lines)) <= 100


def test_the_values_of_one_key_are_never_parted() -> None:
    with pytest.raises(InvalidInput, match=r"property hosts: found values of 211 characters in a URL.*PATCH"):
        list(settings({"hosts": ["x" * 100, "y" * 100]}, room=200))


@BOTH
@pytest.mark.parametrize("version", [OLD, CURRENT])
def test_values_up_to_the_limit_are_kept(way: Way, version: str) -> None:
    check_changes(
        {"key": ["x" * MAX_VALUE, "a,b|c=d;e", "+ %", '"quoted"', " space "]}, way=way, version=version
    )


@BOTH
@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (["x" * (MAX_VALUE + 1)], "2401 characters, expected at most 2400"),
        (["\N{GRINNING FACE}" * 1_201], "2402 characters"),
        (["a\nb"], r"'\\n' in a value"),
        (["\x00"], r"'\\x00' in a value"),
        (["\ud800"], "half of a character"),
        ([], "found no values"),
        ([""], "found an empty value"),
    ],
)
def test_a_value_that_would_not_be_kept_is_refused(way: Way, values: list[str], problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        check_changes({"key": values}, way=way, version=CURRENT)


@BOTH
def test_version_6_keeps_an_empty_value(way: Way) -> None:
    check_changes({"key": [""]}, way=way, version=OLD)


@pytest.mark.parametrize("value", ["a\\", "a\\,b", "a\\\\b", "\\;"])
def test_a_backslash_that_the_grammar_cannot_say_goes_by_patch_only(value: str) -> None:
    check_changes({"key": [value]}, way=Way.METADATA, version=CURRENT)
    with pytest.raises(InvalidInput, match="write it by PATCH"):
        check_changes({"key": [value]}, way=Way.STORAGE, version=CURRENT)


@BOTH
@pytest.mark.parametrize(
    "key", ["", "k" * (MAX_KEY + 1), *(f"a{c}b" for c in ")(}{][*+^$\\/~`!@#%&<>;=,|±§ \t\x00")]
)
def test_a_key_that_artifactory_forbids_is_refused(way: Way, key: str) -> None:
    with pytest.raises(InvalidInput, match="key"):
        check_changes({key: ["value"]}, way=way, version=CURRENT)


KEYS = st.from_regex(r"[a-z][a-z0-9._:-]{0,20}", fullmatch=True)
VALUES = st.lists(st.text(min_size=1, max_size=12) | st.text(",=|;\\+% ", min_size=1, max_size=6), min_size=1)


@given(st.dictionaries(KEYS, st.none() | VALUES, max_size=6))
def test_what_is_not_refused_is_read_back_as_it_was(changes: dict[str, list[str] | None]) -> None:
    try:
        check_changes(changes, way=Way.STORAGE, version=CURRENT)
    except InvalidInput:
        return
    read: dict[str, list[str]] = {}
    for line in settings(changes, room=7_000):
        read |= parse_properties(unquote(line), empty_values=False)
    assert read == {key: values for key, values in changes.items() if values is not None}
    gone = [key for line in deletions(changes, room=7_000) for key in parse_keys(unquote(line))]
    assert gone == [key for key, values in changes.items() if values is None]
