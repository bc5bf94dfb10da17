"""Documents as trees of nodes that know where they stand, holding no more than was asked for.

Nodes are kept apart from values: a splice needs places, and values would lose what Kubernetes keeps
(``010``, duplicate keys). Positions are PyYAML's: code points from the start of the parsed text.
"""

from __future__ import annotations

from typing import Any

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Node:
    """A value in a document, from ``start`` to ``end``; both include an anchor or tag before it."""

    __slots__ = ("anchored", "column", "end", "line", "start", "tagged")

    def __init__(self, event: Any) -> None:
        mark = event.start_mark
        self.start: int = mark.index
        self.line: int = mark.line
        self.column: int = mark.column
        self.end: int = event.end_mark.index
        self.anchored = event.anchor is not None
        self.tagged = getattr(event, "tag", None) is not None


class Scalar(Node):
    """A scalar; ``style`` is None when plain, else ``'``, ``"``, ``|`` or ``>``."""

    __slots__ = ("style", "text")

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self.text: str = event.value
        self.style: str | None = event.style or None

    @property
    def null(self) -> bool:
        """Whether YAML reads it as null."""
        return self.style is None and not self.tagged and self.text in _NULLS


class Pair:
    """A key and its value in a mapping, where the value may be written as an alias."""

    __slots__ = ("_alias", "_key", "value")

    def __init__(self, key: Any, value: Node, alias: Any) -> None:
        self._key = key
        self.value = value
        self._alias = alias

    @property
    def key(self) -> Node:
        """Where the key is written."""
        return Node(self._key)

    @property
    def aliased(self) -> bool:
        """Whether the value is written as ``*name``."""
        return self._alias is not None

    @property
    def line(self) -> int:
        """The line the value is written on, from 0."""
        return self.value.line if self._alias is None else int(self._alias.start_mark.line)

    @property
    def span(self) -> tuple[int, int]:
        """Where the value is written."""
        if self._alias is not None:
            return self._alias.start_mark.index, self._alias.end_mark.index
        return self.value.start, self.value.end


class Collection(Node):
    """What a mapping and a sequence have in common."""

    __slots__ = ("flow",)

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self.flow: bool = event.flow_style


class Sequence(Collection):
    """A sequence."""

    __slots__ = ("items",)

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self.items: list[Node] = []


class MappingNode(Collection):
    """A mapping. Of duplicate keys the last counts, as in Kubernetes; merged pairs stand behind its own.

    ``key_events`` are those of its first two keys, kept or not; ``inherited`` names the merged pairs.
    """

    __slots__ = ("inherited", "key_events", "merges", "pairs")

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self.pairs: dict[str, Pair] = {}
        self.merges: list[MappingNode] = []
        self.key_events: list[Any] = []
        self.inherited: set[str] = set()

    def get(self, key: str) -> Node | None:
        """The value of ``key``, or None."""
        pair = self.pairs.get(key)
        return None if pair is None else pair.value

    @property
    def keys(self) -> list[Node]:
        """Where its first two keys are written."""
        return [Node(event) for event in self.key_events]
