"""Every relative link in the documentation leads to a file of the project."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parent.parent
_CODE: Final = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ELSEWHERE: Final = re.compile(r"[a-z]+:|#|//")


def dead_links(text: str, folder: Path) -> Iterator[str]:
    """Yield each relative link target of a Markdown text that is not there, read from its folder."""
    for target in _LINK.findall(_CODE.sub("", text)):
        if not _ELSEWHERE.match(target) and not (folder / target.partition("#")[0]).exists():
            yield target


def pages() -> list[Path]:
    """List the Markdown files that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [page for line in listed.stdout.splitlines() if (page := REPOSITORY / line).exists()]


def main() -> int:
    """Print each dead link with its page; fail when there is one."""
    dead = [
        f"{page.relative_to(REPOSITORY)}: no such file: {target}"
        for page in pages()
        for target in dead_links(page.read_text(encoding="utf-8"), page.parent)
    ]
    for line in dead:
        print(line, file=sys.stderr)
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
