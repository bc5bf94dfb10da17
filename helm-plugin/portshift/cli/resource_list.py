"""The function configuration of a kustomize ResourceList (KRM functions specification v1)."""

from __future__ import annotations

from yaml import YAMLError

from portshift.cli.discovery import Said
from portshift.core.errors import InvalidInput, InvalidManifest
from portshift.core.manifests.compose import Composer, TooFewKept, Wanted
from portshift.core.manifests.events import open_parser
from portshift.core.manifests.nodes import MappingNode, Node, Pair, Scalar

_KNOWN = ("release", "namespace", "intent", "cluster", "environment")
_WANTED: Wanted = {"kind": None, "functionConfig": {"data": None}}


def function_configuration(data: bytes) -> Said:
    """What ``functionConfig.data`` says: release, namespace, intent, cluster and environment, each optional.

    Input that is no ResourceList says nothing, and neither does input that does not parse: reading the
    manifests reports that with line and column.

    Raises:
        InvalidInput: a value is no text, or a key is unknown.

    """
    try:
        root = _first_document(data)
    except (YAMLError, InvalidManifest):
        return Said()
    if not isinstance(root, MappingNode) or _text_of(root.get("kind")) != "ResourceList":
        return Said()
    return Said(**{name: _text(name, pair.value) for name, pair in _data(root).items()})


def _first_document(data: bytes) -> Node | None:
    """Its root, within the bounds on depth and aliases that hold for all manifests."""
    for wanted in (_WANTED, None):
        try:
            return next((document.root for document in Composer(open_parser(data)).documents(wanted)), None)
        except TooFewKept:
            continue
    return None


def _data(root: MappingNode) -> dict[str, Pair]:
    configuration = root.get("functionConfig")
    values = configuration.get("data") if isinstance(configuration, MappingNode) else None
    return values.pairs if isinstance(values, MappingNode) else {}


def _text(name: str, value: Node) -> str | None:
    if name not in _KNOWN:
        raise InvalidInput(f"functionConfig.data: unknown key {name!r}, expected {', '.join(_KNOWN)}")
    if not isinstance(value, Scalar):
        raise InvalidInput(f"functionConfig.data.{name}: found a collection, expected text")
    return _text_of(value)


def _text_of(value: Node | None) -> str | None:
    return value.text if isinstance(value, Scalar) and not value.null else None
