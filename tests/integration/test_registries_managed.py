"""A registry's life with the real program, the real bridge and the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.program import Outcome, Program
from tests.integration.bridge_process import TOKEN, BridgeProcess, environment, running
from tests.standin import Permission, Standin

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Managed:
    """The program, the bridge it talks to, and the Artifactory that is connected."""

    program: Program
    bridge: BridgeProcess
    standin: Standin

    def run(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        return self.program.run("registries", *arguments, stdin=stdin)

    def add(self, name: str, password: bytes, *more: str) -> Outcome:
        login = ("--url", self.standin.url, "--username", "bob", "--password-stdin")
        return self.run("add", name, *login, *more, stdin=password + b"\n")


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[Managed]:
    with Standin() as standin, running(environment(tmp_path / "data")) as bridge:
        standin.add_repository("docker-local")
        standin.push_image("docker-local", "app", "1")
        standin.add_user("bob", "canary-password", permissions=[Permission.of("read", repo="docker-*")])
        variables = {"PORTSHIFT_BRIDGE_URL": bridge.url, "PORTSHIFT_TOKEN": TOKEN}
        yield Managed(Program(tmp_path, variables), bridge, standin)


def test_a_registry_from_its_first_test_to_its_removal(managed: Managed, tmp_path: Path) -> None:
    tried = managed.add("acme", b"canary-password", "--dry-run")
    assert tried.exit_code == 0, tried.err
    assert "properties-writable  failed (optional)" in tried.err
    assert managed.run("list", "-o", "name").out == b""

    assert managed.add("acme", b"canary-password").exit_code == 0
    assert managed.run("test", "acme").exit_code == 0
    assert managed.run("update", "acme", "--host", "*.docker.example", "--exclude", "tmp-*").exit_code == 0
    cleared = managed.run("update", "acme", "--clear", "hosts", "-o", "json").json
    assert (cleared["hosts"], cleared["repositories"]["exclude"]) == ([], ["tmp-*"])
    assert managed.run("remove", "acme", "--force").exit_code == 0

    log = managed.bridge.call("GET", "audit?object=acme")
    assert [each["action"] for each in log.json()["items"]] == [
        "registry.remove",
        "registry.update",
        "registry.update",
        "registry.add",
    ]
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"canary-password" not in written + log.content + "".join(managed.bridge.log).encode()


def test_each_exit_code_says_who_is_at_fault(managed: Managed) -> None:
    refused = managed.add("acme", b"wrong")
    assert (refused.exit_code, refused.error_lines[0].startswith("Error: the check 'login'")) == (5, True)
    assert managed.run("list", "-o", "name").out == b""

    managed.add("acme", b"canary-password")
    managed.standin.fail(503, times=None)
    silent = managed.run("test", "acme", "-o", "json")
    assert silent.exit_code == 4
    assert [each["status"] for each in silent.json["items"]][:2] == ["passed", "failed"]


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://2852039166/",
        "https://metadata.goog",
    ],
)
def test_a_forbidden_address_is_refused_before_anything_is_asked(managed: Managed, url: str) -> None:
    for arguments in (("--dry-run",), ("--no-test",), ("--insecure", "--no-test")):
        assert managed.run("add", "acme", "--url", url, *arguments).exit_code == 1
    through = ("--url", managed.standin.url, "--proxy", url)
    assert managed.run("add", "acme", *through, "--no-test").exit_code == 1
    assert managed.run("list", "-o", "name").out == b""
