"""Style, types, import rules and documentation links: every check runs, then the failed ones are named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parent.parent
_BIN: Final = Path(sys.executable).parent

CHECKS: Final[dict[str, list[str | Path]]] = {
    "style": [_BIN / "ruff", "check", "--quiet", "."],
    "format": [_BIN / "ruff", "format", "--check", "--quiet", "."],
    "types": [_BIN / "mypy"],
    "import rules": [_BIN / "lint-imports", "--config", "setup.cfg"],
    "documentation links": [sys.executable, "-m", "tools.check_links"],
}


def failed_checks() -> list[str]:
    """Run every check, show what the failed ones said, and name them."""
    failed = []
    for name, command in CHECKS.items():
        run = subprocess.run(
            command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        print(f"lint: {name}: {'passed' if run.returncode == 0 else 'failed'}", flush=True)
        if run.returncode != 0:
            print(run.stdout, flush=True)
            failed.append(name)
    return failed


def main() -> int:
    """Fail when a check fails."""
    return 1 if failed_checks() else 0


if __name__ == "__main__":
    sys.exit(main())
