"""Real charts, installed and upgraded through portshift by both Helms on a real API server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.bridge import RunningBridge, running_bridge
from tests.cluster.control_plane import ControlPlane
from tests.cluster.helm import Helm
from tests.cluster.portshift import ANNOTATION, hooks, through_portshift, workloads
from tests.standin.server import Standin

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.helm,
    pytest.mark.corpora,
    pytest.mark.usefixtures("finished_jobs"),
]

CHARTS = ("ingress-nginx", "istiod", "metrics-server", "podinfo", "vault")
_RELEASE = "real"


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBridge]:
    """A bridge whose one registry proxies every host and knows every image."""
    with (
        Standin(conjure=True) as artifactory,
        running_bridge(tmp_path_factory.mktemp("bridge")) as started,
    ):
        artifactory.add_repository("docker-remote", "remote")
        started.connect("acme", artifactory.url, mirrors=["*=docker-remote"])
        yield started


@pytest.fixture(params=CHARTS)
def chart(request: pytest.FixtureRequest, corpora: Path) -> Path:
    return corpora / "charts" / str(request.param)


@pytest.fixture
def namespace(helm: Helm, new_namespace: Callable[[], str]) -> Iterator[str]:
    """A namespace whose release is uninstalled in the end: charts make cluster-wide objects of one name."""
    name = new_namespace()
    yield name
    helm.run("uninstall", _RELEASE, "--namespace", name, "--ignore-not-found")


def _values(chart: Path, namespace: str) -> list[str]:
    # istiod's own objects go to the namespace that it is told, not to the release's.
    return ["--set", f"global.istioNamespace={namespace}"] if chart.name == "istiod" else []


def test_a_chart_is_installed_and_an_upgrade_without_a_change_rolls_nothing(
    helm: Helm, bridge: RunningBridge, chart: Path, namespace: str, cluster: ControlPlane
) -> None:
    portshift = through_portshift(helm, bridge)

    arguments: tuple[str | Path, ...] = (
        _RELEASE,
        chart,
        "--namespace",
        namespace,
        *_values(chart, namespace),
    )
    portshift.run("install", *arguments, "--create-namespace")
    installed = workloads(cluster.api, namespace)
    portshift.run("upgrade", *arguments)

    assert installed
    assert [workload.name for workload in installed if workload.token is None] == []
    assert workloads(cluster.api, namespace) == installed
    assert helm.status(_RELEASE, namespace)["version"] == 2


def test_hooks_get_a_token_where_helm_sends_them(
    helm: Helm, bridge: RunningBridge, corpora: Path, namespace: str
) -> None:
    """Helm 4 sends its post-renderer all 7 hooks of ingress-nginx, two of them Jobs; Helm 3 none."""
    chart = corpora / "charts" / "ingress-nginx"
    portshift = through_portshift(helm, bridge)

    portshift.run("install", _RELEASE, chart, "--namespace", namespace, "--create-namespace")

    recorded = list(hooks(helm, _RELEASE, namespace))
    jobs = [hook for hook in recorded if hook["kind"] == "Job"]
    with_token = [job for job in jobs if ANNOTATION in job["metadata"]["annotations"]]
    assert (len(recorded), len(jobs)) == (7, 2)
    assert with_token == (jobs if helm.major == 4 else [])
    registered = [
        identity["workload"]["kind"]
        for identity in bridge.identities()
        if identity["workload"]["namespace"] == namespace
    ]
    assert registered.count("Job") == len(with_token)
