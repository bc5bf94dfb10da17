"""``python -m tests.standin``: the stand-in in the foreground until a signal."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.standin.server import Standin
from tests.standin.switches import CURRENT, Switches


def main(arguments: list[str] | None = None) -> int:
    """Serve; the first line on standard output is ``listening http://127.0.0.1:PORT``."""
    parser = argparse.ArgumentParser(prog="python -m tests.standin", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="loopback port (default: a free one)")
    parser.add_argument("--folder", type=Path, help="keep file contents there instead of in memory")
    parser.add_argument("--version", default=CURRENT, help="the Artifactory version to behave as")
    parser.add_argument("--password", default="password", help="the password of admin")
    options = parser.parse_args(arguments)
    standin = Standin(switches=Switches(version=options.version), port=options.port, folder=options.folder)
    standin.add_user("admin", options.password, admin=True)
    standin.bind()
    print(f"listening {standin.address}", flush=True)  # noqa: T201
    standin.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
