"""The harness itself: what it starts works, and nothing of it outlives the session."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.helm import REPOSITORY, Helm, HelmFailed
from tests.cluster.portshift import write_chart
from tests.cluster.processes import NotReady, running, wait_until

_JOB = """
apiVersion: batch/v1
kind: Job
metadata:
  name: hook
  annotations: {"helm.sh/hook": pre-install}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: app, image: "acme.jfrog.test/docker/app:1"}]}
"""


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def test_a_block_that_fails_leaves_no_process(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="inside"),
        running(["sleep", "60"], log=tmp_path / "sleep.log") as process,
    ):
        raise RuntimeError("inside")
    assert process.returncode == -signal.SIGTERM


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_killing_the_session_leaves_no_process(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys, time\n"
        "from tests.cluster.processes import running\n"
        f"with running(['sleep', '60'], log=pathlib.Path({str(tmp_path / 'log')!r})) as process:\n"
        "    print(process.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout is not None
        pid = int(session.stdout.readline())
        assert _is_running(pid)
        session.kill()
    deadline = time.monotonic() + 5
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(pid)


def test_a_program_that_ends_early_is_reported_with_its_log(tmp_path: Path) -> None:
    log = tmp_path / "early.log"
    with (
        running(["sh", "-c", "echo no such disk; exit 3"], log=log) as process,
        pytest.raises(NotReady, match=r"(?s)early ended with 3.*no such disk"),
    ):
        wait_until(lambda: False, process=process, log=log, seconds=5)


@pytest.mark.cluster
@pytest.mark.helm
@pytest.mark.usefixtures("finished_jobs")
def test_helm_installs_a_hook_job_and_sees_it_finish(
    helm: Helm, new_namespace: Callable[[], str], cluster: ControlPlane, tmp_path: Path
) -> None:
    namespace = new_namespace()
    chart = write_chart(tmp_path / "hooks", hook=_JOB)
    helm.run("install", "hooks", chart, "--namespace", namespace, "--create-namespace", "--timeout", "30s")
    [job] = cluster.api.items(f"/apis/batch/v1/namespaces/{namespace}/jobs")
    assert job["status"]["succeeded"] == 1


@pytest.mark.cluster
@pytest.mark.helm
def test_without_the_finisher_a_hook_job_never_ends(
    helm: Helm, new_namespace: Callable[[], str], tmp_path: Path
) -> None:
    chart = write_chart(tmp_path / "hooks", hook=_JOB)
    with pytest.raises(HelmFailed, match=r"timed out|deadline|timeout"):
        helm.run(
            *("install", "hooks", chart, "--namespace", new_namespace(), "--create-namespace"),
            *("--timeout", "2s"),
        )
