from __future__ import annotations

import json

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from portshift.core.canonical import Canonical, canonical_json

TEXT = st.text(st.characters(codec="utf-8"))
# Keys of an identity are our own and ASCII: code point order is UTF-16 order for them.
KEYS = st.text(st.characters(max_codepoint=0x7F), max_size=8)
VALUES: st.SearchStrategy[Canonical] = st.recursive(
    st.none() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_the_form_is_the_one_of_the_rfc8785_package(value: Canonical) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@given(VALUES)
def test_the_form_reads_back_as_the_value(value: Canonical) -> None:
    assert json.loads(canonical_json(value)) == value
