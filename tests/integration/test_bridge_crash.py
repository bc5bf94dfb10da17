"""A bridge that crashes leaves no memory behind: logins and keys would be in it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.bridge_process import environment, running

pytestmark = pytest.mark.integration


def _allow_core_dumps() -> None:
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def _dumps_core(process: subprocess.Popen[str]) -> bool:
    process.send_signal(signal.SIGSEGV)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return os.WCOREDUMP(status)


def test_a_crash_dumps_no_core(tmp_path: Path) -> None:
    with running(environment(tmp_path / "data"), preexec=_allow_core_dumps) as bridge:
        assert _dumps_core(bridge.process) is False


def test_another_program_would_dump_one(tmp_path: Path) -> None:
    """The test above can fail on this machine, or says why not."""
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("core dumps are forbidden for every program here")
    sleeping = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
    with subprocess.Popen(
        sleeping, cwd=tmp_path, preexec_fn=_allow_core_dumps, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert _dumps_core(process) is True
