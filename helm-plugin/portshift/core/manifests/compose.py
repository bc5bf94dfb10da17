"""From events to nodes, one document at a time, keeping only what is wanted.

Most of a manifest is of no interest here, and an event that becomes no node costs little.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Union

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from portshift.core.errors import InvalidManifest
from portshift.core.manifests.events import EventParser, fault
from portshift.core.manifests.nodes import Collection, MappingNode, Node, Pair, Scalar, Sequence

# One level costs two Python frames; what people write stays below fifty.
MAX_DEPTH: Final = 300
# libyaml 0.2.5 takes quadratic time in the depth of flow collections.
MAX_SKIPPED_DEPTH: Final = 1_000
MAX_MERGED_PAIRS: Final = 1_000_000

# What to keep below a node: everything (None), or of a mapping these keys ("*": any other) and what to keep
# of their values; "[]" stands for the items of a sequence.
Wanted = Mapping[str, Union["Wanted", None]]

_LOST_ALIAS = (
    "Helm 4 can leave an alias behind when it splits a kind: List (helm/helm#32203): "
    "write the items of the list without anchors"
)


class TooFewKept(Exception):
    """An alias leads to, or may share, what was not kept: the document has to be composed whole."""


class _Skipped(Node):
    """Stands for an anchored collection that was not kept."""

    __slots__ = ()


@dataclass
class Document:
    """One document: its root, and its collections with inner ones before outer ones.

    Unless it is ``whole``, no alias in it leads to a collection that was kept.
    """

    line: int
    whole: bool
    root: Node | None = None
    collections: list[Collection] = field(default_factory=list)
    anchors: dict[str, Node | None] = field(default_factory=dict)
    nodes: int = 0


class Composer:
    """Reads the documents of one text; ``first_line`` is where in the input the text begins."""

    def __init__(self, parser: EventParser, *, first_line: int = 1) -> None:
        self._next: Any = parser.get_event
        self._first_line = first_line
        self._merged_pairs = 0
        self._document = Document(first_line, whole=True)
        self._watched = True

    def documents(self, wanted: Wanted | None, *, aliases: bool = True) -> Iterator[Document]:
        """Every document of the text; ``aliases`` says whether any may be in what is not kept.

        Raises:
            TooFewKept: ``wanted`` leaves out what an alias needs.
            InvalidManifest: an alias without its anchor; nesting or merging beyond the bounds.
            YAMLError: what the parser cannot read.

        """
        self._watched = aliases and wanted is not None
        while True:
            event: Any = self._next()
            if event.__class__ is DocumentStartEvent:
                begin: Any = event
                line = begin.start_mark.line + self._first_line
                document = self._document = Document(line, whole=wanted is None)
                document.root = self._node(self._next(), wanted, 0)
                yield document
            elif event.__class__ is StreamEndEvent:
                return

    def _node(self, event: Any, wanted: Wanted | None, depth: int) -> Node:
        self._document.nodes += 1
        kind = event.__class__
        if kind is AliasEvent:
            return self._aliased(event)
        if depth > MAX_DEPTH:
            raise self._fault(event, f"found collections nested more than {MAX_DEPTH} deep")
        anchor = event.anchor
        if anchor is not None:
            self._document.anchors[anchor] = None
        node: Node
        if kind is ScalarEvent:
            node = Scalar(event)
        elif kind is MappingStartEvent:
            node = self._mapping(event, wanted, depth)
        else:
            node = self._sequence(event, wanted, depth)
        if anchor is not None:
            self._document.anchors[anchor] = node
        return node

    def _mapping(self, event: Any, wanted: Wanted | None, depth: int) -> MappingNode:  # noqa: C901 - the hot loop
        node = MappingNode(event)
        next_event: Any = self._next
        while True:
            key: Any = next_event()
            if key.__class__ is MappingEndEvent:
                break
            if wanted is None:
                self._pair(node, key, None, depth)
                continue
            inner = wanted.get(key.value, _UNWANTED) if key.__class__ is ScalarEvent else _UNWANTED
            if inner is _UNWANTED:
                inner = wanted.get("*", _UNWANTED)
            if inner is not _UNWANTED:
                self._pair(node, key, inner, depth)
                continue
            if len(node.key_events) < 2:
                node.key_events.append(key)
            if self._watched:
                self._skip_watched(key)
                self._skip_watched(next_event())
                continue
            if key.__class__ is not ScalarEvent:
                self._skip(key)
            value = next_event()
            if value.__class__ is not ScalarEvent:
                self._skip(value)
        end: Any = key
        node.end = end.end_mark.index
        if node.merges:
            self._merge(node)
        self._document.collections.append(node)
        return node

    def _pair(self, node: MappingNode, key: Any, wanted: Wanted | None, depth: int) -> None:
        if len(node.key_events) < 2:
            node.key_events.append(key)
        merges = False
        name: str | None
        if key.__class__ is ScalarEvent and key.anchor is None:
            name = key.value
            merges = name == "<<" and not key.style
        else:
            written = self._node(key, None, depth + 1)
            name = written.text if isinstance(written, Scalar) else None
        event = self._next()
        value = self._node(event, wanted, depth + 1)
        if merges:
            node.merges.extend(self._merge_sources(event, value))
        elif name is not None:
            node.pairs[name] = Pair(key, value, event if event.__class__ is AliasEvent else None)

    def _sequence(self, event: Any, wanted: Wanted | None, depth: int) -> Sequence:
        node = Sequence(event)
        inner = None if wanted is None else wanted.get("[]", _UNWANTED)
        skip = self._skip_watched if self._watched else self._skip
        while True:
            item: Any = self._next()
            if item.__class__ is SequenceEndEvent:
                break
            if inner is _UNWANTED:
                skip(item)
            else:
                node.items.append(self._node(item, inner, depth + 1))
        end: Any = item
        node.end = end.end_mark.index
        self._document.collections.append(node)
        return node

    def _skip_watched(self, event: Any) -> None:
        """Read past a value that may hold anchors and aliases."""
        depth = 0
        anchors = self._document.anchors
        while True:
            kind = event.__class__
            if kind is MappingEndEvent or kind is SequenceEndEvent:
                depth -= 1
            elif kind is AliasEvent:
                if not isinstance(self._target(event), Scalar):
                    raise TooFewKept
            else:
                if event.anchor is not None:
                    anchors[event.anchor] = Scalar(event) if kind is ScalarEvent else _Skipped(event)
                if kind is not ScalarEvent:
                    depth += 1
                    self._check_depth(event, depth)
            if depth == 0:
                return
            event = self._next()

    def _check_depth(self, event: Any, depth: int) -> None:
        if depth > MAX_SKIPPED_DEPTH:
            raise self._fault(event, f"found collections nested more than {MAX_SKIPPED_DEPTH} deep")

    def _skip(self, event: Any) -> None:
        """Read past the value that begins with ``event``."""
        depth = 0
        next_event = self._next
        while True:
            kind = event.__class__
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                depth += 1
                self._check_depth(event, depth)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                depth -= 1
            if depth == 0:
                return
            event = next_event()

    def _aliased(self, event: Any) -> Node:
        node = self._target(event)
        if not self._document.whole and not isinstance(node, Scalar):
            raise TooFewKept
        return node

    def _target(self, event: Any) -> Node:
        name = event.anchor
        if name not in self._document.anchors:
            raise self._fault(event, f"found the alias *{name} without its anchor &{name}", cure=_LOST_ALIAS)
        node = self._document.anchors[name]
        if node is None:
            raise self._fault(event, f"found the alias *{name} inside its own anchor")
        return node

    def _merge_sources(self, event: Any, value: Node) -> list[MappingNode]:
        sources = value.items if isinstance(value, Sequence) else [value]
        mappings = [source for source in sources if isinstance(source, MappingNode)]
        if len(mappings) != len(sources):
            raise self._fault(event, "found a merge key '<<' of something else, expected a mapping")
        return mappings

    def _merge(self, node: MappingNode) -> None:
        for source in node.merges:
            self._merged_pairs += len(source.pairs)
            for name, pair in source.pairs.items():
                if name not in node.pairs:
                    node.pairs[name] = pair
                    node.inherited.add(name)
        if self._merged_pairs > MAX_MERGED_PAIRS:
            raise fault(
                f"found merge keys that copy more than {MAX_MERGED_PAIRS} entries",
                line=node.line + self._first_line,
                column=node.column + 1,
            )

    def _fault(self, event: Any, problem: str, *, cure: str | None = None) -> InvalidManifest:
        mark = event.start_mark
        return fault(problem, line=mark.line + self._first_line, column=mark.column + 1, cure=cure)


_UNWANTED: Final[Wanted] = {}
