"""docs/how-to/pipelines.md does what it says: its trusts take the jobs that it shows, and no others."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.fakes.program import Program
from tests.howto.pages import Step, steps
from tests.integration.bridge_process import TOKEN, BridgeProcess, environment, running
from tests.integration.ci_service import CiService, running_ci_service

pytestmark = pytest.mark.integration

PAGE = REPOSITORY / "docs" / "how-to" / "pipelines.md"
BRIDGE = "https://portshift.example.com"
GITHUB = "https://token.actions.githubusercontent.com"


@pytest.fixture
def ci(tmp_path: Path) -> Iterator[CiService]:
    with running_ci_service(tmp_path) as service:
        yield service


@pytest.fixture
def bridge(tmp_path: Path, ci: CiService) -> Iterator[BridgeProcess]:
    """With the page's trusts, as its commands add them, in a CI service of our own."""
    with running(environment(tmp_path / "data")) as process:
        admin = Program(tmp_path, {"PORTSHIFT_BRIDGE_URL": process.url, "PORTSHIFT_TOKEN": TOKEN})
        for step in _steps():
            if step.file is None:
                program, *arguments = shlex.split(_here(step.text, process, ci).replace("\\\n", " "))
                done = admin.run(*arguments)
                assert (program, done.exit_code) == ("portshift", 0), done.err
        yield process


def _steps() -> list[Step]:
    return list(steps(PAGE))


def _here(text: str, bridge: BridgeProcess, ci: CiService) -> str:
    for issuer in (GITHUB, "https://gitlab.com"):
        text = text.replace(f"--issuer {issuer}", f"--issuer {ci.url} --ca-file {ci.ca}")
    return text.replace(BRIDGE, bridge.url)


def _pipeline(file: str, bridge: BridgeProcess, ci: CiService) -> Any:
    (step,) = [step for step in _steps() if step.file == file]
    return yaml.safe_load(_here(step.text, bridge, ci))


def _login(script: list[str]) -> list[str]:
    (line,) = [line for line in script if line.startswith("portshift login")]
    return shlex.split(line)[1:]


def test_the_github_workflow(bridge: BridgeProcess, ci: CiService, tmp_path: Path) -> None:
    job = _pipeline(".github/workflows/deploy.yaml", bridge, ci)["jobs"]["deploy"]
    arguments = _login([step.get("run", "") for step in job["steps"]])
    assert job["permissions"] == {"contents": "read", "id-token": "write"}

    program = Program(tmp_path, {**job["env"], **ci.github_job})
    done = program.run(*arguments)
    assert (done.exit_code, "logged in as shop:repo:acme/shop" in done.err) == (0, True), done.err

    hijacked = ci.issuer.token(aud=bridge.url, event_name="pull_request_target")
    refused = program.run(*arguments, "--id-token-stdin", stdin=hijacked.encode())
    assert "event_name 'pull_request_target'" in refused.err


def test_the_gitlab_job(bridge: BridgeProcess, ci: CiService, tmp_path: Path) -> None:
    job = _pipeline(".gitlab-ci.yml", bridge, ci)["deploy"]
    audience = job["id_tokens"]["PORTSHIFT_ID_TOKEN"]["aud"]
    arguments = _login(job["script"])

    done = Program(tmp_path, {**job["variables"], **ci.gitlab_job(audience, repository="")}).run(*arguments)
    assert (done.exit_code, "logged in as shop-gitlab:project_path" in done.err) == (0, True), done.err

    fork = {"ref_path": "refs/merge-requests/7/head", "ref_protected": "false", "repository": ""}
    refused = Program(tmp_path, {**job["variables"], **ci.gitlab_job(audience, **fork)}).run(*arguments)
    assert (refused.exit_code, "ref_path 'refs/merge-requests/7/head'" in refused.err) == (1, True)
