"""Golden manifests: each file of tests/golden/manifests is a case that a person can read.

A case holds ``=== input``, then ``=== output`` (with the tokens ``token-1``, ``token-2``, … by carrier) and
``=== places`` (one line each), or ``=== error``. Above them may stand how the bytes differ from what is
shown: ``bytes: crlf``, ``bom``, ``no-final-newline``; and ``pin`` pins each reference to a digest of zeros.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from portshift.core.errors import InvalidManifest
from portshift.core.kinds import BUILT_IN
from portshift.core.manifests import Manifests, read_manifests, write_manifests
from portshift.core.manifests.events import OpenParser, PureParser, open_parser

CASES = sorted((Path(__file__).parent / "manifests").glob("*.case"))
DIGEST = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Case:
    flags: frozenset[str]
    sections: dict[str, str]

    def data(self, section: str) -> bytes:
        text = self.sections[section]
        if "no-final-newline" in self.flags:
            text = text.removesuffix("\n")
        text = re.sub(r"\\u([0-9A-F]{4})\\", lambda match: chr(int(match[1], 16)), text)
        data = text.replace("\n", "\r\n" if "crlf" in self.flags else "\n").encode()
        return b"\xef\xbb\xbf" + data if "bom" in self.flags else data


def load(path: Path) -> Case:
    head, *rest = re.split(r"^=== (\w+)\n", path.read_text("utf-8"), flags=re.MULTILINE)
    flags = re.search(r"bytes: (.*)", head)
    return Case(
        frozenset(flags[1].split(", ") if flags else ()), dict(zip(rest[::2], rest[1::2], strict=True))
    )


def read(data: bytes, parser: OpenParser = open_parser) -> Manifests:
    return read_manifests(data, kinds=BUILT_IN, namespace="shop", parser=parser)


def write(manifests: Manifests, case: Case) -> bytes:
    tokens = [f"token-{number}" for number, _ in enumerate(manifests.carriers, 1)]
    references = {place.reference for place in manifests.places}
    pinned = {text: text if "@" in text else f"{text}@{DIGEST}" for text in references}
    return write_manifests(manifests, tokens, pinned if "pin" in case.flags else {})


def described(manifests: Manifests) -> str:
    lines = []
    for place in manifests.places:
        subject = f"{place.document}:{place.line} {place.namespace}/{place.kind}/{place.name}"
        outcome = f"-> {place.token}" if place.token else f"!! {place.reason}"
        lines.append(f"{subject} {place.container or '-'} {place.field} = {place.reference} {outcome}\n")
    for number, carrier in enumerate(manifests.carriers, 1):
        images = ", ".join(f"{name}={reference}" for name, reference in carrier.images)
        lines.append(f"token-{number}: {carrier.workload}: {images}\n")
    return "".join(lines)


@pytest.mark.parametrize("parser", [open_parser, PureParser], ids=["libyaml", "pure"])
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_golden(path: Path, parser: OpenParser) -> None:
    case = load(path)
    if "error" in case.sections:
        with pytest.raises(InvalidManifest) as caught:
            read(case.data("input"), parser)
        # The two parsers word their errors differently; they agree on the line.
        line = f"line {caught.value.line},"
        assert line in case.sections["error"]
        if parser is not PureParser:
            assert f"{caught.value}\n" == case.sections["error"]
        return
    manifests = read(case.data("input"), parser)
    assert write(manifests, case).decode() == case.data("output").decode()
    assert described(manifests) == case.sections["places"]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_writing_twice_changes_nothing(path: Path) -> None:
    case = load(path)
    if "output" in case.sections:
        again = read(case.data("output"))
        assert write(again, case) == case.data("output")


def test_every_row_of_the_table_has_a_case() -> None:
    shown = set()
    for path in CASES:
        manifests = load(path)
        if "places" in manifests.sections:
            shown |= {(p.api_version, p.kind) for p in read(manifests.data("input")).places}
    groups = {(version.partition("/")[0] if "/" in version else "", kind) for version, kind in shown}
    assert set(BUILT_IN.by_key) - groups == set()
