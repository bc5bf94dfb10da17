"""parse∘print for references."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portshift.core.errors import InvalidReference
from portshift.core.references import parse_reference, pin

part = st.from_regex(r"[a-z0-9]{1,6}((\.|_|__|-{1,2})[a-z0-9]{1,4}){0,2}", fullmatch=True)
domain = st.one_of(
    st.from_regex(r"[a-zA-Z0-9]{1,5}(\.[a-zA-Z0-9]{1,5}){1,2}(:[0-9]{1,5})?", fullmatch=True),
    st.sampled_from(["localhost", "docker.io", "index.docker.io", "[::1]:5000", "[fe80::1]", "HOST"]),
)
tag = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}", fullmatch=True)
digest = st.from_regex(r"sha256:[a-f0-9]{64}", fullmatch=True)


@st.composite
def references(draw: st.DrawFn) -> str:
    text = "/".join(draw(st.lists(part, min_size=1, max_size=3)))
    # Without a host in front, a dot in the first segment would make that the host.
    if "." in text.partition("/")[0] or draw(st.booleans()):
        text = f"{draw(domain)}/{text}"
    if draw(st.booleans()):
        text = f"{text}:{draw(tag)}"
    return f"{text}@{draw(digest)}" if draw(st.booleans()) else text


@given(references())
def test_printing_and_parsing_again_gives_the_same(text: str) -> None:
    reference = parse_reference(text)
    assert parse_reference(str(reference)) == reference
    assert (reference.tag is None) != (reference.digest is None)


@given(references(), digest)
def test_pinning_names_the_same_repository_at_that_digest(text: str, pinned: str) -> None:
    reference = parse_reference(pin(text, pinned))
    assert reference.repository == parse_reference(text).repository
    assert reference.digest == (parse_reference(text).digest or pinned)
    assert pin(pin(text, pinned), pinned) == pin(text, pinned)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        reference = parse_reference(text)
    except InvalidReference:
        return
    assert parse_reference(str(reference)) == reference
