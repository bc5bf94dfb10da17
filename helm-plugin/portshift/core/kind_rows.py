"""Forms that many entries of the kinds table share."""

from __future__ import annotations

from typing import Any

OWN = "metadata.annotations"


def component(path: str, images: tuple[str, ...], annotations: str) -> dict[str, Any]:
    """A part of a custom resource with its own images and its own annotations, both below ``path``."""
    return {"annotations": f"{path}.{annotations}", "images": [f"{path}.{image}" for image in images]}


def podded(path: str, *images: str, always: bool = False) -> dict[str, Any]:
    """A pod template at ``path`` that operators fill with images named elsewhere in the object."""
    place = {"annotations": f"{path}.{OWN}", "pods": [f"{path}.spec"], "images": list(images)}
    return place if always else {**place, "requires": path}


def victoria(*components: str) -> list[dict[str, Any]]:
    """The components of a VictoriaMetrics cluster."""
    return [component(f"spec.{name}", ("image",), "podMetadata.annotations") for name in components]


def no_way(reason: str, *images: str, **more: list[str]) -> list[dict[str, Any]]:
    """Images that are reported but cannot have a token."""
    return [{"reason": reason, "images": list(images), **more}]
