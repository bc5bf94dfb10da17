"""Real Helms, each in a home of its own, and a chart to render."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.fakes.bridge import TOKEN, FakeBridge, running_bridge
from tests.fakes.program import Outcome, run

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  template:
    metadata:
      labels: {app: web}   # flow, with a comment
    spec:
      containers:
      - name: app
        image: {{ .Values.image }}
"""
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    "helm.sh/hook": pre-install
spec:
  template:
    spec:
      containers:
      - name: migrate
        image: acme.example/docker/migrate:1
"""


@dataclass(frozen=True)
class Helm:
    """A Helm program with plugins, caches and home below ``home``."""

    path: Path
    major: int
    home: Path
    bridge: FakeBridge

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "HELM_DATA_HOME": str(self.home / "data"),
            "HELM_CACHE_HOME": str(self.home / "cache"),
            "HELM_CONFIG_HOME": str(self.home / "config"),
            "PORTSHIFT_PYTHON": sys.executable,
            "PORTSHIFT_BRIDGE_URL": self.bridge.url,
            "PORTSHIFT_TOKEN": TOKEN,
        }

    def run(self, *arguments: str, variables: dict[str, str] | None = None) -> Outcome:
        return run(
            [str(self.path), *arguments],
            environ={**self.environ, **(variables or {})},
            stdin=b"",
            seconds=120,
            cwd=self.home,
        )

    def install_plugin(self, folder: Path = REPOSITORY) -> None:
        done = self.run("plugin", "install", str(folder))
        assert done.exit_code == 0, done.err


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    with running_bridge() as running:
        yield running


def _helm(major: int, home: Path, bridge: FakeBridge) -> Helm:
    path = REPOSITORY / ".tools" / "bin" / f"helm{major}"
    if not path.exists():
        pytest.skip(f"no Helm {major}: `make tools` builds it")
    return Helm(path, major, home, bridge)


@pytest.fixture(params=[3, 4], ids=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tmp_path: Path, bridge: FakeBridge) -> Helm:
    return _helm(request.param, tmp_path, bridge)


@pytest.fixture
def helm3(tmp_path: Path, bridge: FakeBridge) -> Helm:
    return _helm(3, tmp_path, bridge)


@pytest.fixture
def helm4(tmp_path: Path, bridge: FakeBridge) -> Helm:
    return _helm(4, tmp_path, bridge)


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A Deployment and a hook, in a folder whose name has a space."""
    folder = tmp_path / "my charts" / "web"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 0.1.0\n")
    (folder / "values.yaml").write_text("image: acme.example/docker/web:1\n")
    (folder / "templates" / "deployment.yaml").write_text(DEPLOYMENT)
    (folder / "templates" / "hook.yaml").write_text(HOOK)
    return folder
