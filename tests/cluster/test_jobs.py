"""A Job's template is immutable: its token must sit where an upgrade may change it (DESIGN §4.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.bridge import RunningBridge, running_bridge
from tests.cluster.control_plane import ControlPlane
from tests.cluster.helm import Helm
from tests.cluster.jobs import finish_jobs, is_complete
from tests.cluster.portshift import Workload, through_portshift, workloads, write_chart
from tests.standin.server import Standin

pytestmark = [pytest.mark.cluster, pytest.mark.helm]

_JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: load}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: load
          image: acme.jfrog.test/docker-local/load:1
"""


@pytest.fixture
def artifactory() -> Iterator[Standin]:
    with Standin() as started:
        started.add_repository("docker-local")
        started.push_image("docker-local", "load", "1")
        yield started


@pytest.fixture
def bridge(artifactory: Standin, tmp_path: Path) -> Iterator[RunningBridge]:
    with running_bridge(tmp_path / "bridge") as started:
        started.connect("acme", artifactory.url, hosts=["acme.jfrog.test"])
        yield started


def _job(cluster: ControlPlane, namespace: str) -> Workload:
    [job] = workloads(cluster.api, namespace)
    return job


def test_a_completed_job_is_taken_over_and_follows_its_tag(
    helm: Helm,
    bridge: RunningBridge,
    artifactory: Standin,
    cluster: ControlPlane,
    new_namespace: Callable[[], str],
    tmp_path: Path,
) -> None:
    chart, namespace = write_chart(tmp_path / "load", job=_JOB), new_namespace()
    portshift = through_portshift(helm, bridge)

    helm.run("install", "load", chart, "--namespace", namespace, "--create-namespace")
    finish_jobs(cluster.api)
    assert all(is_complete(job) for job in cluster.api.items(f"/apis/batch/v1/namespaces/{namespace}/jobs"))
    untouched = _job(cluster, namespace)
    portshift.run("upgrade", "load", chart, "--namespace", namespace)
    taken_over = _job(cluster, namespace)
    artifactory.push_image("docker-local", "load", "1", content="moved")
    portshift.run("upgrade", "load", chart, "--namespace", namespace)
    moved = _job(cluster, namespace)

    assert untouched.token is None
    assert taken_over.token is not None
    assert moved.token not in (None, taken_over.token)
    assert untouched.template == taken_over.template == moved.template
    digests = [identity["containers"][0]["digest"] for identity in bridge.identities()]
    assert len(set(digests)) == 2
