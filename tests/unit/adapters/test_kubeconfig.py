from __future__ import annotations

import os
from pathlib import Path

import pytest

from portshift.adapters.kubeconfig import context_namespace

DEV = """
current-context: dev
contexts:
- {name: dev, context: {cluster: c, user: u, namespace: shop}}
- {name: bare, context: {cluster: c, user: u}}
"""
PROD = """
current-context: prod
contexts:
- {name: prod, context: {cluster: c, namespace: prod-shop}}
- {name: dev, context: {cluster: c, namespace: never}}
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "dev").write_text(DEV)
    (tmp_path / "prod").write_text(PROD)
    joined = os.pathsep.join([str(tmp_path / "absent"), str(tmp_path / "dev"), str(tmp_path / "prod")])
    return {"KUBECONFIG": joined, "HOME": str(tmp_path)}


def test_the_first_file_that_names_a_thing_wins(files: dict[str, str]) -> None:
    found = context_namespace(files)
    assert (found.value, found.source) == ("shop", "kubeconfig context dev")


def test_another_context_may_be_named(files: dict[str, str]) -> None:
    assert context_namespace(files, context="prod").value == "prod-shop"
    assert context_namespace({**files, "HELM_KUBECONTEXT": "prod"}).value == "prod-shop"


def test_one_file_may_be_named(files: dict[str, str], tmp_path: Path) -> None:
    assert context_namespace(files, kubeconfig=str(tmp_path / "prod")).value == "prod-shop"


def test_the_usual_file_is_read_without_any_variable(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(DEV)
    assert context_namespace({"HOME": str(tmp_path)}).value == "shop"


def test_a_context_without_namespace_says_nothing(files: dict[str, str]) -> None:
    assert context_namespace(files, context="bare").value is None


@pytest.mark.parametrize(
    "content", ["{", "[1, 2]", "contexts: 3", "\x00", "contexts: [1]\ncurrent-context: a"]
)
def test_a_file_that_is_no_kubeconfig_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "config").write_text(content)
    assert context_namespace({"KUBECONFIG": str(tmp_path / "config")}).value is None


def test_inside_a_cluster_the_pods_own_namespace_is_used(tmp_path: Path) -> None:
    (tmp_path / "namespace").write_text("runner\n")
    (tmp_path / "token").write_text("t")
    environ = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert context_namespace(environ, service_account=tmp_path).value == "runner"
    assert context_namespace({"HOME": str(tmp_path)}, service_account=tmp_path).value is None
