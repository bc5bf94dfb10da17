"""The bytes behind a parser's positions, and the lines they stand in."""

from __future__ import annotations

import re
from typing import Final

_STRIDE: Final = 1024
# What ends a line for libyaml: CRLF, LF, CR, NEL, LS, PS.
_BREAK = re.compile(rb"\r\n|\n|\r|\xc2\x85|\xe2\x80[\xa8\xa9]")
_EXPLICIT_KEY = re.compile(rb"\?[ \t]*\Z")


class Text:
    """One parsed chunk: positions in code points, as PyYAML counts them, and bytes of the input."""

    def __init__(self, data: bytes, *, offset: int, line: int) -> None:
        self.data = data
        self.offset = offset
        self.line = line
        self._marks: list[int] | None = None
        self._decoded = ""

    def byte(self, index: int) -> int:
        """The byte in ``data`` of code point ``index``."""
        if self.data.isascii():
            return index
        if self._marks is None:
            self._decoded = self.data.decode("utf-8")
            self._marks = _strides(self._decoded)
        stride = index // _STRIDE
        return self._marks[stride] + len(self._decoded[stride * _STRIDE : index].encode("utf-8"))

    def line_start(self, index: int, column: int) -> int:
        """The byte where the line of code point ``index`` begins; ``column`` is its column."""
        return self.byte(index - column)

    def line_end(self, position: int) -> tuple[int, bytes]:
        """The byte behind the line of byte ``position``, and the break that ends it (empty at the end)."""
        found = _BREAK.search(self.data, position)
        return (len(self.data), b"") if found is None else (found.end(), found[0])

    def ending_before(self, position: int) -> bytes:
        """The line ending the file uses just before byte ``position``."""
        before = self.data[max(0, position - 2) : position]
        if before.endswith(b"\r\n"):
            return b"\r\n"
        return b"\r" if before.endswith(b"\r") else b"\n"

    def entry_start(self, index: int, column: int) -> tuple[int, int, bool]:
        """Where the entry of a key at code point ``index`` begins.

        Returns byte and column of the key, or of the ``?`` before it, and whether blanks alone precede it.
        """
        start, position = self.line_start(index, column), self.byte(index)
        prefix = self.data[start:position]
        explicit = _EXPLICIT_KEY.search(prefix)
        if explicit is not None:
            position, column = start + explicit.start(), column - (len(prefix) - explicit.start())
            prefix = prefix[: explicit.start()]
        return position, column, not prefix.strip(b" ")


def _strides(text: str) -> list[int]:
    marks = [0]
    for start in range(0, len(text), _STRIDE):
        marks.append(marks[-1] + len(text[start : start + _STRIDE].encode("utf-8")))
    return marks
