"""What reading manifests gives: image places and the spots that take a token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from portshift.core.identity import Workload
from portshift.core.manifests.nodes import MappingNode, Node, Pair, Scalar
from portshift.core.manifests.text import Text

ANNOTATION = "portshift.io/identity"


class Place(NamedTuple):
    """One image reference and where it stands.

    ``document`` counts every YAML document of the input from 1, empty ones too; ``line`` counts from 1.
    ``field`` is the path of the image and ``token`` that of the annotations which carry its token, both with
    ``items[n].`` before them in a list; where several do, ``token`` joins them with ", ". ``token`` is None
    with a ``reason``. ``container`` is its name, ``volume/<name>`` for an image volume, or None.
    """

    document: int
    line: int
    api_version: str
    kind: str
    name: str
    namespace: str
    container: str | None
    field: str
    reference: str
    token: str | None = None
    reason: str | None = None

    def to_json(self) -> dict[str, str | int | None]:
        """The fields of ``images -o json``, as DESIGN §4.1 lists them."""
        return {
            "document": self.document,
            "line": self.line,
            "apiVersion": self.api_version,
            "kind": self.kind,
            "name": self.name,
            "namespace": self.namespace,
            "container": self.container,
            "field": self.field,
            "reference": self.reference,
            "token": self.token,
            "reason": self.reason,
        }


class Site(NamedTuple):
    """Where a token is written: below ``chain``, the keys that ``mapping`` still lacks.

    With ``pair``, its value is what gives way: a null, or with an empty chain the token that stands there.
    ``key`` is the key before ``mapping``, where it is written there; ``step`` is how far the file
    indents.
    """

    text: Text
    mapping: MappingNode
    chain: tuple[str, ...]
    pair: Pair | None
    key: Node | None
    step: int


class Rewrite(NamedTuple):
    """A reference that pinning may replace, where it is written."""

    reference: str
    text: Text
    pair: Pair


@dataclass(frozen=True)
class Carrier:
    """One spot that takes a token: ``images`` are the names and references that the token has to list."""

    workload: Workload
    images: tuple[tuple[str, str], ...]
    site: Site = field(repr=False, compare=False)

    @property
    def token(self) -> str | None:
        """The token that stands there already."""
        pair = self.site.pair
        if self.site.chain or pair is None or not isinstance(pair.value, Scalar):
            return None
        return pair.value.text or None


@dataclass(frozen=True)
class Manifests:
    """Manifests that were read: their bytes, every image place and every spot that takes a token."""

    data: bytes = field(repr=False)
    places: tuple[Place, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    rewrites: tuple[Rewrite, ...] = field(default=(), repr=False)
    unpinnable: tuple[Place, ...] = ()
