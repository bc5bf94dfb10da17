"""A page of a list, and the position that the next page starts after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
P = TypeVar("P")


@dataclass(frozen=True)
class Page(Generic[T, P]):
    """Items in the list's order; ``last`` is the position of the last one when more follow."""

    items: tuple[T, ...]
    last: P | None = None
