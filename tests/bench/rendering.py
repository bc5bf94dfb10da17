"""Post-rendering 5 MB of manifests, beside PyYAML and beside kustomize."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from portshift.core.kinds import BUILT_IN
from portshift.core.manifests import read_manifests, write_manifests
from tests.bench.manifests import UNITS_OF_5_MB, manifests
from tests.bench.measure import Row, Unavailable, paired_medians

_WORK = "post-render 5 MB, without the bridge's answer"
KUSTOMIZE_FACTOR = 0.05
_TOKEN = "x" * 900
_KUSTOMIZATION = "resources: [all.yaml]\ncommonAnnotations: {portshift.io/bench: token}\n"


def beside_pyyaml() -> Row:
    """The filter beside a load and dump by libyaml, both in this process."""
    data = manifests(UNITS_OF_5_MB)
    ours, reference = paired_medians(lambda: _render(data), lambda: _load_and_dump(data), pairs=5)
    return Row(
        work=_WORK,
        ours=f"{ours:.2f} s",
        reference=f"PyYAML C load+dump {reference:.2f} s",
        value=ours / reference,
        limit=0.25,
    )


def beside_kustomize() -> Row:
    """The filter beside `kubectl kustomize` adding an annotation to the same manifests."""
    data = manifests(UNITS_OF_5_MB)
    with kustomize(data) as reference_run:
        ours, reference = paired_medians(lambda: _render(data), reference_run, pairs=3)
    return Row(
        work=_WORK,
        ours=f"{ours:.2f} s",
        reference=f"kubectl kustomize {reference:.2f} s",
        value=ours / reference,
        limit=KUSTOMIZE_FACTOR,
    )


def _render(data: bytes) -> bytes:
    read = read_manifests(data, kinds=BUILT_IN, namespace="default")
    if len(read.carriers) != 2 * UNITS_OF_5_MB:
        raise AssertionError(f"expected {2 * UNITS_OF_5_MB} workloads, found {len(read.carriers)}")
    # A token for each of its own, as a bridge gives them.
    tokens = [f"{number}{_TOKEN}" for number in range(len(read.carriers))]
    return write_manifests(read, tokens)


def _load_and_dump(data: bytes) -> object:
    documents = yaml.load_all(data, yaml.CSafeLoader)
    return yaml.dump_all(documents, Dumper=yaml.CSafeDumper, encoding="utf-8")


@contextmanager
def kustomize(data: bytes) -> Iterator[Callable[[], object]]:
    """A run of `kubectl kustomize` that adds an annotation to these manifests.

    Raises:
        Unavailable: there is no kubectl.

    """
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise Unavailable("no kubectl on PATH to run kustomize with")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "all.yaml").write_bytes(data)
        (Path(folder) / "kustomization.yaml").write_text(_KUSTOMIZATION)
        environment = {"PATH": os.environ["PATH"], "HOME": folder}
        command = [kubectl, "kustomize", folder]
        yield lambda: subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
