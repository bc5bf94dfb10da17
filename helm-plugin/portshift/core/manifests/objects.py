"""From a document to its objects: their image places, and the spots that take a token."""

from __future__ import annotations

from collections.abc import Iterator

from portshift.core.identity import Workload
from portshift.core.kinds import ANY_KEY, ITEM, Kind, Kinds, Path, Rule
from portshift.core.manifests.compose import Document
from portshift.core.manifests.events import fault
from portshift.core.manifests.images import (
    Found,
    Image,
    container_images,
    field_images,
    pod_images,
    proxy_image,
    scalar_text,
    walk,
)
from portshift.core.manifests.model import Carrier, Place, Rewrite
from portshift.core.manifests.nodes import MappingNode, Sequence
from portshift.core.manifests.plan import Draft, Plan, Subject, plan_tokens
from portshift.core.manifests.sites import Uses
from portshift.core.manifests.text import Text

_MAX_LIST_DEPTH = 50


class DocumentReader:
    """Reads the objects of one document."""

    def __init__(self, document: Document, number: int, text: Text, *, kinds: Kinds, namespace: str) -> None:
        self._document = document
        self._number = number
        self._text = text
        self._kinds = kinds
        self._namespace = namespace
        self._uses = Uses(document)
        self.places: list[Place] = []
        self.carriers: list[Carrier] = []
        self.rewrites: list[Rewrite] = []
        self.unpinnable: list[Place] = []

    def read(self) -> None:
        """Collect the places and carriers of every object in the document."""
        if isinstance(self._document.root, MappingNode):
            self._object(self._document.root, "", api_version="", kind="", depth=0)

    def _object(self, node: MappingNode, prefix: str, *, api_version: str, kind: str, depth: int) -> None:
        api_version = scalar_text(node.get("apiVersion")) or api_version
        kind = scalar_text(node.get("kind")) or kind
        items = node.get("items")
        if kind.endswith("List") and isinstance(items, Sequence):
            self._items(items, prefix, api_version=api_version, kind=kind, depth=depth)
            return
        known = self._kinds.find(api_version.partition("/")[0] if "/" in api_version else "", kind)
        if known is not None:
            drafts = [draft for rule in known.rules for draft in self._drafts(node, rule)]
            subject = Subject(node, known, api_version, prefix, _workload(node, known, self._namespace))
            self._plan(subject, drafts)

    def _items(self, items: Sequence, prefix: str, *, api_version: str, kind: str, depth: int) -> None:
        if depth >= _MAX_LIST_DEPTH:
            problem = f"found lists nested more than {_MAX_LIST_DEPTH} deep"
            raise fault(problem, line=self._document.line, column=1)
        typed = kind not in {"List", "ResourceList"}
        for index, item in enumerate(items.items):
            if isinstance(item, MappingNode):
                self._object(
                    item,
                    f"{prefix}items[{index}].",
                    api_version=api_version if typed else "",
                    kind=kind.removesuffix("List") if typed else "",
                    depth=depth + 1,
                )

    def _drafts(self, node: MappingNode, rule: Rule) -> Iterator[Draft]:
        stem, rest = _stem(rule.annotations or ())
        for found in walk(("", node), stem):
            if rule.requires and not self._bound(rule.requires, stem, found, node):
                continue
            images = list(self._images(rule, stem, found, node))
            if not images:
                continue
            token = ""
            if rule.annotations is not None:
                token = ".".join(part for part in (found[0], *rest) if part)
                images += [i for at in walk(found, rest) for i in proxy_image(at[1], token)]
            reason = rule.reason
            if reason is not None:
                images = [image._replace(reason=image.reason or reason) for image in images]
            yield Draft(tuple(images), found[1], rest, token)

    def _images(self, rule: Rule, stem: Path, found: Found, node: MappingNode) -> Iterator[Image]:
        for path in rule.pods:
            for at in self._bound(path, stem, found, node):
                yield from pod_images(at)
        for path in rule.containers:
            for at in self._bound(path, stem, found, node):
                yield from container_images(at)
        for path in rule.images:
            for text, parent in self._bound(path[:-1], stem, found, node):
                if isinstance(parent, MappingNode):
                    yield from field_images(parent, path[-1], text)

    def _bound(self, path: Path, stem: Path, found: Found, node: MappingNode) -> list[Found]:
        """What is at ``path``, within ``found`` where the path leads through it."""
        inside = bool(stem) and path[: len(stem)] == stem
        return walk(found, path[len(stem) :]) if inside else walk(("", node), path)

    def _plan(self, subject: Subject, drafts: list[Draft]) -> None:
        plan = plan_tokens(subject, drafts, uses=self._uses, text=self._text)
        self.carriers += plan.carriers
        listed: set[str] = set()
        for image in (image for draft in drafts for image in draft.images):
            if image.field in listed:
                continue
            listed.add(image.field)
            place = self._place(subject, image, plan)
            self.places.append(place)
            if place.token is not None:
                self._note_rewrite(image, place)

    def _place(self, subject: Subject, image: Image, plan: Plan) -> Place:
        tokens = plan.tokens.get(image.field)
        return Place(
            document=self._number,
            line=self._text.line + image.line,
            api_version=subject.api_version,
            kind=subject.kind.name,
            name=subject.workload.name,
            namespace=subject.workload.namespace,
            container=image.container,
            field=subject.prefix + image.field,
            reference=image.reference,
            token=", ".join(subject.prefix + token for token in tokens) if tokens else None,
            reason=None if tokens else image.reason or plan.reasons.get(image.field),
        )

    def _note_rewrite(self, image: Image, place: Place) -> None:
        pair = image.pair
        own = pair is not None and (pair.aliased or not pair.value.anchored)
        if pair is not None and own and self._uses.of(image.parent) == 1:
            self.rewrites.append(Rewrite(image.reference, self._text, pair))
        else:
            self.unpinnable.append(place)


def _stem(path: Path) -> tuple[Path, Path]:
    """``path`` up to its last wildcard, and the rest."""
    cut = max((index + 1 for index, step in enumerate(path) if step in {ITEM, ANY_KEY}), default=0)
    return path[:cut], path[cut:]


def _workload(node: MappingNode, kind: Kind, namespace: str) -> Workload:
    metadata = node.get("metadata")
    fields = metadata if isinstance(metadata, MappingNode) else None
    name = scalar_text(fields and fields.get("name"))
    generated = scalar_text(fields and fields.get("generateName"))
    explicit = scalar_text(fields and fields.get("namespace"))
    return Workload(
        group=kind.group,
        kind=kind.name,
        namespace="" if kind.cluster_scoped else explicit or namespace,
        name=name or generated or "",
        generated=not name and bool(generated),
    )
