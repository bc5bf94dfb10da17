"""Where a token can be written: the deepest mapping that exists on the way to the annotations."""

from __future__ import annotations

from collections import Counter
from typing import Final

from portshift.core.manifests.compose import Document
from portshift.core.manifests.events import fault
from portshift.core.manifests.model import ANNOTATION, Site
from portshift.core.manifests.nodes import Collection, MappingNode, Node, Pair, Scalar, Sequence
from portshift.core.manifests.text import Text

# What aliases may add to a document without any proportion to its size.
_FREE_EXPANSION: Final = 50_000

SHARED = "its annotations are shared through a YAML anchor with something else"


class Uses:
    """How often each collection of a document occurs in it once aliases and merges are written out.

    Raises:
        InvalidManifest: written out, the document is out of proportion to what it says; Kubernetes' parser
            refuses such aliases too.

    """

    def __init__(self, document: Document) -> None:
        self._counts: Counter[int] | None = _counts(document) if document.whole and document.anchors else None

    def of(self, node: Node) -> int:
        """How many places a change of ``node`` changes."""
        return 1 if self._counts is None else self._counts[id(node)]


def _counts(document: Document) -> Counter[int]:
    counts: Counter[int] = Counter()
    counts[id(document.root)] = 1
    size, bound = 0, 10 * document.nodes + _FREE_EXPANSION
    # Inner collections come first, so that backwards every parent is counted before its children.
    for collection in reversed(document.collections):
        children = _children(collection)
        count = counts[id(collection)]
        size += count * len(children)
        if size > bound:
            raise fault("found aliases that multiply without bounds", line=document.line, column=1)
        for child in children:
            if isinstance(child, Collection):
                counts[id(child)] += count
    return counts


def _children(collection: Collection) -> list[Node]:
    if isinstance(collection, Sequence):
        return collection.items
    if isinstance(collection, MappingNode):
        return [*(pair.value for pair in collection.pairs.values()), *collection.merges]
    return []


def locate(base: Node, path: tuple[str, ...], text: Text, *, step: int) -> Site | str:
    """The site of a token whose annotations are at ``path`` below ``base``, or why there is none."""
    node: Node = base
    pair: Pair | None = None
    holder: MappingNode | None = None
    keys = (*path, ANNOTATION)
    for index, key in enumerate(keys):
        if pair is not None and holder is not None and _replaceable_null(node, pair):
            return _null_site(holder, pair, keys[index:], text, step)
        if not isinstance(node, MappingNode):
            return f"found something else than a mapping at {'.'.join(keys[:index])}"
        if node.flow and not node.tagged and not node.anchored and text.data[text.byte(node.start)] != 0x7B:
            return "its annotations belong into a flow pair without braces"
        found = node.pairs.get(key)
        if found is None:
            key_node = pair.key if pair is not None and not pair.aliased else None
            return Site(text, node, keys[index:], None, key_node, step)
        if isinstance(found.value, Scalar) and key in node.inherited:
            return SHARED
        holder, pair, node = node, found, found.value
    if not isinstance(node, Scalar) or (node.anchored and pair is not None and not pair.aliased):
        return f"found something else than text at {'.'.join(keys)}"
    assert holder is not None  # noqa: S101 - keys is never empty
    return Site(text, holder, (), pair, None, step)


def _replaceable_null(node: Node, pair: Pair) -> bool:
    return isinstance(node, Scalar) and node.null and (pair.aliased or not node.anchored)


def _null_site(holder: MappingNode, pair: Pair, chain: tuple[str, ...], text: Text, step: int) -> Site | str:
    key_end = text.byte(pair.key.end)
    if pair.value.start == pair.value.end and not holder.flow and not _colon_follows(text, key_end):
        return "its annotations belong under a key without a value"
    return Site(text, holder, chain, pair, None, step)


def _colon_follows(text: Text, position: int) -> bool:
    return text.data[position : position + 200].lstrip(b" \t").startswith(b":")


def indentation(root: Node) -> int:
    """How far a document indents a mapping below its key: what its first nested mapping does, else 2."""
    if isinstance(root, MappingNode):
        for pair in root.pairs.values():
            value = pair.value
            if isinstance(value, MappingNode) and not value.flow and not pair.aliased:
                inner = value.keys[0].column - pair.key.column if value.keys else 0
                if inner > 0:
                    return inner
    return 2
