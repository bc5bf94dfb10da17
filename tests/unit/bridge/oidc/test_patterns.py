"""What a pattern of a trust means, and what it cannot be tricked into."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portshift_bridge.oidc.patterns import claim_matches, matches


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("acme/shop", "acme/shop"),
        ("acme/*", "acme/shop"),
        ("acme/shop-*", "acme/shop-web"),
        ("refs/tags/v*", "refs/tags/v1.2"),
        ("refs/heads/release/*", "refs/heads/release/1"),
        ("refs/heads/**", "refs/heads/release/1"),
        ("repo:acme/*:ref:refs/heads/main", "repo:acme/shop:ref:refs/heads/main"),
        ("*", ""),
        ("a*b*c", "abbcbc"),
        ("**c", "a/b:c"),
        ("a**a*a", "a/a/aba"),
    ],
)
def test_a_pattern_matches(pattern: str, value: str) -> None:
    assert matches(pattern, value)


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("acme/shop", "acme/shop-evil"),
        ("acme/shop", "evil/acme/shop"),
        ("acme/shop", "ACME/shop"),
        ("acme/shop", "acme/shop\n"),
        ("acme/*", "acme/shop/../../evil"),
        ("acme/*", "acme-evil/shop"),
        ("*/shop", "evil/acme/shop"),
        ("refs/heads/*", "refs/heads/x/y"),
        ("repo:acme/*:ref:refs/heads/main", "repo:acme/x:environment:ref:refs/heads/main"),
        ("repo:acme/*:ref:refs/heads/main", "repo:acme/x:pull_request:ref:refs/heads/main"),
        ("acme/sh?p", "acme/shop"),
        ("acme/[st]hop", "acme/shop"),
        ("acme.shop", "acme/shop"),
        ("", "x"),
    ],
)
def test_a_pattern_does_not_reach_further_than_it_says(pattern: str, value: str) -> None:
    assert not matches(pattern, value)


@given(st.text(max_size=40))
def test_without_a_star_a_pattern_means_itself_alone(text: str) -> None:
    literal = text.replace("*", "")
    assert matches(literal, literal)
    assert not matches(literal, f"{literal}x")


@given(st.text(alphabet="ab/:*", max_size=8), st.text(alphabet="ab/:", max_size=10))
def test_the_matcher_agrees_with_its_definition(pattern: str, value: str) -> None:
    assert matches(pattern.replace("***", "**"), value) == _slowly(pattern.replace("***", "**"), value)


def _slowly(pattern: str, value: str) -> bool:
    """The definition, by trying everything."""
    if not pattern:
        return not value
    if pattern.startswith("**"):
        return any(_slowly(pattern[2:], value[end:]) for end in range(len(value) + 1))
    if pattern.startswith("*"):
        ends = range(next((i for i, c in enumerate(value) if c in "/:"), len(value)) + 1)
        return any(_slowly(pattern[1:], value[end:]) for end in ends)
    return value[:1] == pattern[0] and _slowly(pattern[1:], value[1:])


def test_no_value_makes_matching_slow() -> None:
    start = time.monotonic()
    assert not matches("*a" * 200 + "b", "a" * 16_000)
    assert not matches("**a" * 160 + "b", "a" * 16_000)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("true", True),
        (True, True),
        (["x", "true"], True),
        ([], False),
        (None, False),
        ({"true": "true"}, False),
        ([["true"]], False),
        (1.0, False),
        (False, False),
    ],
)
def test_claims_of_every_kind(found: Any, expected: bool) -> None:
    assert claim_matches(("true",), found) == expected


def test_a_number_is_compared_by_its_digits() -> None:
    assert claim_matches(("42",), 42)
    assert not claim_matches(("42",), 420)
