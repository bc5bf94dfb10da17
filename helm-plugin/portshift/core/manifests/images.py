"""Images at the end of a path: of PodSpecs, of single containers, of plain fields, and outside any field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from portshift.core.errors import InvalidReference
from portshift.core.kinds import ANY_KEY, ITEM, Path
from portshift.core.manifests.compose import Wanted
from portshift.core.manifests.nodes import MappingNode, Node, Pair, Scalar, Sequence
from portshift.core.references import parse_reference

CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
PROXY_IMAGE = "sidecar.istio.io/proxyImage"
_IMAGE_FLAGS = ("--acme-http01-solver-image", "--prometheus-config-reloader", "--collector-image")

INJECTED = "Istio's injector replaces it when the pod is admitted"
IN_ARGUMENT = "a program reads it from this argument and starts pods of its own with it"
IN_VARIABLE = "a program reads it from this variable and starts pods of its own with it"

_CONTAINER: Wanted = {"name": None, "image": None}
_TALKATIVE: Wanted = {**_CONTAINER, "args": None, "command": None, "env": None}
# Bytes without which no argument or variable of a container names an image.
_HINTS = (b"_IMAGE", *(flag.encode() for flag in _IMAGE_FLAGS))


def names_images_outside(data: bytes) -> bool:
    """Whether arguments or variables in ``data`` may name an image."""
    return b"\\" in data or any(hint in data for hint in _HINTS)


def wanted_container(*, outside: bool) -> Wanted:
    """What is read of a container; ``outside`` adds its arguments and variables."""
    return _TALKATIVE if outside else _CONTAINER


def wanted_pod_spec(*, outside: bool) -> Wanted:
    """What is read of a PodSpec."""
    return {
        **{name: {ITEM: wanted_container(outside=outside)} for name in CONTAINER_LISTS},
        "volumes": {ITEM: {"name": None, "image": {"reference": None}}},
    }


class Image(NamedTuple):
    """An image that was found: ``name`` is what a token calls it, ``pair`` where a rewrite would go."""

    name: str
    reference: str
    container: str | None
    field: str
    line: int
    parent: MappingNode
    pair: Pair | None
    reason: str | None = None


Found = tuple[str, Node]


def walk(start: Found, path: Path) -> list[Found]:
    """What is at ``path`` below ``start``, each with its own path in text."""
    frontier = [start]
    for step in path:
        reached: list[Found] = []
        for text, node in frontier:
            reached.extend(_step(text, node, step))
        frontier = reached
    return frontier


def _step(text: str, node: Node, step: str) -> Iterator[Found]:
    if step == ITEM:
        if isinstance(node, Sequence):
            for index, item in enumerate(node.items):
                yield f"{text}[{index}]", item
    elif isinstance(node, MappingNode):
        names = node.pairs if step == ANY_KEY else (step,)
        for name in names:
            pair = node.pairs.get(name)
            if pair is not None:
                yield (f"{text}.{name}" if text else name), pair.value


def pod_images(found: Found) -> Iterator[Image]:
    """The images of a PodSpec."""
    for name in CONTAINER_LISTS:
        for item in walk(found, (name, ITEM)):
            yield from container_images(item)
    for text, volume in walk(found, ("volumes", ITEM)):
        image = volume.get("image") if isinstance(volume, MappingNode) else None
        if isinstance(volume, MappingNode) and isinstance(image, MappingNode):
            volume_name = scalar_text(volume.get("name"))
            yield from _scalar_image(
                image,
                "reference",
                f"{text}.image",
                name=volume_name and f"volume/{volume_name}",
                container=True,
            )


def container_images(found: Found) -> Iterator[Image]:
    """The image of one container, and those that its arguments and variables name."""
    text, node = found
    if not isinstance(node, MappingNode):
        return
    name = scalar_text(node.get("name"))
    for image in _scalar_image(node, "image", text, name=name, container=True):
        injected = image.reference == "auto" and name == "istio-proxy"
        yield image._replace(reason=INJECTED) if injected else image
    yield from _argument_images(node, text, name)
    yield from _variable_images(node, text, name)


def field_images(parent: MappingNode, key: str, text: str) -> Iterator[Image]:
    """The image that a custom resource's field names: a reference, or ``{repository, tag}``."""
    value = parent.get(key)
    if not isinstance(value, MappingNode):
        yield from _scalar_image(parent, key, text, name=None, container=False)
        return
    repository = scalar_text(value.get("repository") or value.get("imageRepository"))
    tag = scalar_text(value.get("tag") or value.get("imageTag"))
    if repository:
        reference = f"{repository}:{tag}" if tag else repository
        field = f"{text}.{key}" if text else key
        yield Image(field, reference, None, field, value.line, value, None)


def _scalar_image(
    parent: MappingNode, key: str, text: str, *, name: str | None, container: bool
) -> Iterator[Image]:
    pair = parent.pairs.get(key)
    reference = scalar_text(pair.value) if pair is not None else None
    if pair is not None and reference:
        field = f"{text}.{key}" if text else key
        yield Image(name or field, reference, name if container else None, field, pair.line, parent, pair)


def _argument_images(node: MappingNode, text: str, container: str | None) -> Iterator[Image]:
    for key in ("command", "args"):
        items = node.get(key)
        if not isinstance(items, Sequence):
            continue
        flagged = False
        for index, item in enumerate(items.items):
            value = scalar_text(item) or ""
            flag, equals, inline = value.partition("=")
            candidate = value if flagged else inline
            if (flagged or flag in _IMAGE_FLAGS) and looks_like_reference(candidate):
                field = f"{text}.{key}[{index}]"
                yield Image(field, candidate, container, field, item.line, node, None, IN_ARGUMENT)
            flagged = value in _IMAGE_FLAGS and not equals


def _variable_images(node: MappingNode, text: str, container: str | None) -> Iterator[Image]:
    env = node.get("env")
    for index, item in enumerate(env.items if isinstance(env, Sequence) else []):
        if not isinstance(item, MappingNode):
            continue
        name, value = scalar_text(item.get("name")) or "", item.get("value")
        reference = scalar_text(value) or ""
        named = name == "OPERATOR_IMAGE_NAME" or name.endswith("_IMAGE")
        if named and value is not None and looks_like_reference(reference):
            field = f"{text}.env[{index}].value"
            yield Image(field, reference, container, field, value.line, node, None, IN_VARIABLE)


def proxy_image(annotations: Node | None, text: str) -> Iterator[Image]:
    """The sidecar image that a pod's annotations ask Istio for."""
    if isinstance(annotations, MappingNode):
        for image in _scalar_image(annotations, PROXY_IMAGE, text, name=None, container=False):
            yield image._replace(reason=INJECTED)


def looks_like_reference(text: str) -> bool:
    """Whether ``text`` is a reference with a path or a tag: a single word could be anything."""
    if "/" not in text and ":" not in text:
        return False
    try:
        parse_reference(text)
    except InvalidReference:
        return False
    return True


def scalar_text(node: Node | None) -> str | None:
    """The text of a scalar that is not null."""
    return node.text if isinstance(node, Scalar) and not node.null else None
