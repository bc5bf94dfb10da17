"""Pipelines without a stored secret: real bridge, real program, and a CI service with TLS on loopback."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.fakes.program import Outcome, Program
from tests.integration.bridge_process import TOKEN, BridgeProcess, environment, running
from tests.integration.ci_service import BEARER, CiService, running_ci_service

pytestmark = pytest.mark.integration

AUDIENCE = "https://portshift.example.com"
MANIFEST = b"""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers: [{name: web, image: "acme.example.com/shop/web:1"}]
"""


@pytest.fixture
def ci(tmp_path: Path) -> Iterator[CiService]:
    with running_ci_service(tmp_path) as service:
        yield service


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[BridgeProcess]:
    with running(environment(tmp_path / "data", log_level="debug")) as process:
        yield process


@pytest.fixture
def admin(bridge: BridgeProcess, tmp_path: Path) -> Program:
    return Program(tmp_path / "admin", {"PORTSHIFT_BRIDGE_URL": bridge.url, "PORTSHIFT_TOKEN": TOKEN})


@pytest.fixture
def job(bridge: BridgeProcess, tmp_path: Path) -> Program:
    """What a job starts with: an address, an empty home, and no token."""
    return Program(tmp_path / "job", {"PORTSHIFT_BRIDGE_URL": bridge.url})


@pytest.fixture(autouse=True)
def _homes(admin: Program, job: Program) -> None:
    admin.home.mkdir()
    job.home.mkdir()


def _trust(admin: Program, ci: CiService, name: str, *claims: str, ca: bool = True) -> None:
    flags = [f"--claim={claim}" for claim in claims]
    scope = ["--for-cluster", "prod-*", "--for-namespace", "shop"]
    authority = ["--ca-file", str(ci.ca)] if ca else []
    added = admin.run(
        *("access", "trusts", "add", name, "--issuer", ci.url, "--audience", AUDIENCE),
        *flags,
        *scope,
        *authority,
    )
    assert (added.exit_code, added.out) == (0, name.encode() + b"\n"), added.err


def _register(job: Program, *, namespace: str = "shop") -> Outcome:
    return job.run(
        *("post-render", "--cluster", "prod-eu", "--release", "web", "--release-namespace", namespace),
        stdin=MANIFEST,
    )


def _configuration(job: Program) -> Path:
    return job.home / ".config" / "portshift" / "config.yaml"


def test_a_github_job_logs_in_and_registers_within_its_scope(
    ci: CiService, admin: Program, job: Program, bridge: BridgeProcess
) -> None:
    _trust(admin, ci, "github", "repository=acme/shop", "ref=refs/heads/main")

    done = job.run("login", "--oidc", "--audience", AUDIENCE, variables=ci.github_job)

    assert done.exit_code == 0, done.err
    assert "logged in as github:repo:acme/shop:ref:refs/heads/main (deployer) until 20" in done.err
    assert _configuration(job).stat().st_mode & 0o777 == 0o600
    signed = _register(job)
    assert signed.exit_code == 0, signed.err
    assert b"portshift.io/identity: " in signed.out
    outside = _register(job, namespace="other")
    assert (outside.exit_code, outside.out) == (1, b"")
    assert "may sign for clusters prod-* and namespaces shop" in outside.err
    signer = bridge.call("GET", "identities").json()["items"][0]["signedBy"]
    assert signer == "github:repo:acme/shop:ref:refs/heads/main"


def test_a_gitlab_job_logs_in_with_the_token_in_its_variable(
    ci: CiService, admin: Program, job: Program, bridge: BridgeProcess
) -> None:
    _trust(admin, ci, "gitlab", "project_path=acme/shop", "ref_protected=true")

    done = job.run("login", "--oidc", "--url", bridge.url, variables=ci.gitlab_job(AUDIENCE))

    assert done.exit_code == 0, done.err
    assert "gitlab:project_path:acme/shop:ref_type:branch:ref:main (deployer)" in done.err
    assert _register(job).exit_code == 0
    unprotected = ci.gitlab_job(AUDIENCE, ref_protected="false")
    refused = job.run("login", "--oidc", variables=unprotected)
    assert refused.exit_code == 1
    assert "step 10, claims: no trust takes these claims of it: ref_protected 'false'" in refused.err


def test_any_other_service_pipes_its_token_in(ci: CiService, admin: Program, job: Program) -> None:
    _trust(admin, ci, "other", "repository=acme/shop")
    token = ci.issuer.token(aud=AUDIENCE)

    named = ("login", "--oidc", "--id-token-stdin", "--trust")
    assert job.run(*named, "other", stdin=token.encode() + b"\n").exit_code == 0
    refused = job.run(*named, "another", stdin=token.encode())
    assert (refused.exit_code, "no trust named 'another'" in refused.err) == (1, True)


def test_a_job_whose_login_ended_is_told_so_by_the_bridge_and_before_it_is_asked(
    ci: CiService, admin: Program, job: Program, bridge: BridgeProcess, tmp_path: Path
) -> None:
    _trust(admin, ci, "gitlab", "project_path=acme/shop")
    assert job.run("login", "--oidc", variables=ci.gitlab_job(AUDIENCE)).exit_code == 0
    with sqlite3.connect(tmp_path / "data" / "portshift.db") as connection:
        connection.execute("UPDATE sessions SET expires_at = 1767225600000000")
    connection.close()

    by_bridge = _register(job)
    expected = "ended at 2026-01-01T00:00:00.000000Z; run portshift login --oidc again"
    assert (by_bridge.exit_code, expected in by_bridge.err) == (1, True), by_bridge.err

    configuration = yaml.safe_load(_configuration(job).read_text())
    configuration["contexts"][0]["expires"] = "2026-01-02T00:00:00Z"
    _configuration(job).write_text(yaml.safe_dump(configuration))
    bridge.stop()
    before_asking = _register(job)
    assert before_asking.exit_code == 1
    assert "ended at 2026-01-02T00:00:00Z; run portshift login --oidc again" in before_asking.err
    assert "ended at 2026-01-02" in job.run("status").out.decode()


def test_a_trust_that_is_removed_ends_its_logins(ci: CiService, admin: Program, job: Program) -> None:
    _trust(admin, ci, "gitlab", "project_path=acme/shop")
    assert job.run("login", "--oidc", variables=ci.gitlab_job(AUDIENCE)).exit_code == 0
    assert _register(job).exit_code == 0
    listed = admin.run("access", "trusts", "list").out.decode()
    assert "project_path=acme/shop" in listed

    assert admin.run("access", "trusts", "remove", "gitlab").exit_code == 0

    ended = _register(job)
    assert (ended.exit_code, "unknown or was revoked" in ended.err) == (1, True)
    assert admin.run("access", "trusts", "list", "-o", "name").out == b""


def test_an_issuer_that_cannot_be_reached_is_a_neighbours_fault(
    ci: CiService, admin: Program, job: Program
) -> None:
    _trust(admin, ci, "gitlab", "project_path=acme/shop")
    ci.issuer.status = 404

    done = job.run("login", "--oidc", variables=ci.gitlab_job(AUDIENCE))

    assert (done.exit_code, "cannot be had" in done.err) == (4, True), done.err


def test_an_issuer_whose_certificate_is_not_trusted_is_not_believed(
    ci: CiService, admin: Program, job: Program
) -> None:
    _trust(admin, ci, "gitlab", "project_path=acme/shop", ca=False)

    done = job.run("login", "--oidc", variables=ci.gitlab_job(AUDIENCE))

    assert (done.exit_code, "TLS failed" in done.err, "give every trust in it its ca" in done.err) == (
        4,
        True,
        True,
    )


def test_github_is_asked_over_tls_that_is_verified(ci: CiService, job: Program) -> None:
    untrusted = {name: value for name, value in ci.github_job.items() if name != "SSL_CERT_FILE"}
    done = job.run("login", "--oidc", variables=untrusted)
    assert (done.exit_code, "GitHub's token service at https://" in done.err) == (4, True), done.err

    refused = job.run("login", "--oidc", variables={**ci.github_job, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"})
    assert (refused.exit_code, "answered HTTP 403" in refused.err) == (1, True), refused.err


def test_no_token_is_left_anywhere_but_in_the_jobs_own_file(
    ci: CiService, admin: Program, job: Program, bridge: BridgeProcess, tmp_path: Path
) -> None:
    _trust(admin, ci, "github", "repository=acme/shop")
    done = [
        job.run("login", "--oidc", "--audience", AUDIENCE, variables=ci.github_job),
        job.run("login", "--oidc", "--audience", "another", "--name", "x", variables=ci.github_job),
        job.run("login", "--oidc", "--trust", "absent", variables=ci.gitlab_job(AUDIENCE)),
        _register(job),
        _register(job, namespace="other"),
        job.run("status"),
    ]
    assert [each.exit_code for each in done] == [0, 1, 1, 0, 1, 0]
    session = yaml.safe_load(_configuration(job).read_text())["contexts"][0]["token"]
    answers = [
        bridge.call("GET", path).text for path in ("access", "access/trusts", "identities", "/metrics")
    ]
    bridge.stop()

    job_tokens = [part for token in ci.tokens for part in token.split(".")[1:]]
    said = [*bridge.log, *bridge.lines, *answers, *(each.err + each.out.decode() for each in done)]
    own = _configuration(job)
    files = [*(tmp_path / "data").rglob("*"), *(path for path in job.home.rglob("*") if path != own)]
    kept = [path.read_bytes() for path in files if path.is_file()]
    seen = [*kept, *ci.processes, "\n".join(said).encode()]
    assert len(ci.tokens) == 3
    assert any(b"post-render" in line or b"login" in line for line in ci.processes)
    for secret in (session, BEARER, *job_tokens):
        assert not any(secret.encode() in place for place in seen), secret[:8]
    assert any("job login accepted trust=github" in line for line in bridge.log)
