"""The how-to pages do what they say, typed by a reader in an empty folder with a chart of his own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.helm import REPOSITORY, isolated_environment
from tests.howto.pages import follow, steps
from tests.sandbox import Sandbox, sandbox

pytestmark = [pytest.mark.helm, pytest.mark.integration]

PAGES = REPOSITORY / "docs" / "how-to"
TOOLS = REPOSITORY / ".tools" / "bin"
ANNOTATION = "portshift.io/identity"


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with sandbox(tmp_path_factory.mktemp("service")) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The reader's folder: the demo's chart in it."""
    shutil.copytree(REPOSITORY / "tests" / "demo" / "chart", tmp_path / "reader" / "chart")
    return tmp_path / "reader"


@pytest.fixture(params=["helm3", "helm4"])
def environment(request: pytest.FixtureRequest, surroundings: Sandbox, tmp_path: Path) -> dict[str, str]:
    """The reader's machine: the sandbox's bridge, one Helm as ``helm``, and the callers on PATH."""
    return _environment(surroundings, tmp_path, request.param)


@pytest.fixture
def with_helm_3(surroundings: Sandbox, tmp_path: Path) -> dict[str, str]:
    return _environment(surroundings, tmp_path, "helm3")


def _environment(surroundings: Sandbox, tmp_path: Path, helm: str) -> dict[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "helm").symlink_to(_tool(helm))
    for name in ("helmfile", "kustomize"):
        if (TOOLS / name).is_file():
            (programs / name).symlink_to(TOOLS / name)
    environment = isolated_environment(tmp_path / "home", tmp_path / "kubeconfig") | surroundings.environment
    return environment | {"PATH": f"{programs}{os.pathsep}{environment['PATH']}"}


def _tool(name: str) -> Path:
    if not (TOOLS / name).is_file():
        pytest.skip(f"no .tools/bin/{name}; cure: make tools")
    return TOOLS / name


def test_helmfile(with_helm_3: dict[str, str], folder: Path) -> None:
    _tool("helmfile")
    [rendered] = follow(PAGES / "helmfile.md", folder=folder, environment=with_helm_3)
    assert signed_subjects(rendered) == {"Deployment/shop-web", "CronJob/shop-report"}


def test_argo_cd(environment: dict[str, str], folder: Path) -> None:
    """Argo CD runs ``generate`` in the chart's folder, and names the application in the environment."""
    [plugin] = [step for step in steps(PAGES / "argo-cd.md") if step.file == "plugin.yaml"]
    generate = yaml.safe_load(plugin.text)["spec"]["generate"]
    done = subprocess.run(
        [*generate["command"], *generate["args"]],
        cwd=folder / "chart",
        env=environment | {"ARGOCD_APP_NAME": "shop", "ARGOCD_APP_NAMESPACE": "shop"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Deployment/shop-web" in signed_subjects(done.stdout)


def test_flux(environment: dict[str, str], folder: Path) -> None:
    follow(PAGES / "flux.md", folder=folder, environment=environment)
    assert "Deployment/shop-web" in signed_subjects((folder / "deploy" / "shop" / "shop.yaml").read_text())


def test_kustomize(with_helm_3: dict[str, str], folder: Path) -> None:
    """Both ways of the page, the pipe and the KRM function, sign the same."""
    _tool("kustomize")
    (folder / "overlay").mkdir()
    (folder / "overlay" / "kustomization.yaml").write_text("resources: [deployment.yaml]\n")
    (folder / "overlay" / "deployment.yaml").write_text(DEPLOYMENT)
    outputs = follow(PAGES / "kustomize.md", folder=folder, environment=with_helm_3)
    piped, transformed = (yaml.safe_load(output) for output in outputs if output)
    tokens = {
        document["spec"]["template"]["metadata"]["annotations"][ANNOTATION]
        for document in (piped, transformed)
    }
    assert len(tokens) == 1


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: acme.example.com/docker-local/shop/web:1.0
"""


def signed_subjects(manifests: str) -> set[str]:
    """``Kind/name`` of every object with a token somewhere in its pod template."""
    documents = [document for document in yaml.safe_load_all(manifests) if document]
    return {
        f"{document['kind']}/{document['metadata']['name']}" for document in documents if _signed(document)
    }


def _signed(value: Any) -> bool:
    if isinstance(value, dict):
        return ANNOTATION in value or any(_signed(part) for part in value.values())
    return isinstance(value, list) and any(_signed(part) for part in value)
