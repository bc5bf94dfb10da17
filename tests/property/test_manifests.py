"""A splice adds annotation lines and changes nothing else, however the manifest is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from portshift.core.errors import InvalidManifest
from portshift.core.kinds import BUILT_IN
from portshift.core.manifests import ANNOTATION, read_manifests, write_manifests
from portshift.core.manifests.events import PureParser

names = st.sampled_from(["web", "'web'", '"we\\x62"', "wéb", "&n web", "!!str web"])
images = st.sampled_from(
    ["nginx:1", "'a.b/c:1'", '"redis"', ">-\n{}  folded:1", "&i x/y", "'[::1]/x'", "$IMAGE"]
)
comments = st.sampled_from(["", "", " # c", " # größe 🐳"])
holders = st.sampled_from(
    [
        "",
        "metadata:{c}\n{i}labels:\n{i}{i}a: b\n",
        "metadata:{c}\n{i}annotations:{c}\n{i}{i}a: b{c}\n{i}{i}# end\n",
        "metadata:\n{i}annotations: {{}}{c}\n",
        "metadata:\n{i}annotations:{c}\n{i}labels: {{}}\n",
        "metadata: {{}}{c}\n",
        "metadata:{c}\n",
        "metadata: {{annotations: {{a: b}}, labels: {{}}}}{c}\n",
        "metadata:\n{i}annotations: ~{c}\n",
        "metadata: &m\n{i}labels: {{x: y}}\n",
        "metadata:\n{i}<<: {{labels: {{a: b}}}}\n",
    ]
)


@dataclass(frozen=True)
class Layout:
    indent: str
    indentless: bool
    newline: str


layouts = st.builds(
    Layout, st.sampled_from(["  ", "    ", " "]), st.booleans(), st.sampled_from(["\n", "\r\n"])
)


def shifted(text: str, by: str) -> str:
    return "".join(by + line for line in text.splitlines(keepends=True))


@st.composite
def documents(draw: st.DrawFn, layout: Layout) -> str:
    i, c = layout.indent, draw(comments)
    kind, api = draw(st.sampled_from([("Deployment", "apps/v1"), ("Job", "batch/v1"), ("Secret", "v1")]))
    containers = ""
    for number in range(draw(st.integers(1, 3))):
        image = draw(images).replace("{}", i).replace("&i", f"&i{number}")
        containers += f"- name: c{number}{draw(comments)}\n  image: {image}\n"
    spec = f"containers:{c}\n" + shifted(containers, "" if layout.indentless else i)
    template = [draw(holders).format(i=i, c=c), "spec:\n" + shifted(spec, i)]
    if draw(st.booleans()):
        template.reverse()
    body = f"spec:\n{i}template:{c}\n" + shifted("".join(template), i + i)
    parts = [f"apiVersion: {api}\n", f"kind: {kind}\n", f"metadata:\n{i}name: {draw(names)}\n", body]
    return "".join(draw(st.permutations(parts)))


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    layout = draw(layouts)
    parts = draw(st.lists(documents(layout), min_size=1, max_size=3))
    head = draw(st.sampled_from(["", "---\n", "# Source: x\n---\n", "--- # c\n", "%YAML 1.1\n---\n"]))
    text = head + "---\n".join(parts)
    if draw(st.booleans()):
        text = text.removesuffix("\n")
    return text.replace("\n", layout.newline).encode()


class Loader(yaml.CSafeLoader):
    """Keeps scalars as text."""


Loader.yaml_implicit_resolvers = {"<": yaml.CSafeLoader.yaml_implicit_resolvers["<"]}


def loaded(data: bytes) -> Any:
    return without_tokens(list(yaml.load_all(data, Loader)))


def without_tokens(value: Any) -> Any:
    if isinstance(value, list):
        return [without_tokens(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: without_tokens(inner) for key, inner in value.items() if key != ANNOTATION}
    empty: tuple[Any, ...] = ({}, "", "~", None)
    return {k: v for k, v in kept.items() if not (k in {"annotations", "metadata"} and v in empty)}


@given(streams())
def test_only_annotations_are_added(data: bytes) -> None:
    manifests = read_manifests(data, kinds=BUILT_IN, namespace="shop")
    tokens = [f"token-{number}" for number, _ in enumerate(manifests.carriers)]
    written = write_manifests(manifests, tokens)

    assert loaded(written) == loaded(data)
    assert all(f'"{token}"'.encode() in written for token in tokens)
    assert written.count(b"\n") - written.count(b"\r\n") in {0, written.count(b"\n")}

    again = read_manifests(written, kinds=BUILT_IN, namespace="shop")
    assert [(c.workload, c.images) for c in again.carriers] == [
        (c.workload, c.images) for c in manifests.carriers
    ]
    assert write_manifests(again, tokens) == written


@given(streams())
def test_both_parsers_read_the_same(data: bytes) -> None:
    one = read_manifests(data, kinds=BUILT_IN, namespace="shop")
    other = read_manifests(data, kinds=BUILT_IN, namespace="shop", parser=PureParser)
    assert one.places == other.places
    tokens = ["x"] * len(one.carriers)
    assert write_manifests(one, tokens) == write_manifests(other, tokens)


@given(st.one_of(st.binary(max_size=80), st.text(":-?&*{}[]#|>'\"%@!, \n\tab", max_size=60).map(str.encode)))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        manifests = read_manifests(data, kinds=BUILT_IN, namespace="shop")
    except InvalidManifest:
        return
    assert write_manifests(manifests, [None] * len(manifests.carriers)) == data
