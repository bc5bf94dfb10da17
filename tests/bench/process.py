"""The whole `portshift post-render` process on 50 KB, with a real bridge and a registry on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.manifests import UNITS_OF_50_KB, manifests
from tests.bench.measure import Row, paired_medians
from tests.cluster.bridge import RunningBridge, running_bridge
from tests.standin.server import Standin

_ALLOWED_FACTOR = 1.5
_ALLOWED_MORE_SECONDS = 0.060


def whole_process() -> Row:
    """From start to end, beside an interpreter that only imports what neither can do without."""
    with _registered() as bridge, tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home, **bridge.environment}
        data = manifests(UNITS_OF_50_KB)
        post_render = _process("-P", "-m", "portshift", "post-render", environment=environment, data=data)
        bare = _process("-c", "import yaml, http.client", environment=environment, data=b"")
        ours, reference = paired_medians(post_render, bare, pairs=15)
    return Row(
        work="post-render 50 KB, whole process, local bridge",
        ours=f"{ours * 1000:.0f} ms",
        reference=f"python -c 'import yaml, http.client' {reference * 1000:.0f} ms",
        value=ours * 1000,
        limit=(_ALLOWED_FACTOR * reference + _ALLOWED_MORE_SECONDS) * 1000,
        unit="ms",
    )


@contextmanager
def _registered() -> Iterator[RunningBridge]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Standin() as artifactory,
        running_bridge(Path(folder)) as bridge,
    ):
        artifactory.add_repository("docker-local")
        for number in range(UNITS_OF_50_KB):
            for name in ("app", "proxy", "init", "clean"):
                artifactory.push_image("docker-local", name, f"1.{number}")
        bridge.connect("acme", artifactory.url, hosts=["acme.jfrog.test"])
        yield bridge


def _process(*arguments: str, environment: dict[str, str], data: bytes) -> Callable[[], object]:
    command = [sys.executable, *arguments]
    return lambda: subprocess.run(command, env=environment, input=data, stdout=subprocess.DEVNULL, check=True)
