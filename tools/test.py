"""``make test``: set everything up, run every check and every test, and say how long it took."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from tools import build_tools, lint, system_packages

REPOSITORY: Final = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run all of it even when a part fails; the tests come last, so that their summary is read last."""
    started = time.monotonic()
    system_packages.main()
    failed = ["tools"] if build_tools.main() != 0 else []
    failed += lint.failed_checks()
    tests = subprocess.run([sys.executable, "-m", "pytest"], cwd=REPOSITORY, check=False)
    if tests.returncode != 0:
        failed.append("tests")
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    verdict = f"failed ({', '.join(failed)})" if failed else "passed"
    print(f"make test: {verdict} in {minutes} min {seconds} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
