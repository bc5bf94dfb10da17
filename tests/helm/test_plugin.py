"""The plugins and the wrapper, in real Helms."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import portshift
from portshift.core.helm_command import SHORT_FLAGS, VALUE_FLAGS
from portshift.core.wire import Intent
from portshift.core.wire import Outcome as Found
from tests.conftest import REPOSITORY
from tests.fakes.bridge import FakeBridge
from tests.helm.conftest import Helm

pytestmark = pytest.mark.helm

WEB = "acme.example/docker/web:1"


def _token(output: bytes, kind: str = "Deployment") -> Any:
    for document in yaml.safe_load_all(output):
        if document and document["kind"] == kind:
            annotations = document["spec"]["template"].get("metadata", {}).get("annotations", {})
            return annotations.get("portshift.io/identity")
    raise AssertionError(f"no {kind} in {output!r}")


def test_the_plugin_installs_from_a_folder_and_runs(helm: Helm) -> None:
    helm.install_plugin()
    done = helm.run("portshift", "version")
    assert done.out.decode().strip() == portshift.__version__, done.err


def test_exit_codes_pass_through(helm: Helm) -> None:
    helm.install_plugin()
    assert helm.run("portshift", "identities", "nonsense").exit_code == 2
    assert (
        helm.run("portshift", "status", variables={"PORTSHIFT_BRIDGE_URL": "http://127.0.0.1:1"}).exit_code
        == 4
    )


def test_the_wrapper_signs_and_knows_the_release(helm: Helm, bridge: FakeBridge, chart: Path) -> None:
    helm.install_plugin()
    done = helm.run("portshift", "template", "web", str(chart), "-n", "shop", "--environment", "prod")
    assert done.exit_code == 0, done.err
    assert _token(done.out).startswith("token.")
    (request,) = bridge.registrations
    assert (request.release.name, request.release.namespace, request.environment) == ("web", "shop", "prod")
    assert request.intent is Intent.RENDER
    assert request.workloads[0].workload.namespace == "shop"


def test_the_wrapper_leaves_nothing_behind(helm: Helm, chart: Path, tmp_path: Path) -> None:
    helm.install_plugin()
    temporary = tmp_path / "a tmp"
    temporary.mkdir()
    done = helm.run("portshift", "template", "web", str(chart), variables={"TMPDIR": str(temporary)})
    assert done.exit_code == 0, done.err
    assert list(temporary.iterdir()) == []


def test_a_dry_run_is_no_deployment(helm4: Helm, bridge: FakeBridge, chart: Path) -> None:
    helm4.install_plugin()
    done = helm4.run("portshift", "install", "web", str(chart), "--dry-run=client")
    assert done.exit_code == 0, done.err
    assert bridge.registrations[0].intent is Intent.RENDER
    assert bridge.registrations[0].release.name == "web"


def test_a_python_in_a_folder_with_spaces_is_run(helm: Helm, chart: Path, tmp_path: Path) -> None:
    helm.install_plugin()
    folder = tmp_path / "Program Files"
    folder.mkdir()
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    code = f"import sys; sys.executable = {str(python)!r}\nfrom portshift.cli.main import main\nmain()"
    shim = tmp_path / "shim.py"
    shim.write_text(code)
    starter = tmp_path / "starter"
    starter.write_text(f'#!/bin/sh\nshift 3\nexec "{sys.executable}" "{shim}" "$@"\n')
    starter.chmod(0o755)
    done = helm.run("portshift", "template", "web", str(chart), variables={"PORTSHIFT_PYTHON": str(starter)})
    assert done.exit_code == 0, done.err
    assert _token(done.out).startswith("token.")


def test_a_failed_rendering_gives_its_own_exit_code_and_line(
    helm: Helm, bridge: FakeBridge, chart: Path
) -> None:
    helm.install_plugin()
    bridge.outcomes[WEB] = Found.UNREACHABLE
    done = helm.run("portshift", "template", "web", str(chart))
    assert (done.exit_code, done.out) == (4, b"")
    assert done.err.count(f"image '{WEB}': unreachable in the fake") == 1
    last = helm.run("portshift", "last-error")
    assert b"post-render" in last.out
    assert b"unreachable in the fake" in last.out


def test_a_revoked_identity_blocks_with_exit_code_3(helm: Helm, bridge: FakeBridge, chart: Path) -> None:
    helm.install_plugin()
    bridge.revoked.add(
        _token(helm.run("portshift", "template", "web", str(chart)).out).removeprefix("token.")
    )
    assert helm.run("portshift", "template", "web", str(chart)).exit_code == 3


def test_warnings_reach_the_person(helm: Helm, bridge: FakeBridge, chart: Path) -> None:
    helm.install_plugin()
    bridge.outcomes[WEB] = Found.UNCONNECTED
    done = helm.run("portshift", "template", "web", str(chart))
    assert done.exit_code == 0
    assert done.err.count(f"image '{WEB}': unconnected in the fake") == 1


def test_helms_own_failure_keeps_its_exit_code(helm: Helm, chart: Path) -> None:
    helm.install_plugin()
    done = helm.run("portshift", "template", "web", str(chart / "absent"))
    assert done.exit_code == 1
    assert "absent" in done.err


def test_a_post_renderer_of_ones_own_is_refused(helm: Helm, chart: Path) -> None:
    helm.install_plugin()
    done = helm.run("portshift", "template", "web", str(chart), "--post-renderer", "cat")
    assert done.exit_code == 2
    assert "--post-renderer" in done.err


def test_helm_3_runs_the_program_as_a_post_renderer(helm3: Helm, bridge: FakeBridge, chart: Path) -> None:
    launcher = str(REPOSITORY / "helm-plugin" / "bin" / "portshift")
    flags = ["--post-renderer", launcher, "--post-renderer-args", "post-render"]
    plain = helm3.run("template", "web", str(chart), "--no-hooks")
    done = helm3.run("template", "web", str(chart), "--no-hooks", "-n", "shop", *flags)
    assert done.exit_code == 0, done.err
    added = [line for line in done.out.splitlines() if line not in plain.out.splitlines()]
    assert [line.split(b":")[0].strip() for line in added] == [b"annotations", b"portshift.io/identity"]
    (request,) = bridge.registrations
    assert (request.release.name, request.workloads[0].workload.namespace) == ("web", "shop")
    assert request.release.chart == str(chart)


def test_helm_3_runs_the_plugin_as_a_post_renderer(helm3: Helm, bridge: FakeBridge, chart: Path) -> None:
    helm3.install_plugin()
    flags = ["--post-renderer", str(helm3.path)]
    flags += ["--post-renderer-args", "portshift", "--post-renderer-args", "post-render"]
    done = helm3.run("template", "web", str(chart), "-n", "shop", *flags)
    assert done.exit_code == 0, done.err
    assert bridge.registrations[0].workloads[0].workload.namespace == "shop"


def test_helm_4_runs_the_installed_post_renderer_hooks_too(
    helm4: Helm, bridge: FakeBridge, chart: Path
) -> None:
    helm4.install_plugin()
    helm4.install_plugin(REPOSITORY / "helm-plugin" / "post-renderer")
    done = helm4.run("template", "web", str(chart), "--post-renderer", "portshift-post-renderer", "-nshop")
    assert done.exit_code == 0, done.err
    assert _token(done.out).startswith("token.")
    (request,) = bridge.registrations
    assert {workload.workload.kind for workload in request.workloads} == {"Deployment", "Job"}
    assert (request.release.name, request.workloads[0].workload.namespace) == ("web", "shop")


def test_an_output_folder_gets_what_helm_writes_there(helm3: Helm, chart: Path, tmp_path: Path) -> None:
    # Helm 3 gives the post-renderer nothing then (helm #10115): nothing in, nothing out.
    helm3.install_plugin()
    done = helm3.run("portshift", "template", "web", str(chart), "--output-dir", str(tmp_path / "out"))
    assert done.exit_code == 0, done.err


def test_completion_through_helm(helm: Helm) -> None:
    helm.install_plugin()
    names = helm.run("__complete", "portshift", "identities", "").out.decode().split()
    assert {"list", "show", "verify", "export", "revoke", "restore"} <= set(names)
    flags = helm.run("__complete", "portshift", "identities", "list", "--in").out.decode()
    assert "--in-namespace" in flags
    roles = helm.run("__complete", "portshift", "completion", "").out.decode().split()
    assert {"bash", "zsh", "fish"} <= set(roles)


@pytest.mark.parametrize("command", ["install", "upgrade", "template"])
def test_the_flag_table_is_helms(helm: Helm, command: str) -> None:
    text = helm.run(command, "--help").out.decode()
    found = re.findall(r"^\s+(?:-(\w), )?\s*--([\w-]+)(?: (\S+))?  ", text, re.MULTILINE)
    assert len(found) > 40
    for short, name, kind in found:
        takes_value = bool(kind) and "[=" not in kind
        if name == "server-side":
            assert takes_value == (command == "upgrade" and helm.major == 4)
        else:
            assert takes_value == (name in VALUE_FLAGS), name
        if short:
            assert SHORT_FLAGS[short] == name
