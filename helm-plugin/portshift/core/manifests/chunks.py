"""Cutting a stream into documents without parsing it, and telling which ones hold no image.

A chunk is what stands from one ``---`` to the next. libyaml and Kubernetes' parser take ``---`` at the start
of a line for a document's start wherever it stands (or refuse the stream), so a cut there changes no meaning,
unless directives or line breaks other than LF and CRLF are about: then the whole stream is one chunk.

A chunk is *plain* when these lines prove what its kind is: it starts with a plain key in the first column, so
that every key of its root stands there; the only lines that start with ``kind`` are ``kind: Word``; no other
line starts with what could spell a key differently; it has no merge keys. Anything
else is parsed in full, and a plain chunk tells nothing but its kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_CUT = re.compile(rb"\n---(?=[ \t\r\n]|\Z)")
_LONE_CR = re.compile(rb"\r(?!\n)")
# NEL, LS and PS end a line for libyaml; none of them is a line break in the bytes that the cut looks at.
_OTHER_BREAKS = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")

_PLAIN_HEAD = re.compile(rb"(?:---[ \t]*(?:#[^\n]*)?\r?\n)?(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?=[A-Za-z])")
_KIND_LINE = re.compile(rb"kind: *([A-Za-z0-9]+)[ \t]*\r?(?:\n|\Z)")
_ROOT_KEY = re.compile(rb"\n(?=kind|[\"'?*!&{\[:<|>@`%.])")
_STAR = re.compile(rb"\*[0-9A-Za-z_-]+(?=[\s?:,\]}%@`]|\Z)")
# What may stand before an alias on its line; a star behind a word is part of a text.
_BEFORE_ALIAS = b"\n:-?[,{"
# libyaml's time is quadratic in the depth of flow collections, so many brackets mean a parse with a bound.
_MAX_BRACKETS: Final = 1_000


class Plain(NamedTuple):
    """A plain chunk: the kinds it may have, in most cases one, and whether aliases may be in it."""

    kinds: tuple[str, ...]
    aliases: bool


class Chunk(NamedTuple):
    """Part of the input: ``offset`` is its first byte's, ``line`` its first line's number from 1."""

    offset: int
    line: int
    data: bytes
    cuttable: bool = True

    def plain(self) -> Plain | None:
        """What is certain of a plain chunk; None when it is not plain."""
        return _plain(self.data) if self.cuttable else None


def cut(data: bytes, *, offset: int) -> Iterator[Chunk]:
    """The chunks of ``data``, which starts at byte ``offset`` of the input."""
    start, line = 0, 1
    if _uncuttable(data):
        yield Chunk(offset, 1, data, cuttable=False)
        return
    for match in _CUT.finditer(data):
        end = match.start() + 1
        yield Chunk(offset + start, line, data[start:end])
        line += data.count(b"\n", start, end)
        start = end
    yield Chunk(offset + start, line, data[start:])


def _uncuttable(data: bytes) -> bool:
    return (
        data.startswith(b"%")
        or b"\n%" in data
        or (b"\r" in data and _LONE_CR.search(data) is not None)
        or (not data.isascii() and any(line_break in data for line_break in _OTHER_BREAKS))
    )


def _plain(data: bytes) -> Plain | None:
    head = _PLAIN_HEAD.match(data)
    if head is None or b"<<" in data:
        return None
    kinds: list[str] = []
    position = head.end()
    if data.startswith(b"kind", position) and not _add_kind(kinds, data, position):
        return None
    for match in _ROOT_KEY.finditer(data, position):
        if not _add_kind(kinds, data, match.end()):
            return None
    if data.count(b"[") + data.count(b"{") > _MAX_BRACKETS:
        return None
    return Plain(tuple(kinds), any(_may_be_alias(data, star.start()) for star in _STAR.finditer(data)))


def _add_kind(kinds: list[str], data: bytes, position: int) -> bool:
    line = _KIND_LINE.match(data, position)
    if line is None:
        return False
    kinds.append(line[1].decode("ascii"))
    return True


def _may_be_alias(data: bytes, position: int) -> bool:
    before = data[max(0, position - 100) : position].rstrip(b" \t")[-1:]
    return before in _BEFORE_ALIAS
