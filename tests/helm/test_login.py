"""``helm portshift login --oidc`` is the same program as ``portshift login --oidc``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helm.conftest import Helm
from tests.integration.bridge_process import TOKEN, environment, running
from tests.integration.ci_service import running_ci_service

pytestmark = pytest.mark.helm

AUDIENCE = "https://portshift.example.com"


def test_a_job_logs_in_through_helm(helm: Helm, tmp_path: Path) -> None:
    helm.install_plugin()
    with running_ci_service(tmp_path) as ci, running(environment(tmp_path / "data")) as bridge:
        trust = ["--issuer", ci.url, "--ca-file", str(ci.ca), "--audience", AUDIENCE]
        admin = {"PORTSHIFT_BRIDGE_URL": bridge.url, "PORTSHIFT_TOKEN": TOKEN}
        claim = ["--claim", "repository=acme/shop"]
        added = helm.run("portshift", "access", "trusts", "add", "ci", *trust, *claim, variables=admin)
        assert added.exit_code == 0, added.err

        job = ["portshift", "login", "--oidc", "--url", bridge.url, "--audience", AUDIENCE]
        done = helm.run(*job, variables=ci.github_job)

        assert (done.exit_code, "logged in as ci:repo:acme/shop" in done.err) == (0, True), done.err
