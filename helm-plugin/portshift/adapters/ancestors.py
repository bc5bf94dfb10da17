"""The processes above this one, as their arguments; psutil is loaded only when asked."""

from __future__ import annotations

MAX_DEPTH = 32


def ancestor_arguments() -> tuple[tuple[str, ...], ...]:
    """The arguments of each ancestor, the parent first; empty where the system does not tell."""
    import psutil  # 15 ms that a rendering with explicit context does not pay

    try:
        parents = psutil.Process().parents()[:MAX_DEPTH]
    except (psutil.Error, OSError):
        return ()
    lines: list[tuple[str, ...]] = []
    for parent in parents:
        try:
            lines.append(tuple(parent.cmdline()))
        except (psutil.Error, OSError):
            lines.append(())
    return tuple(lines)
