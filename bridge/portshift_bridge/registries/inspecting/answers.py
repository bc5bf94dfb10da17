"""Fields of JFrog's answers; one that is absent or cannot be read is no fault."""

from __future__ import annotations

from portshift_bridge.registries.paths import time_of

_MAX_TEXT = 4_096


def text_of(value: object) -> str | None:
    """Text that is not empty, of at most 4,096 characters."""
    return value[:_MAX_TEXT] if isinstance(value, str) and value else None


def moment_of(value: object) -> int | None:
    """``2026-01-02T03:04:05.678+0000`` or any other ISO 8601 time as microseconds, UTC."""
    try:
        return time_of(value)
    except (ValueError, OverflowError):
        return None
