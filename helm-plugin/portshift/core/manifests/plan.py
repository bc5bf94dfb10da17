"""Which images of one object share a token, and which annotations can hold it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from portshift.core.errors import InvalidInput
from portshift.core.identity import Workload
from portshift.core.kinds import OWN_ANNOTATIONS, Kind, Path
from portshift.core.manifests.images import Image
from portshift.core.manifests.model import Carrier, Site
from portshift.core.manifests.nodes import MappingNode, Node
from portshift.core.manifests.sites import SHARED, Uses, indentation, locate
from portshift.core.manifests.text import Text

NAMELESS = "the object has neither name nor generateName"
_OWN = ".".join(OWN_ANNOTATIONS)


class Subject(NamedTuple):
    """An object whose kind is known; ``prefix`` is ``items[n].`` inside a list."""

    node: MappingNode
    kind: Kind
    api_version: str
    prefix: str
    workload: Workload


class Draft(NamedTuple):
    """Images that share a token; its annotations are at ``path`` below ``base``, in full at ``token``."""

    images: tuple[Image, ...]
    base: Node
    path: Path
    token: str


@dataclass
class Plan:
    """The carriers of an object; by an image's field, the paths of its tokens, or why it has none."""

    carriers: list[Carrier] = field(default_factory=list)
    tokens: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass
class _Spot:
    site: Site
    tokens: set[str] = field(default_factory=set)
    images: list[Image] = field(default_factory=list)


def plan_tokens(subject: Subject, drafts: list[Draft], *, uses: Uses, text: Text) -> Plan:
    """Give every image of ``drafts`` that can have a token a carrier, and the others a reason."""
    plan = Plan()
    planned = [
        Draft(images, draft.base, draft.path, draft.token)
        for draft in drafts
        if (images := tuple(image for image in draft.images if image.reason is None))
    ]
    if not planned:
        return plan
    refusal = _refusal(subject.workload)
    if refusal is not None:
        _refuse(plan, [image for draft in planned for image in draft.images], refusal)
        return plan
    step = indentation(subject.node)
    at_object = (
        _at_templates(plan, subject, planned, uses, text, step)
        if not subject.kind.immutable
        else [image for draft in planned for image in draft.images]
    )
    if at_object:
        _at_object(plan, subject, at_object, uses, text, step)
    return plan


def _at_templates(
    plan: Plan, subject: Subject, drafts: list[Draft], uses: Uses, text: Text, step: int
) -> list[Image]:
    """Place the tokens in the templates' annotations; returns the images whose annotations are shared."""
    spots: dict[tuple[int, Path], _Spot] = {}
    shared: list[Image] = []
    for draft in drafts:
        site = locate(draft.base, draft.path, text, step=step)
        if isinstance(site, Site):
            spot = spots.setdefault((id(site.mapping), site.chain), _Spot(site))
            spot.tokens.add(draft.token)
            spot.images += draft.images
        elif site == SHARED:
            shared += draft.images
        else:
            _refuse(plan, draft.images, site)
    for spot in spots.values():
        if uses.of(spot.site.mapping) == len(spot.tokens):
            _carry(plan, subject, spot, sorted(spot.tokens))
        else:
            shared += spot.images
    return shared


def _at_object(plan: Plan, subject: Subject, images: list[Image], uses: Uses, text: Text, step: int) -> None:
    """Place one token for ``images`` in the object's own annotations."""
    site = locate(subject.node, OWN_ANNOTATIONS, text, step=step)
    if not isinstance(site, Site):
        _refuse(plan, images, site)
    elif uses.of(site.mapping) != 1:
        _refuse(plan, images, SHARED)
    else:
        _carry(plan, subject, _Spot(site, images=images), [_OWN])


def _carry(plan: Plan, subject: Subject, spot: _Spot, tokens: list[str]) -> None:
    named = dict.fromkeys((image.name, image.reference) for image in spot.images)
    plan.carriers.append(Carrier(subject.workload, tuple(named), spot.site))
    for image in dict.fromkeys(image.field for image in spot.images):
        plan.tokens[image] += tokens


def _refuse(plan: Plan, images: list[Image] | tuple[Image, ...], reason: str) -> None:
    plan.reasons.update({image.field: reason for image in images})


def _refusal(workload: Workload) -> str | None:
    if not workload.name:
        return NAMELESS
    try:
        _ = workload.path
    except InvalidInput as error:
        return error.problem
    return None
