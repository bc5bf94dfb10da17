"""Reading manifests: bytes in, places and carriers out."""

from __future__ import annotations

from dataclasses import dataclass, field

from yaml.error import YAMLError

from portshift.core.errors import InvalidManifest
from portshift.core.kinds import Kinds
from portshift.core.manifests.chunks import Chunk, cut
from portshift.core.manifests.compose import Composer, Document, TooFewKept, Wanted
from portshift.core.manifests.events import BOM, OpenParser, checked_encoding, fault, invalid, open_parser
from portshift.core.manifests.images import names_images_outside
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
    try:
        for _ in Composer(parser(data)).documents({}, aliases=False):
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
        plain = chunk.plain()
        if plain is None or any(kind.endswith("List") for kind in plain.kinds):
            self._parse(chunk, None, aliases=True)
        elif not any(kind in self._wanted for kind in plain.kinds):
            self._check(chunk, aliases=plain.aliases)
        elif len(plain.kinds) == 1:
            wanted = self._wanted.of(plain.kinds[0], outside=names_images_outside(chunk.data))
            self._parse(chunk, wanted, aliases=plain.aliases)
        else:
            self._parse(chunk, None, aliases=True)

    def _check(self, chunk: Chunk, *, aliases: bool) -> None:
        """One document whose kind holds no image: all that is left to ask is whether it is YAML."""
        if aliases:
            self._parse(chunk, {}, aliases=True)
        else:
            self.number += 1
            self.skipped.append(chunk.data)

    def _parse(self, chunk: Chunk, wanted: Wanted | None, *, aliases: bool) -> None:
        text = Text(chunk.data, offset=chunk.offset, line=chunk.line)
        composer = Composer(self.parser(chunk.data), first_line=chunk.line)
        try:
            for document in composer.documents(wanted, aliases=aliases):
                self.number += 1
                self._collect(document, text)
        except TooFewKept:
            self._parse(chunk, None, aliases=True)

    def _collect(self, document: Document, text: Text) -> None:
        reader = DocumentReader(document, self.number, text, kinds=self.kinds, namespace=self.namespace)
        reader.read()
        self.places += reader.places
        self.carriers += reader.carriers
        self.rewrites += reader.rewrites
        self.unpinnable += reader.unpinnable
