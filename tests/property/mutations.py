"""Manifests with damage in them, and what must hold of reading and writing them all the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import yaml

from portshift.core.errors import InvalidManifest
from portshift.core.kinds import BUILT_IN
from portshift.core.manifests import ANNOTATION, Manifests, read_manifests, write_manifests
from portshift.core.manifests.events import OpenParser, PureParser, open_parser

# What the golden cases read, by the case's name.
INPUTS = {
    path.stem: path.read_text("utf-8").split("=== input\n")[1].split("=== ")[0].encode()
    for path in sorted((Path(__file__).parents[1] / "golden" / "manifests").glob("*.case"))
}
PARSERS: dict[str, OpenParser] = {"libyaml": open_parser, "pure Python": PureParser}
_NOTHING = (None, "", "~", "null", "Null", "NULL")
_STRUCTURE = [text.encode() for text in ":-?&*{}[]#|>'\"%@!,~ \t\n\r\0\ufeff\u2028"]


def mutated(data: bytes, random: Random) -> bytes:
    """``data`` with one to four faults in it, each at a random place."""
    for _ in range(random.randint(1, 4)):
        data = random.choice(_MUTATIONS)(data, random)
    return data


def _bit_flipped(data: bytes, random: Random) -> bytes:
    if not data:
        return data
    place = random.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << random.randrange(8)]) + data[place + 1 :]


def _character_put_in(data: bytes, random: Random) -> bytes:
    place = random.randint(0, len(data))
    return data[:place] + random.choice(_STRUCTURE) + data[place:]


def _truncated(data: bytes, random: Random) -> bytes:
    return data[: random.randint(0, len(data))]


def _line_deleted(data: bytes, random: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if lines:
        del lines[random.randrange(len(lines))]
    return b"".join(lines)


def _line_repeated(data: bytes, random: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if lines:
        lines.insert(random.randint(0, len(lines)), random.choice(lines))
    return b"".join(lines)


def _line_indented(data: bytes, random: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if lines:
        number = random.randrange(len(lines))
        lines[number] = random.choice([b" ", b"  "]) + lines[number]
    return b"".join(lines)


_MUTATIONS: list[Callable[[bytes, Random], bytes]] = [
    _bit_flipped,
    _character_put_in,
    _truncated,
    _line_deleted,
    _line_repeated,
    _line_indented,
]


def check(data: bytes, parser: OpenParser) -> bool:
    """Assert that ``data`` is refused as InvalidManifest, or gets its tokens and nothing else: True."""
    try:
        manifests = _read(data, parser)
    except InvalidManifest:
        return False
    tokens = [f"token-{number}" for number, _ in enumerate(manifests.carriers)]
    written = write_manifests(manifests, tokens)
    again = _read(written, parser)
    assert [(c.workload, c.images) for c in again.carriers] == [
        (c.workload, c.images) for c in manifests.carriers
    ]
    assert write_manifests(again, tokens) == written
    assert _same(_documents(data, parser), _documents(written, parser))
    return True


def _read(data: bytes, parser: OpenParser) -> Manifests:
    return read_manifests(data, kinds=BUILT_IN, namespace="shop", parser=parser)


class _Loader(yaml.CSafeLoader):
    """Keeps every scalar as it is written."""


class _PureLoader(yaml.SafeLoader):
    """The same, in pure Python."""


_LOADERS: list[Any] = [_Loader, _PureLoader]
for each in _LOADERS:
    each.yaml_implicit_resolvers = {"<": yaml.SafeLoader.yaml_implicit_resolvers["<"]}


def _documents(data: bytes, parser: OpenParser) -> list[Any]:
    """Every document; none where PyYAML refuses what Kubernetes takes, such as one anchor twice."""
    try:
        return list(yaml.load_all(data, _PureLoader if parser is PureParser else _Loader))
    except (yaml.composer.ComposerError, yaml.constructor.ConstructorError):
        return []


def _same(before: Any, after: Any) -> bool:
    """Whether ``after`` is ``before`` but for our annotation and the mappings that were made to hold it."""
    if isinstance(after, dict) and (isinstance(before, dict) or before in _NOTHING):
        old = before if isinstance(before, dict) else {}
        return all(_same(old.get(key), after.get(key)) for key in {*old, *after} - {ANNOTATION})
    if isinstance(after, list) and isinstance(before, list):
        return len(before) == len(after) and all(map(_same, before, after))
    return bool(before == after)
