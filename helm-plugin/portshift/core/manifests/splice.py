"""Writing tokens and pinned references into manifests without changing another byte.

A token becomes a line of its own with the file's indentation and line ending, put right below the key of the
mapping it goes into: libyaml's end of a block mapping swallows the comments behind it. Flow mappings and JSON
get it inside their braces; a null gives way to a mapping.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Union

from portshift.core.manifests.model import Manifests, Rewrite, Site
from portshift.core.manifests.nodes import MappingNode, Node, Scalar
from portshift.core.manifests.text import Text

# Keys that a mapping lacks, down to the annotation and its token.
_Entries = dict[str, Union[str, "_Entries"]]


class _Edit(NamedTuple):
    start: int
    end: int
    new: bytes


class _Addition(NamedTuple):
    site: Site
    entries: _Entries


def write_manifests(
    manifests: Manifests, tokens: Sequence[str | None], pinned: Mapping[str, str] | None = None
) -> bytes:
    """The manifests with ``tokens`` in them, one for each carrier; None leaves a carrier as it is.

    ``pinned`` maps references as written to what replaces them; what ``unpinnable`` names stays.

    Raises:
        ValueError: there are not as many tokens as carriers.

    """
    edits = [
        _replaced(rewrite, pinned[rewrite.reference])
        for rewrite in manifests.rewrites
        if pinned and pinned.get(rewrite.reference, rewrite.reference) != rewrite.reference
    ]
    additions: dict[tuple[int, int], _Addition] = {}
    for carrier, token in zip(manifests.carriers, tokens, strict=True):
        site = carrier.site
        if token is None:
            continue
        if not site.chain:
            edits += _token_replaced(site, token)
            continue
        added = additions.setdefault((id(site.mapping), id(site.pair)), _Addition(site, {}))
        _put(added.entries, site.chain, token)
    edits += [_added(addition) for addition in additions.values()]
    return _spliced(manifests.data, edits)


def _put(entries: _Entries, chain: tuple[str, ...], token: str) -> None:
    for key in chain[:-1]:
        inner = entries.setdefault(key, {})
        assert isinstance(inner, dict)  # noqa: S101 - only the annotation itself holds a token
        entries = inner
    entries[chain[-1]] = token


def _spliced(data: bytes, edits: list[_Edit]) -> bytes:
    pieces: list[bytes] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        pieces += (data[position : edit.start], edit.new)
        position = edit.end
    return b"".join((*pieces, data[position:]))


def _added(addition: _Addition) -> _Edit:
    site, entries = addition.site, addition.entries
    if site.pair is not None:
        return _null_replaced(site, entries)
    if site.mapping.flow:
        return _flow_added(site, entries)
    return _block_added(site, entries)


def _null_replaced(site: Site, entries: _Entries) -> _Edit:
    """A null's place taken by a mapping: below the key where nothing is written, else in flow style."""
    text, pair = site.text, site.pair
    assert pair is not None  # noqa: S101 - only a site with a null comes here
    start, end = (text.byte(index) for index in pair.span)
    key_end = text.byte(pair.key.end)
    if start != end:
        return _edit(text, start, end, _flow(entries))
    if site.mapping.flow:
        colon = text.data.find(b":", key_end, start)
        if colon < 0:
            return _edit(text, key_end, key_end, b": " + _flow(entries))
        return _edit(text, colon + 1, colon + 1, b" " + _flow(entries))
    position, ending = text.line_end(key_end)
    before = text.ending_before(text.line_start(pair.key.start, pair.key.column))
    lines = _block(entries, pair.key.column + site.step, site.step, ending or before)
    if not ending:
        lines = before + lines.rstrip(b"\r\n")
    return _edit(text, position, position, lines)


def _flow_added(site: Site, entries: _Entries) -> _Edit:
    text, mapping = site.text, site.mapping
    inner = _flow(entries)[1:-1]
    if not mapping.keys:
        position = text.byte(mapping.end) - 1
        return _edit(text, position, position, inner)
    first = mapping.keys[0]
    position, column, alone = text.entry_start(first.start, first.column)
    if alone and column:
        start = position - column
        return _edit(text, start, start, b" " * column + inner + b"," + text.ending_before(start))
    return _edit(text, position, position, inner + b", ")


def _block_added(site: Site, entries: _Entries) -> _Edit:
    text, mapping = site.text, site.mapping
    key = site.key
    first = mapping.keys[0]
    position, column, alone = text.entry_start(first.start, first.column)
    step = column - key.column if key is not None and column > key.column else site.step
    if alone and key is not None and _below(text, key, mapping, first):
        position, _ = text.line_end(text.byte(key.end))
    elif alone:
        position -= column
    else:
        return _compact_added(site, entries, step)
    lines = _block(entries, column, step, text.ending_before(position))
    return _edit(text, position, position, lines)


def _below(text: Text, key: Node, mapping: MappingNode, first: Node) -> bool:
    """Whether the line after the key's is inside the mapping."""
    plain = not mapping.anchored and not mapping.tagged and first.line > key.line
    return plain and text.data[text.byte(key.end) :][:100].lstrip(b" ").startswith(b":")


def _compact_added(site: Site, entries: _Entries, step: int) -> _Edit:
    """Into a mapping that begins on the line of ``- `` or of an explicit key's ``: ``."""
    text, keys = site.text, site.mapping.keys
    for key in keys[1:]:
        position, column, alone = text.entry_start(key.start, key.column)
        if alone:
            position -= column
            lines = _block(entries, column, step, text.ending_before(position))
            return _edit(text, position, position, lines)
    position, column, _ = text.entry_start(keys[0].start, keys[0].column)
    _, ending = text.line_end(position)
    lines = _block(entries, column, step, ending or b"\n")
    return _edit(text, position, position, lines.lstrip(b" ") + b" " * column)


def _token_replaced(site: Site, token: str) -> list[_Edit]:
    text, pair = site.text, site.pair
    assert pair is not None  # noqa: S101 - an empty chain means that a token stands there
    if isinstance(pair.value, Scalar) and pair.value.text == token and not pair.value.null:
        return []
    start, end = (text.byte(index) for index in pair.span)
    new = _quoted(token) if start != end else b" " + _quoted(token)
    return [_edit(text, start, end, new + _tail(text.data[start:end]))]


def _replaced(rewrite: Rewrite, reference: str) -> _Edit:
    """A reference as it was quoted; a block scalar becomes a quoted one."""
    text, value = rewrite.text, rewrite.pair.value
    start, end = (text.byte(index) for index in rewrite.pair.span)
    style = value.style if isinstance(value, Scalar) and not rewrite.pair.aliased else '"'
    if style is None:
        new = reference.encode()
    else:
        new = b"'" + reference.encode() + b"'" if style == "'" else _quoted(reference)
    return _edit(text, start, end, new + _tail(text.data[start:end]))


def _tail(written: bytes) -> bytes:
    """The line breaks at the end of a block scalar, which are no part of what replaces it."""
    return written[len(written.rstrip()) :]


def _edit(text: Text, start: int, end: int, new: bytes) -> _Edit:
    return _Edit(text.offset + start, text.offset + end, new)


def _block(entries: _Entries, column: int, step: int, ending: bytes) -> bytes:
    lines = []
    for key, value in entries.items():
        head = b" " * column + key.encode() + b":"
        if isinstance(value, str):
            lines.append(head + b" " + _quoted(value) + ending)
        else:
            lines += [head + ending, _block(value, column + step, step, ending)]
    return b"".join(lines)


def _flow(entries: Mapping[str, Any]) -> bytes:
    return json.dumps(entries).encode("ascii")


def _quoted(text: str) -> bytes:
    return json.dumps(text).encode("ascii")
