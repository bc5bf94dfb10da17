"""The whole `portshift post-render` process, with a real bridge and a registry on loopback.

The bridge asks the registry in every run whether a tag moved, as it always does; digests it has seen before.
Both halves of a pair run on the interpreter of this checkout, whose editable install costs both the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.manifests import UNITS_OF_5_MB, UNITS_OF_50_KB, manifests
from tests.bench.measure import Row, paired_medians
from tests.bench.rendering import KUSTOMIZE_FACTOR, kustomize
from tests.cluster.bridge import RunningBridge, running_bridge
from tests.standin.server import Standin

_ALLOWED_FACTOR = 1.5
_ALLOWED_MORE_SECONDS = 0.060


def beside_bare_python() -> Row:
    """50 KB from start to end, beside an interpreter that only imports what neither can do without."""
    with _post_render(UNITS_OF_50_KB) as post_render:
        bare = _process("-c", "import yaml, http.client", environment={"PATH": os.environ["PATH"]}, data=b"")
        ours, reference = paired_medians(post_render, bare, pairs=21)
    return Row(
        work="post-render 50 KB, whole process, local bridge",
        ours=f"{ours * 1000:.0f} ms",
        reference=f"python -c 'import yaml, http.client' {reference * 1000:.0f} ms",
        value=ours * 1000,
        limit=(_ALLOWED_FACTOR * reference + _ALLOWED_MORE_SECONDS) * 1000,
        unit="ms",
    )


def beside_kustomize() -> Row:
    """5 MB from start to end, beside `kubectl kustomize`, which asks nobody for anything."""
    with kustomize(manifests(UNITS_OF_5_MB)) as reference_run, _post_render(UNITS_OF_5_MB) as post_render:
        ours, reference = paired_medians(post_render, reference_run, pairs=3)
    return Row(
        work=f"post-render 5 MB, whole process, local bridge, {4 * UNITS_OF_5_MB:,} images",
        ours=f"{ours:.2f} s",
        reference=f"kubectl kustomize {reference:.2f} s",
        value=ours / reference,
        limit=KUSTOMIZE_FACTOR,
    )


@contextmanager
def _post_render(units: int) -> Iterator[Callable[[], object]]:
    with _registered(units) as bridge, tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home, **bridge.environment}
        command = ("-P", "-m", "portshift", "post-render")
        data = manifests(units)
        # The bridge meets all these images for the first time, which may take more than one registration.
        command_that_goes_on = [sys.executable, *command, "--on-unreachable", "warn"]
        subprocess.run(command_that_goes_on, env=environment, input=data, capture_output=True, check=True)
        yield _process(*command, environment=environment, data=data)


@contextmanager
def _registered(units: int) -> Iterator[RunningBridge]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Standin() as artifactory,
        running_bridge(Path(folder)) as bridge,
    ):
        artifactory.add_repository("docker-local")
        for number in range(units):
            for name in ("app", "proxy", "init", "clean"):
                artifactory.push_image("docker-local", name, f"1.{number}")
        bridge.connect("acme", artifactory.url, hosts=["acme.jfrog.test"])
        yield bridge


def _process(*arguments: str, environment: dict[str, str], data: bytes) -> Callable[[], object]:
    command = [sys.executable, *arguments]
    return lambda: subprocess.run(command, env=environment, input=data, stdout=subprocess.DEVNULL, check=True)
