"""YAML events from libyaml (or from pure Python where PyYAML was built without it), and its errors as ours.

libyaml is what Kubernetes' own parser was ported from, so both agree on what is YAML.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any, Protocol

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import Event, StreamEndEvent
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from portshift.core.errors import InvalidManifest

BOM = codecs.BOM_UTF8
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class EventParser(Protocol):
    """What reading needs of a parser: one event after another, or only the check that all is YAML."""

    def get_event(self) -> Event: ...

    def raw_parse(self) -> object: ...


class PureParser(Reader, Scanner, Parser):
    """PyYAML's own parser, about 19 times slower than libyaml (facts: manifests §7)."""

    def __init__(self, data: bytes) -> None:
        Reader.__init__(self, data)
        Scanner.__init__(self)
        Parser.__init__(self)

    def raw_parse(self) -> None:
        parser: EventParser = self
        while not isinstance(parser.get_event(), StreamEndEvent):
            pass


OpenParser = Callable[[bytes], EventParser]
# libyaml's, where PyYAML has it: `yaml.cyaml` is only there then.
open_parser: OpenParser = getattr(yaml, "cyaml").CParser if yaml.__with_libyaml__ else PureParser  # noqa: B009


def checked_encoding(data: bytes) -> None:
    """Refuse what is no UTF-8 before libyaml guesses at it.

    Raises:
        InvalidManifest: UTF-16 or UTF-32, which ``kubectl`` would take but whose bytes cannot be kept.

    """
    if data.startswith(_UTF16) or b"\0" in data[:4]:
        raise InvalidManifest(
            "line 1, column 1: found UTF-16 or binary data, expected UTF-8 text",
            line=1,
            column=1,
            cure="convert it, for example with iconv -f UTF-16 -t UTF-8",
        )


def invalid(error: YAMLError, data: bytes, *, first_line: int = 1) -> InvalidManifest:
    """``error``, raised while parsing ``data`` which begins on ``first_line``, as ours."""
    if isinstance(error, ReaderError):
        before = _before(data, error)
        line = first_line + before.count("\n")
        column = len(before) - before.rfind("\n")
        return fault(f"found {_shown(error)}: {error.reason}", line=line, column=column)
    if isinstance(error, MarkedYAMLError):
        mark: Any = error.problem_mark or error.context_mark
        line, column = (mark.line + first_line, mark.column + 1) if mark else (first_line, 1)
        words = [text for text in (error.problem, error.context) if text]
        return fault(" ".join(words), line=line, column=column)
    return fault(str(error), line=first_line, column=1)


def fault(problem: str, *, line: int, column: int, cure: str | None = None) -> InvalidManifest:
    """An error at a place in the input, both numbers counted from 1."""
    return InvalidManifest(
        f"line {line}, column {column}: {problem}",
        line=line,
        column=column,
        cure=cure or "expected the YAML or JSON that Kubernetes reads",
    )


def _before(data: bytes, error: ReaderError) -> str:
    """The text before the place of a reader's error; only the pure parser counts it in characters."""
    if error.encoding == "unicode":
        return data.decode("utf-8", "replace")[: error.position]
    return data[: error.position].decode("utf-8", "replace")


def _shown(error: ReaderError) -> str:
    character = error.character
    if isinstance(character, int):
        # libyaml has no character to show where a sequence is cut short.
        return f"0x{character:02x}" if character >= 0 else "no UTF-8"
    return repr(character)
