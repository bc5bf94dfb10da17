"""Times of JFrog's services where one that cannot be read is no fault."""

from __future__ import annotations

from typing import Any

from portshift_bridge.registries.paths import time_of


def moment_of(text: Any) -> int | None:
    """``2026-01-02T03:04:05.678+0000`` or any other ISO 8601 time as microseconds, UTC; None for the rest."""
    try:
        return time_of(text)
    except (ValueError, OverflowError):
        return None
