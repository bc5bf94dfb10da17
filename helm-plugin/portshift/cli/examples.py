"""The examples below a command's help."""

from __future__ import annotations


def examples(*lines: str) -> str:
    r"""An epilog that click leaves unwrapped (its ``\b`` mark)."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
