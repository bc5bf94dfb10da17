"""Reading manifests: bytes in, places and carriers out."""

from __future__ import annotations

from dataclasses import dataclass, field

from yaml.error import YAMLError

from portshift.core.errors import InvalidManifest
from portshift.core.kinds import Kinds
from portshift.core.manifests.chunks import Chunk, cut
from portshift.core.manifests.compose import Composer, Wanted
from portshift.core.manifests.events import BOM, OpenParser, checked_encoding, fault, invalid, open_parser
from portshift.core.manifests.model import Carrier, Manifests, Place, Rewrite
from portshift.core.manifests.objects import DocumentReader
from portshift.core.manifests.text import Text
from portshift.core.manifests.wanted import WantedByKind


def read_manifests(
    data: bytes, *, kinds: Kinds, namespace: str, parser: OpenParser = open_parser
) -> Manifests:
    """Find every image in ``data``: YAML or JSON documents as Helm, kubectl or kustomize write them.

    ``namespace`` is that of objects which name none. Positions in errors and places count from 1.

    Raises:
        InvalidManifest: ``data`` is no UTF-8 YAML, or bigger when its aliases are written out than any
            manifest is; the message names line and column.

    """
    checked_encoding(data)
    offset = len(BOM) if data.startswith(BOM) else 0
    reading = _Reading(data[offset:], kinds, namespace, parser)
    try:
        for chunk in cut(data[offset:], offset=offset):
            reading.read(chunk)
        parser(b"".join(reading.skipped)).raw_parse()
    except YAMLError as error:
        raise _located(error, data[offset:], parser) from error
    return Manifests(
        data=data,
        places=tuple(reading.places),
        carriers=tuple(reading.carriers),
        rewrites=tuple(reading.rewrites),
        unpinnable=tuple(reading.unpinnable),
    )


def _located(error: YAMLError, data: bytes, parser: OpenParser) -> InvalidManifest:
    """``error`` where it stands in all of ``data``, found by parsing that as one stream."""
    composer = Composer(parser(data))
    try:
        for _ in composer.documents({}):
            pass
    except YAMLError as whole:
        return invalid(whole, data)
    return fault(str(error), line=1, column=1)


@dataclass
class _Reading:
    data: bytes
    kinds: Kinds
    namespace: str
    parser: OpenParser
    number: int = 0
    places: list[Place] = field(default_factory=list)
    carriers: list[Carrier] = field(default_factory=list)
    rewrites: list[Rewrite] = field(default_factory=list)
    unpinnable: list[Place] = field(default_factory=list)
    skipped: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._wanted = WantedByKind(self.kinds)

    def read(self, chunk: Chunk) -> None:
        kinds = chunk.plain_kinds()
        if kinds is not None and not any(kind in self._wanted or kind.endswith("List") for kind in kinds):
            # One document whose kind holds no image: all that is left to ask is whether it is YAML.
            self.number += 1
            self.skipped.append(chunk.data)
            return
        known = kinds is not None and len(kinds) == 1 and kinds[0] in self._wanted
        self._parse(chunk, self._wanted.of(kinds[0]) if known and kinds else None)

    def _parse(self, chunk: Chunk, wanted: Wanted | None) -> None:
        text = Text(chunk.data, offset=chunk.offset, line=chunk.line)
        composer = Composer(self.parser(chunk.data), first_line=chunk.line)
        for document in composer.documents(wanted):
            self.number += 1
            reader = DocumentReader(document, self.number, text, kinds=self.kinds, namespace=self.namespace)
            reader.read()
            self.places += reader.places
            self.carriers += reader.carriers
            self.rewrites += reader.rewrites
            self.unpinnable += reader.unpinnable
