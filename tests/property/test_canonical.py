from __future__ import annotations

import hashlib
import json

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from portshift.core.canonical import Canonical, canonical_json
from portshift.core.identity import PlannedImage, identity_id

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


@given(TEXT, TEXT, st.lists(st.tuples(TEXT, TEXT, st.none() | TEXT.filter(bool)), max_size=3))
def test_the_id_is_the_hash_of_the_form(
    path: str, audience: str, images: list[tuple[str, str, str | None]]
) -> None:
    planned = [
        {"name": name, "reference": reference, "digest": digest}
        for name, reference, digest in sorted(images, key=lambda image: (*image[:2], image[2] or ""))
    ]
    form = rfc8785.dumps({"workload": path, "audience": audience, "images": planned})
    found = identity_id(path=path, audience=audience, images=tuple(PlannedImage(*image) for image in images))
    assert found == hashlib.sha256(form).hexdigest()
