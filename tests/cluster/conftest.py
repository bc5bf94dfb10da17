"""A control plane for the session, and for each test the Helms against it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane, control_plane
from tests.cluster.helm import REPOSITORY, Helm, isolated_environment
from tests.cluster.jobs import finishing_jobs

TOOLS = REPOSITORY / ".tools" / "bin"


def _tool(name: str) -> Path:
    path = TOOLS / name
    if not path.is_file():
        pytest.skip(f"no {path.relative_to(REPOSITORY)}; cure: make tools")
    return path


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server on a real etcd, both ended with the session."""
    with control_plane(
        etcd=_tool("etcd"),
        kube_apiserver=_tool("kube-apiserver"),
        folder=tmp_path_factory.mktemp("control-plane"),
    ) as started:
        yield started


@pytest.fixture
def finished_jobs(cluster: ControlPlane) -> Iterator[None]:
    """Jobs finish while the test runs, so that Helm's hooks do."""
    with finishing_jobs(cluster.api):
        yield


@pytest.fixture(params=[3, 4], ids=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, cluster: ControlPlane, tmp_path: Path) -> Helm:
    """Each of the two Helms in turn, with a home of its own for the test."""
    major: int = request.param
    return Helm(
        major=major,
        program=_tool(f"helm{major}"),
        environment=isolated_environment(tmp_path / "home", cluster.kubeconfig),
    )


_numbers = itertools.count(1)


@pytest.fixture
def new_namespace() -> Callable[[], str]:
    """Names of namespaces that no test used yet: without a controller manager none can be deleted."""
    return lambda: f"test-{next(_numbers)}"
