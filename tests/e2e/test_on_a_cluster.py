"""Both Helms on a real API server: dry runs and deployments agree; without a bridge nothing is deployed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane, control_plane
from tests.cluster.helm import isolated_environment
from tests.cluster.portshift import workloads, write_chart
from tests.cluster.processes import free_port
from tests.conftest import REPOSITORY
from tests.e2e.conftest import pointed_at
from tests.e2e.program import Portshift, deployment, one_token, run
from tests.integration.bridge_process import BridgeProcess

pytestmark = [pytest.mark.integration, pytest.mark.cluster, pytest.mark.helm]

TOOLS = REPOSITORY / ".tools" / "bin"
MANIFEST = (
    deployment("web")
    .decode()
    .replace(
        "spec:\n  template:\n    metadata:\n      annotations: {}\n",
        "spec:\n  selector: {matchLabels: {app: web}}\n"
        "  template:\n    metadata:\n      labels: {app: web}\n",
    )
)


@dataclass(frozen=True)
class Deployer:
    """portshift with one Helm, on the cluster."""

    program: Portshift
    chart: Path
    helm: Path

    def releases(self) -> list[str]:
        """The releases of all namespaces with their revisions, failed and pending ones too."""
        everything = ["--all"] if self.helm.name == "helm3" else []  # Helm 4 shows them unasked
        command: list[str | Path] = [self.helm, "list", "-A", "-o", "json", *everything]
        done = run(command, self.program.environment, cwd=self.chart)
        assert done.exit_code == 0, done.err
        return sorted(json.dumps(release, sort_keys=True) for release in json.loads(done.out))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server; the tests are skipped where it was not built."""
    programs = {name: TOOLS / name for name in ("etcd", "kube-apiserver", "helm3", "helm4")}
    if missing := [name for name, path in programs.items() if not path.is_file()]:
        pytest.skip(f"no {missing[0]}; cure: make tools")
    folder = tmp_path_factory.mktemp("control-plane")
    with control_plane(
        etcd=programs["etcd"], kube_apiserver=programs["kube-apiserver"], folder=folder
    ) as made:
        yield made


@pytest.fixture(params=[3, 4], ids=["helm3", "helm4"])
def deployer(
    request: pytest.FixtureRequest, cluster: ControlPlane, bridge: BridgeProcess, tmp_path: Path
) -> Deployer:
    helm = TOOLS / f"helm{request.param}"
    program = pointed_at(bridge.url, tmp_path / "home")
    program = program.given(
        **isolated_environment(program.home, cluster.kubeconfig),
        HELM_BIN=str(helm),
    )
    return Deployer(program, write_chart(tmp_path / "chart", web=MANIFEST), helm)


def test_dry_runs_template_and_the_deployment_have_one_token(
    deployer: Deployer, cluster: ControlPlane
) -> None:
    program = deployer.program
    namespace = f"agree-{deployer.helm.name}"
    where = ("web", deployer.chart, "--namespace", namespace)
    expected = one_token(program.run("template", *where))
    assert one_token(program.run("install", *where, "--dry-run=client")) == expected
    assert one_token(program.run("install", *where, "--dry-run=server")) == expected
    assert one_token(program.run("upgrade", "--install", *where, "--dry-run=client")) == expected

    installed = program.run("install", *where, "--create-namespace")
    assert installed.exit_code == 0, installed.err
    (first,) = workloads(cluster.api, namespace)
    assert first.token == expected
    assert one_token(program.run("upgrade", *where, "--dry-run=server")) == expected
    assert program.run("upgrade", *where).exit_code == 0
    assert workloads(cluster.api, namespace) == [first]

    bound = one_token(program.run("upgrade", *where, "--cluster", "eu-1", "--dry-run=client"))
    body = bound.split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(body + "=="))["aud"] == "portshift:cluster:eu-1"
    assert program.run("upgrade", *where, "--cluster", "eu-1").exit_code == 0
    (second,) = workloads(cluster.api, namespace)
    assert second.token == bound
    assert second.generation == first.generation + 1


def test_without_a_bridge_nothing_is_deployed_and_the_reason_is_kept(
    deployer: Deployer, cluster: ControlPlane
) -> None:
    program = deployer.program.given(PORTSHIFT_BRIDGE_URL=f"http://127.0.0.1:{free_port()}")
    namespace = f"down-{deployer.helm.name}"
    before = deployer.releases()
    done = program.run("install", "web", deployer.chart, "--namespace", namespace, "--create-namespace")
    assert done.exit_code == 4
    assert "refused the connection; start it with `portshift-bridge serve`" in done.err
    assert "refused the connection" in program.run("last-error").out.decode()
    assert workloads(cluster.api, namespace) == []
    assert deployer.releases() == before


def test_without_a_bridge_an_upgrade_leaves_what_runs(deployer: Deployer, cluster: ControlPlane) -> None:
    namespace = f"stays-{deployer.helm.name}"
    where = ("web", deployer.chart, "--namespace", namespace)
    assert deployer.program.run("install", *where, "--create-namespace").exit_code == 0
    running = workloads(cluster.api, namespace)
    releases = deployer.releases()
    down = deployer.program.given(PORTSHIFT_BRIDGE_URL=f"http://127.0.0.1:{free_port()}")
    done = down.run("upgrade", *where, "--set", "a=b")
    assert done.exit_code == 4
    assert workloads(cluster.api, namespace) == running
    assert deployer.releases() == releases
