"""``python -m tests.standin``: the stand-in in the foreground until a signal.

The first line on standard output is ``listening http://127.0.0.1:PORT``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from tests.standin.model import Permission
from tests.standin.server import Standin
from tests.standin.switches import CURRENT, Switches

EPILOG = """
--repository takes KEY (a local), KEY=remote:URL, KEY=virtual:MEMBER,MEMBER or KEY=federated:;
--reader takes NAME:PASSWORD and may read everything, and no configuration;
--image takes REPOSITORY/NAME:TAG and makes it multi-arch; --build takes NAME/NUMBER=REPOSITORY/NAME:TAG.
"""


def main(arguments: list[str] | None = None) -> int:
    """Seed and serve."""
    options = _parser().parse_args(arguments)
    standin = Standin(
        switches=Switches(version=options.version),
        port=options.port,
        folder=options.folder,
        conjure=options.conjure,
    )
    standin.add_user("admin", options.password, admin=True)
    for text in options.reader:
        name, _, password = text.partition(":")
        standin.add_user(name, password, permissions=[Permission.of("read")])
    for text in options.repository:
        add_repository(standin, text)
    for text in options.image:
        standin.push_image(*_image(text), platforms=("linux/amd64", "linux/arm64"))
    for text in options.build:
        build, _, image = text.partition("=")
        name, _, number = build.rpartition("/")
        standin.publish_build(name, number, [_image(image)])
    standin.bind()
    print(f"listening {standin.address}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        standin.serve()
    return 0


def add_repository(standin: Standin, text: str) -> None:
    """Make the repository that ``KEY[=CLASS:REST]`` says."""
    key, _, configuration = text.partition("=")
    rclass, _, rest = configuration.partition(":")
    match rclass:
        case "":
            standin.add_repository(key)
        case "remote":
            standin.add_repository(key, "remote", remote_url=rest, library="docker.io" in rest)
        case "virtual":
            standin.add_repository(key, "virtual", members=rest.split(","))
        case "federated":
            standin.add_repository(key, "federated")
        case _:
            raise SystemExit(
                f"--repository {text}: found class {rclass!r}, expected remote, virtual or federated"
            )


def _image(text: str) -> tuple[str, str, str]:
    place, _, tag = text.rpartition(":")
    repository, _, name = place.partition("/")
    return repository, name, tag


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.standin", description=__doc__, epilog=EPILOG)
    parser.add_argument("--port", type=int, default=0, help="loopback port (default: a free one)")
    parser.add_argument("--folder", type=Path, help="keep file contents there instead of in memory")
    parser.add_argument("--version", default=CURRENT, help="the Artifactory version to behave as")
    parser.add_argument("--password", default="password", help="the password of admin")
    parser.add_argument("--reader", action="append", default=[], metavar="NAME:PASSWORD")
    parser.add_argument("--repository", action="append", default=[], metavar="KEY[=CLASS:REST]")
    parser.add_argument("--image", action="append", default=[], metavar="REPOSITORY/NAME:TAG")
    parser.add_argument("--build", action="append", default=[], metavar="NAME/NUMBER=IMAGE")
    conjure = os.environ.get("SANDBOX_CONJURE") == "1"
    parser.add_argument("--conjure", action="store_true", default=conjure, help="make up any image asked for")
    return parser


if __name__ == "__main__":
    sys.exit(main())
