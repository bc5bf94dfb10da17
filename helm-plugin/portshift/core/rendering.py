"""What a rendering asks the bridge, and what it makes of the answer."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from portshift.core.context import Context
from portshift.core.errors import InvalidInput, InvalidMessage
from portshift.core.identity import Workload
from portshift.core.manifests import Place
from portshift.core.wire import (
    MAX_IMAGES_PER_WORKLOAD,
    MAX_TEXT,
    MAX_WORKLOADS,
    ImageRequest,
    ImageResult,
    RegistrationRequest,
    RegistrationResponse,
    WorkloadRequest,
    WorkloadResult,
)

MAX_LINES = 10
_SHOWN = 80


class Planned(NamedTuple):
    """One spot that takes a token, and the (name, reference) of each image in it."""

    workload: Workload
    images: tuple[tuple[str, str], ...]


class Finding(NamedTuple):
    """An image that has no digest, where it stands, and why."""

    workload: Workload
    result: ImageResult

    def __str__(self) -> str:
        image = self.result.image
        reason = self.result.reason or self.result.outcome.value
        return f"{self.workload} {image.name}: image {image.reference!r}: {reason}"


class Judgement(NamedTuple):
    """A token or None for each spot, each reference's pinned form, and the images without digest."""

    tokens: tuple[str | None, ...]
    pinned: Mapping[str, str]
    unknown: tuple[Finding, ...]
    inconclusive: tuple[Finding, ...]


def registration_request(planned: Sequence[Planned], context: Context, *, pin: bool) -> RegistrationRequest:
    """Everything one rendering is about to deploy, as one message.

    Raises:
        InvalidInput: it is more than one message may hold; a workload that is too big is named.

    """
    if len(planned) > MAX_WORKLOADS:
        raise InvalidInput(
            f"found {len(planned)} workloads, expected at most {MAX_WORKLOADS} in one rendering",
            cure="render in parts",
        )
    for spot in planned:
        _require_bounds(spot)
    return RegistrationRequest(
        workloads=tuple(
            WorkloadRequest(
                workload=spot.workload,
                images=tuple(ImageRequest(name=name, reference=reference) for name, reference in spot.images),
            )
            for spot in planned
        ),
        release=context.as_release,
        intent=context.as_intent,
        cluster=context.cluster.value,
        environment=context.environment.value,
        pin=pin,
    )


def _require_bounds(spot: Planned) -> None:
    where = str(spot.workload)[:_SHOWN]
    if len(spot.images) > MAX_IMAGES_PER_WORKLOAD:
        raise InvalidInput(
            f"{where}: found {len(spot.images)} images, expected at most {MAX_IMAGES_PER_WORKLOAD}",
            cure="split the workload",
        )
    for text in (spot.workload.namespace, spot.workload.name, *itertools.chain(*spot.images)):
        if len(text) > MAX_TEXT:
            raise InvalidInput(
                f"{where}: found {text[:_SHOWN]!r}… of {len(text)} characters, expected at most {MAX_TEXT}",
                cure="correct the chart: Kubernetes takes no such name or image",
            )


def judge(planned: Sequence[Planned], response: RegistrationResponse) -> Judgement:
    """Match each result to its spot.

    Raises:
        InvalidMessage: the answer is not about what was asked.

    """
    if len(planned) != len(response.workloads):
        raise InvalidMessage(
            f"the bridge answered for {len(response.workloads)} workloads, expected {len(planned)}"
        )
    findings = [
        Finding(spot.workload, image)
        for spot, result in zip(planned, response.workloads, strict=True)
        for image in _checked(spot, result).images
        if not image.image.known
    ]
    return Judgement(
        tokens=tuple(result.token for result in response.workloads),
        pinned=_pins(planned, response),
        unknown=tuple(finding for finding in findings if finding.result.outcome.conclusive),
        inconclusive=tuple(finding for finding in findings if not finding.result.outcome.conclusive),
    )


def _checked(spot: Planned, result: WorkloadResult) -> WorkloadResult:
    asked = sorted(name for name, _ in spot.images)
    answered = sorted(image.image.name for image in result.images)
    if asked != answered:
        raise InvalidMessage(f"{spot.workload}: the bridge answered for {answered}, expected {asked}")
    conclusive = all(image.outcome.conclusive for image in result.images)
    if conclusive != (result.token is not None):
        found = "a token" if result.token else "no token"
        raise InvalidMessage(
            f"{spot.workload}: the bridge gave {found} for images it "
            f"{'knows the answer for' if conclusive else 'could not ask about'}"
        )
    return result


def _pins(planned: Sequence[Planned], response: RegistrationResponse) -> dict[str, str]:
    """Each reference as written, and its pinned form; the answer's own reference is pinned already."""
    return {
        written: pinned
        for spot, result in zip(planned, response.workloads, strict=True)
        for name, written in spot.images
        if (pinned := {image.image.name: image.pinned for image in result.images}[name])
    }


def summary(findings: Iterable[Finding]) -> list[str]:
    """One line for each distinct reference, at most ``MAX_LINES``, then how many more there are."""
    by_reference: dict[str, list[Finding]] = {}
    for finding in findings:
        by_reference.setdefault(finding.result.image.reference, []).append(finding)
    lines = [
        str(same[0]) + (f" (and {len(same) - 1} more places)" if len(same) > 1 else "")
        for same in by_reference.values()
    ]
    if len(lines) > MAX_LINES:
        lines[MAX_LINES:] = [f"and {len(lines) - MAX_LINES} more images like these"]
    return lines


def tokenless(places: Iterable[Place]) -> list[str]:
    """One line about the images that stand where no token can go; none when there are none."""
    found = [place for place in places if place.token is None]
    if not found:
        return []
    first = found[0]
    count = "an image stands" if len(found) == 1 else f"{len(found)} images stand"
    return [
        f"{count} where no token can go; at line {first.line}, {first.kind} {first.name}: {first.reason}; "
        "`portshift images` lists them"
    ]
