"""``make sandbox``: a stand-in for Artifactory and a bridge in the foreground, until Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.sandbox import ARTIFACTORY_USER, Sandbox, sandbox, shop

REPOSITORY = Path(__file__).resolve().parent.parent.parent
FOLDER = REPOSITORY / ".sandbox"


def main() -> int:
    """Serve until SIGINT or SIGTERM; nothing is left behind."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    conjure = os.environ.get("SANDBOX_CONJURE") == "1"
    with _folder_of_our_own() as folder, sandbox(folder, conjure=conjure) as made:
        environment = folder / "env"
        _write_privately(environment, made)
        print(_greeting(made, environment, conjure=conjure), flush=True)
        stopped.wait()
        print("sandbox: stopping", flush=True)
    return 0


@contextmanager
def _folder_of_our_own() -> Iterator[Path]:
    """``.sandbox``, held by a lock while we run: a second sandbox would overwrite the first one's files."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        _take(lock)
        try:
            yield FOLDER
        finally:
            shutil.rmtree(FOLDER)


def _take(lock: IO[str]) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("sandbox: one runs here already; source .sandbox/env, or stop it first") from None


def _write_privately(path: Path, made: Sandbox) -> None:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in made.environment.items()]
    lines.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"')
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")


def _greeting(made: Sandbox, environment: Path, *, conjure: bool) -> str:
    images = (
        "any image of any host is made up when asked for"
        if conjure
        else f"images: {shop.HOST}/docker-local/shop/web:1.0 and :1.1, shop/worker:1.0, redis:7, nginx:1.27"
    )
    return f"""sandbox: bridge      {made.bridge.url}  (API at /docs)
sandbox: Artifactory {made.standin.url}  (a stand-in; log in as {ARTIFACTORY_USER})
sandbox: {images}
sandbox: ready; in another terminal:

    . {environment.relative_to(REPOSITORY)}
    portshift registries list
    portshift post-render --release shop --release-namespace shop < manifests.yaml
    portshift identities list

sandbox: Ctrl-C stops both and removes .sandbox"""


if __name__ == "__main__":
    sys.exit(main())
