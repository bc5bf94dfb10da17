"""The commands around the bridge, as processes."""

from __future__ import annotations

import csv
import io
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.fakes.bridge import TOKEN, FakeBridge, running_bridge, stored_identity
from tests.fakes.program import Program, program_for, run

pytestmark = pytest.mark.integration


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    with running_bridge() as running:
        yield running


@pytest.fixture
def program(bridge: FakeBridge, tmp_path: Path) -> Program:
    return program_for(bridge, tmp_path)


def test_identities_are_listed_with_what_a_person_looks_for(program: Program, bridge: FakeBridge) -> None:
    bridge.identities = [stored_identity("web"), stored_identity("api", status="revoked")]
    lines = program.run("identities", "list").out.decode().splitlines()
    assert lines[0].split() == [
        "ID",
        "STATUS",
        "NAMESPACE",
        "WORKLOAD",
        "KNOWN",
        "IMAGES",
        "DIGESTS",
        "ISSUED",
    ]
    assert lines[1].split()[1:6] == ["active", "shop", "Deployment/web", "1/1", "acme.example/docker/web:1"]
    assert lines[2].split()[1] == "revoked"


def test_the_namespace_is_helms_unless_said_otherwise(program: Program, bridge: FakeBridge) -> None:
    bridge.identities = [stored_identity("web"), stored_identity("api", namespace="team-a")]
    helm = {"HELM_NAMESPACE": "shop"}

    def names(*arguments: str, variables: dict[str, str] | None = None) -> list[str]:
        found = program.run("identities", "list", "-o", "json", *arguments, variables=variables)
        return [item["workload"]["name"] for item in found.json["items"]]

    assert names() == ["web", "api"]
    assert names(variables=helm) == ["web"]
    assert names("-A", variables=helm) == ["web", "api"]
    assert names("--in-namespace", "team-a", variables=helm) == ["api"]
    assert program.run("identities", "list", "-A", "--in-namespace", "x").exit_code == 2
    assert "HELM_NAMESPACE" in program.run("identities", "list", variables=helm).err


def test_lists_follow_every_page_and_stop_at_the_limit(program: Program, bridge: FakeBridge) -> None:
    bridge.identities = [stored_identity(f"web-{number}") for number in range(1200)]
    assert len(program.run("identities", "list", "-o", "name").out.split()) == 1200
    assert len(bridge.requests) == 3
    cut = program.run("identities", "list", "-o", "json", "--limit", "7").json
    assert (len(cut["items"]), cut["next"]) == (7, "7")
    rest = program.run("identities", "list", "-o", "json", "--limit", "2", "--cursor", cut["next"]).json
    assert rest["items"] == bridge.identities[7:9]


def test_csv_has_every_column(program: Program, bridge: FakeBridge) -> None:
    bridge.identities = [stored_identity("web")]
    (row,) = csv.DictReader(io.StringIO(program.run("identities", "list", "-o", "csv").out.decode()))
    assert row["artifacts"] == "acme/docker/web/1/manifest.json"


def test_an_identity_is_shown_revoked_and_restored(program: Program, bridge: FakeBridge) -> None:
    bridge.identities = [stored_identity("web")]
    prefix = bridge.identities[0]["id"][:10]
    assert yaml.safe_load(program.run("identities", "show", prefix).out)["workload"]["name"] == "web"
    revoked = program.run("identities", "revoke", prefix, "--reason", "CVE", "-o", "json")
    assert (revoked.json["status"], revoked.json["revokedReason"]) == ("revoked", "CVE")
    assert "no cluster refuses it yet" in revoked.err
    assert program.run("identities", "restore", prefix, "-o", "json").json["status"] == "active"
    assert program.run("identities", "revoke", prefix).exit_code == 2
    missing = program.run("identities", "show", "ffffffff")
    assert (missing.exit_code, missing.out) == (1, b"")


PASSED = {"name": "login", "status": "passed", "cause": None, "cure": None}


def test_a_registry_is_tested_before_it_is_added(program: Program, bridge: FakeBridge) -> None:
    bridge.checks = [PASSED]
    added = program.run(
        *[
            "registries",
            "add",
            "acme",
            "--url",
            "https://acme.example",
            "--username",
            "ci",
            "--password-stdin",
        ],
        *["--mirror", "docker.io=docker-remote", "-o", "json"],
        stdin=b"hunter2\n",
    )
    assert added.exit_code == 0, added.err
    assert [path for _, path in bridge.requests] == ["/api/v1/registries/test", "/api/v1/registries"]
    assert bridge.registries["acme"]["login"] == {"kind": "password", "username": "ci", "secret": "hunter2"}
    assert bridge.registries["acme"]["mirrors"] == ["docker.io=docker-remote"]
    assert b"hunter2" not in added.out
    assert "hunter2" not in added.err
    assert program.run("registries", "list", "-o", "name").out == b"acme\n"


@pytest.mark.parametrize(("check", "exit_code"), [("reachable", 4), ("tls", 4), ("login", 5), ("aql", 5)])
def test_a_failed_check_stops_the_adding(
    program: Program, bridge: FakeBridge, check: str, exit_code: int
) -> None:
    bridge.checks = [{"name": check, "status": "failed", "cause": "it is so", "cure": "change it"}]
    done = program.run("registries", "add", "acme", "--url", "https://acme.example")
    assert done.exit_code == exit_code
    assert done.error_lines == [f"Error: the check '{check}' failed: it is so; change it"]
    assert not bridge.registries
    assert program.run("registries", "test", "acme").exit_code == exit_code
    assert (
        program.run("registries", "add", "acme", "--url", "https://acme.example", "--no-test").exit_code == 0
    )


def test_secrets_are_never_arguments_and_come_from_one_place(program: Program) -> None:
    add = ["registries", "add", "acme", "--url", "https://acme.example"]
    assert program.run(*add, "--username", "ci").exit_code == 2
    assert program.run(*add, "--token-stdin", "--api-key-stdin").exit_code == 2
    assert program.run(*add, "--token-stdin").exit_code == 2
    assert program.run(*add, "--password", "x").exit_code == 2


def test_access_is_created_and_its_token_shown_once(program: Program) -> None:
    done = program.run("access", "create", "ci", "--role", "deployer", "--for-namespace", "shop")
    assert done.out == b"the-new-token\n"
    assert program.run("access", "revoke", "ci").exit_code == 0


def test_login_checks_and_keeps_the_token(bridge: FakeBridge, tmp_path: Path) -> None:
    program = Program(tmp_path)
    arguments = ["login", "--url", bridge.url, "--token-stdin", "--name", "here", "--cluster", "eu"]
    refused = program.run(*arguments, stdin=b"wrong\n")
    assert refused.exit_code == 1
    assert not (tmp_path / ".config").exists()
    assert program.run(*arguments, stdin=TOKEN.encode()).exit_code == 0
    file = tmp_path / ".config" / "portshift" / "config.yaml"
    assert file.stat().st_mode & 0o777 == 0o600
    status = program.run("status", "-o", "json").json
    assert status["bridge"]["url"] == {"value": bridge.url, "source": "context here"}
    assert (status["bridge"]["name"], status["rendering"]["cluster"]["value"]) == ("ci", "eu")
    assert TOKEN not in str(status)


def test_a_contexts_token_is_shown_to_no_other_bridge(bridge: FakeBridge, tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.run("login", "--url", bridge.url, "--token-stdin", stdin=TOKEN.encode())
    with running_bridge() as other:
        assert program.run("registries", "list", "--bridge", other.url).exit_code == 1
    assert program.run("registries", "list").exit_code == 0


def test_status_without_a_bridge_says_so(tmp_path: Path) -> None:
    done = Program(tmp_path, {"PORTSHIFT_BRIDGE_URL": "http://127.0.0.1:1"}).run("status", "-o", "json")
    assert done.exit_code == 4
    assert done.json["bridge"]["reachable"] is False


def test_images_are_listed_with_their_places(program: Program, tmp_path: Path) -> None:
    pod = (
        b"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: a, image: nginx}\n"
    )
    (place,) = program.run("images", "-o", "json", stdin=pod).json
    assert place == {
        "document": 1,
        "line": 6,
        "apiVersion": "v1",
        "kind": "Pod",
        "name": "p",
        "namespace": "default",
        "container": "a",
        "field": "spec.containers[0].image",
        "reference": "nginx",
        "token": "metadata.annotations",
        "reason": None,
    }
    (tmp_path / "bad.yaml").write_text("a: {")
    bad = program.run("images", "bad.yaml")
    assert bad.exit_code == 1
    assert "bad.yaml" in bad.err
    assert program.run("images", "absent.yaml").exit_code == 1


def test_a_reader_that_goes_away_is_no_fault(program: Program, bridge: FakeBridge, tmp_path: Path) -> None:
    bridge.identities = [stored_identity(f"web-{number}") for number in range(3000)]
    script = f"'{sys.executable}' -m portshift identities list -o json | head -c 10"
    done = run(["bash", "-c", script], environ=program.environ, stdin=b"", seconds=60, cwd=tmp_path)
    assert "Traceback" not in done.err
    assert "Error" not in done.err


def test_post_render_loads_only_what_it_needs(program: Program) -> None:
    pod = b"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: nginx}]}\n"
    code = (
        "import sys; from portshift.cli.main import run; code = run(sys.argv[1:]);"
        "unneeded = {'requests', 'rich', 'cryptography', 'psutil'};"
        "print(code, *sorted(unneeded & sys.modules.keys()), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "post-render", "--release", "r", "--release-namespace", "n"]
    command += ["--intent", "render"]
    done = run(command, environ=program.environ, stdin=pod, seconds=60, cwd=program.home)
    assert done.err == "0\n"
    assert b"portshift.io/identity" in done.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(program: Program, shell: str) -> None:
    assert b"portshift" in program.run("completion", shell).out


def test_helm_is_answered_with_candidates_and_a_directive(program: Program) -> None:
    lines = program.run("__complete", "--", "identities", "list", "--status", "").out.decode().splitlines()
    assert lines == ["active", "revoked", ":4"]


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_a_table_with_colour_unless_refused(
    program: Program, bridge: FakeBridge, variables: dict[str, str], coloured: bool
) -> None:
    bridge.registries = {"acme": {"name": "acme", "url": "https://acme.example/[bold]"}}
    shown = _on_a_terminal(
        [sys.executable, "-m", "portshift", "registries", "list"], {**program.environ, **variables}
    )
    assert b"https://acme.example/[bold]" in shown
    assert (b"\x1b[" in shown) == coloured


def _on_a_terminal(command: list[str], environ: dict[str, str]) -> bytes:
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        command, stdout=terminal, stdin=subprocess.DEVNULL, env={**environ, "TERM": "xterm"}
    ):
        os.close(terminal)
        shown = b""
        try:
            while part := os.read(controller, 4096):
                shown += part
        except OSError:
            pass  # Linux ends a terminal whose other side was closed with EIO
    os.close(controller)
    return shown
