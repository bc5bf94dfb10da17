"""Files that flags name."""

from __future__ import annotations

from pathlib import Path

from portshift.core.errors import PortshiftError


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        PortshiftError: it cannot be read, or is not UTF-8.

    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PortshiftError(f"cannot read {path}: {error}") from error
