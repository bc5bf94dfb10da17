"""Manifests that are broken, hostile or odd: refused with line and column, in bounded time."""

from __future__ import annotations

import time

import pytest

from portshift.core.errors import InvalidManifest
from portshift.core.kinds import BUILT_IN, parse_kinds
from portshift.core.manifests import Manifests, read_manifests, write_manifests
from portshift.core.manifests.events import OpenParser, PureParser, open_parser

POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: a\n    image: b\n"


def read(data: bytes, parser: OpenParser = open_parser) -> Manifests:
    return read_manifests(data, kinds=BUILT_IN, namespace="shop", parser=parser)


def fault(data: bytes, parser: OpenParser = open_parser) -> InvalidManifest:
    with pytest.raises(InvalidManifest) as caught:
        read(data, parser)
    return caught.value


@pytest.mark.parametrize("parser", [open_parser, PureParser], ids=["libyaml", "pure"])
@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"a: b\nc: d: e\n", 2, 5),
        (b"a: b\nc: \xff\n", 2, 4),
        ("é: b\nä: ö\0\n".encode(), 2, 5),
        (b"kind: Secret\n---\nkind: Pod\n\x07", 4, 1),
        (b"\xff\xfea\0:\0 \0b\0", 1, 1),
        (b"\0\1\2\3", 1, 1),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_place(
    data: bytes, line: int, column: int, parser: OpenParser
) -> None:
    error = fault(data, parser)
    assert (error.line, error.column) == (line, column)
    assert f"line {line}, column {column}: " in str(error)
    assert error.cure


def test_an_empty_stream_has_no_documents_and_stays_empty() -> None:
    assert write_manifests(read(b""), []) == b""
    assert write_manifests(read(b"\n# only a comment\n"), []) == b"\n# only a comment\n"


BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}*a{n - 1}]\n" for n in range(1, 12))
LISTS = "i0: &i0 [{kind: Pod}]\n" + "".join(
    f"i{n}: &i{n} [{', '.join([f'{{kind: List, items: *i{n - 1}}}'] * 10)}]\n" for n in range(1, 9)
)
CONTAINERS = "c: &c [" + "{image: x}, " * 300 + "]\n"
REPLICAS = (
    "t: &t {template: {spec: {containers: *c}}}\n" + "w: &w {" + "".join(f"r{n}: *t, " for n in range(300))
)


@pytest.mark.parametrize(
    "text",
    [
        f"{LISTS}apiVersion: v1\nkind: List\nitems: *i8\n",
        f"{CONTAINERS}{REPLICAS}}}\napiVersion: kubeflow.org/v1\nkind: MPIJob\n"
        "spec: {mpiReplicaSpecs: *w}\n",
        f"{BOMB}{POD}",
        "a: " + "[" * 5_000,
        "a: " + "{a: " * 5_000,
        "kind: Pod\na:\n" + "".join(" " * n + "- \n" for n in range(1, 2)) + "spec: " + "[" * 5_000,
        "b0: &b0 {k: v}\n"
        + "".join(f"b{n}: &b{n} {{<<: [*b{n - 1}, *b{n - 1}], k{n}: v}}\n" for n in range(1, 1500)),
    ],
    ids=["lists", "containers", "laughs", "brackets", "braces", "wanted", "merges"],
)
def test_bombs_are_refused_in_bounded_time(text: str) -> None:
    began = time.monotonic()
    fault(text.encode())
    assert time.monotonic() - began < 5


def test_a_long_input_is_read_in_bounded_time() -> None:
    began = time.monotonic()
    fault(b"\x80" * 20_000_000)
    fault(b"a" * 20_000_000 + b": b: c")
    assert time.monotonic() - began < 10


def test_a_token_for_each_carrier_is_asked_for() -> None:
    with pytest.raises(ValueError, match="argument"):
        write_manifests(read(POD.encode()), [])
    assert write_manifests(read(POD.encode()), [None]) == POD.encode()


def test_what_cannot_be_pinned_is_named() -> None:
    text = POD.replace("image: b", "image: &i b") + "  - {name: c, image: *i}\n"
    manifests = read(text.encode())
    assert [place.container for place in manifests.unpinnable] == ["a"]
    assert b'image: "b@x"}' in write_manifests(manifests, [None], {"b": "b@x"})


def test_cluster_scoped_objects_have_no_namespace() -> None:
    kinds = parse_kinds(
        {
            "kinds": [
                {"group": "x.io", "kinds": ["Wide"], "templates": ["spec"], "clusterScoped": True},
                {"group": "x.io", "kinds": ["Narrow"], "templates": ["spec"]},
            ]
        }
    )
    text = "".join(
        f"---\napiVersion: x.io/v1\nkind: {kind}\nmetadata: {{name: n}}\n"
        "spec: {spec: {containers: [{image: i}]}}\n"
        for kind in ("Wide", "Narrow")
    )
    carriers = read_manifests(text.encode(), kinds=kinds, namespace="shop").carriers
    assert [carrier.workload.namespace for carrier in carriers] == ["", "shop"]
