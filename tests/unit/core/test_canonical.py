from __future__ import annotations

import pytest

from portshift.core.canonical import canonical_json
from portshift.core.errors import InvalidInput


def test_the_form_of_rfc_8785_is_compact_sorted_and_utf8() -> None:
    assert canonical_json({"b": ["é", None], "a": {}}) == '{"a":{},"b":["é",null]}'.encode()


def test_only_what_json_demands_is_escaped() -> None:
    # RFC 8785 §3.2.2.2.
    assert canonical_json('\x08\t\n\x0c\r"\\\x0f/€\x7f') == '"\\b\\t\\n\\f\\r\\"\\\\\\u000f/€\x7f"'.encode()


def test_a_lone_surrogate_has_no_canonical_form() -> None:
    with pytest.raises(InvalidInput, match="lone surrogate"):
        canonical_json(["\ud800"])
