"""The how-to page of helm-diff, which compares with what the API server holds."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.helm import REPOSITORY, Helm
from tests.cluster.portshift import ANNOTATION, through_portshift
from tests.howto.pages import follow
from tests.sandbox import sandbox

pytestmark = [pytest.mark.cluster, pytest.mark.helm, pytest.mark.integration]

PAGE = REPOSITORY / "docs" / "how-to" / "helm-diff.md"
HELM_DIFF = REPOSITORY / ".tools" / "bin" / "helm-diff"


@pytest.mark.parametrize("helm", [3], indirect=True, ids=["helm3"])
def test_a_diff_shows_tokens_before_the_first_deployment_and_none_after(
    cluster: ControlPlane, helm: Helm, new_namespace: Callable[[], str], tmp_path: Path
) -> None:
    if not HELM_DIFF.is_file():
        pytest.skip("no .tools/bin/helm-diff; cure: make tools")
    reader = tmp_path / "reader"
    shutil.copytree(REPOSITORY / "tests" / "demo" / "chart", reader / "chart")
    page = tmp_path / PAGE.name
    namespace = new_namespace()
    page.write_text(PAGE.read_text().replace("--namespace shop", f"--namespace {namespace}"))
    with sandbox(tmp_path / "service") as made:
        environment = _with_plugin(helm, tmp_path) | made.environment
        [before] = follow(page, folder=reader, environment=environment)
        deployer = through_portshift(helm, made.bridge)
        deployer.run("install", "shop", reader / "chart", "--namespace", namespace, "--create-namespace")
        [after] = follow(page, folder=reader, environment=environment)
    assert before.count(f"+         {ANNOTATION}: ") == 1
    assert before.count(f"{ANNOTATION}: ") == 2
    assert after.strip() == ""


def _with_plugin(helm: Helm, tmp_path: Path) -> dict[str, str]:
    """The reader's machine: this Helm as ``helm``, and the helm-diff plugin in it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "helm").symlink_to(helm.program)
    plugin = tmp_path / "diff"
    plugin.mkdir()
    (plugin / "plugin.yaml").write_text(
        f"name: diff\nversion: 3.9.14\nusage: diff\ndescription: diff\ncommand: {HELM_DIFF}\n"
    )
    environment = helm.environment | {"PATH": f"{programs}:{helm.environment['PATH']}"}
    subprocess.run(["helm", "plugin", "install", plugin], env=environment, check=True, capture_output=True)
    return environment
