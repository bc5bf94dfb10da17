"""An image resolver whose registries are a dictionary."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from portshift.core.identity import Build
from portshift.core.wire import Outcome
from portshift_bridge.registries.resolving.resolution import Resolution


class FakeResolver:
    """Answers from ``images``; whatever is not there is unconnected. ``asked`` keeps every call."""

    def __init__(self, images: Mapping[str, Resolution] | None = None) -> None:
        self.images = dict(images or {})
        self.asked: list[tuple[str, ...]] = []

    def resolve(self, references: Collection[str]) -> Mapping[str, Resolution]:
        self.asked.append(tuple(references))
        unknown = Resolution(Outcome.UNCONNECTED, "no registry claims the host")
        return {reference: self.images.get(reference, unknown) for reference in references}


def resolved(seed: str, *, artifact: str | None = "acme/docker-local/app/1.0/manifest.json") -> Resolution:
    """A found image whose digest is ``seed`` repeated."""
    return Resolution(
        Outcome.RESOLVED,
        digest="sha256:" + (seed * 64)[:64],
        artifact=artifact,
        build=Build("app", "7"),
    )


def unreachable() -> Resolution:
    """A registry that gave no answer."""
    return Resolution(Outcome.UNREACHABLE, "registry acme did not answer within 20 s")
