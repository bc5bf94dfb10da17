"""``portshift registries`` as a process: what it sends, shows and exits with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.bridge import FakeBridge, running_bridge
from tests.fakes.program import Program, program_for

pytestmark = pytest.mark.integration

ADD = ("registries", "add", "acme", "--url", "https://acme.example")
PROXY = ("--proxy", "http://proxy.example:3128", "--proxy-username", "bob", "--proxy-password-stdin")


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    with running_bridge() as running:
        yield running


@pytest.fixture
def program(bridge: FakeBridge, tmp_path: Path) -> Program:
    return program_for(bridge, tmp_path)


def check(name: str, status: str = "passed", **more: Any) -> dict[str, Any]:
    return {"name": name, "status": status, "required": True, "cause": None, "cure": None, **more}


def test_each_secret_is_a_line_of_stdin_the_registry_s_first(program: Program, bridge: FakeBridge) -> None:
    done = program.run(*ADD, "--token-stdin", *PROXY, "--no-test", stdin=b"hunter2\nsesame\n")

    assert done.exit_code == 0, done.err
    sent = bridge.registries["acme"]
    assert sent["login"] == {"kind": "token", "secret": "hunter2"}
    assert (sent["proxy"], sent["proxyLogin"]) == (PROXY[1], {"username": "bob", "secret": "sesame"})


def test_a_proxy_s_password_is_never_an_argument_and_needs_its_user(program: Program) -> None:
    assert program.run(*ADD, "--proxy-password", "x").exit_code == 2
    assert "needs --proxy-username" in program.run(*ADD, "--proxy-password-stdin", stdin=b"x\n").err
    without_terminal = program.run(*ADD, "--proxy-username", "bob")
    assert (without_terminal.exit_code, "--proxy-password-stdin" in without_terminal.err) == (2, True)


def test_a_dry_run_tests_and_saves_nothing(program: Program, bridge: FakeBridge) -> None:
    bridge.checks = [check("login")]
    done = program.run(*ADD, "--dry-run")
    assert (done.exit_code, done.out) == (0, b"")
    assert "nothing was saved" in done.err
    assert [path for _, path in bridge.requests] == ["/api/v1/registries/test"]

    bridge.checks = [check("login", "failed", cause="refused", cure="give another")]
    assert program.run(*ADD, "--dry-run").exit_code == 5
    assert program.run(*ADD, "--dry-run", "--no-test").exit_code == 2
    assert not bridge.registries


def test_an_optional_check_that_fails_is_shown_and_stops_nothing(
    program: Program, bridge: FakeBridge
) -> None:
    unwritable = check("properties-writable", "failed", required=False, cause="refused", cure="annotate")
    bridge.checks = [check("login"), unwritable]

    tested = program.run("registries", "test", "acme")
    added = program.run(*ADD)

    assert (tested.exit_code, added.exit_code) == (0, 0)
    header, _, row = tested.out.decode().splitlines()[:3]
    assert header.split() == ["CHECK", "STATUS", "REQUIRED", "CAUSE", "CURE"]
    assert row.split() == ["properties-writable", "failed", "no", "refused", "annotate"]
    assert "properties-writable  failed (optional)  refused  annotate" in added.err
    assert "acme" in bridge.registries


def test_checks_are_json_for_programs(program: Program, bridge: FakeBridge) -> None:
    bridge.checks = [check("name"), check("reachable", "failed", cause="no route")]
    done = program.run("registries", "test", "acme", "-o", "json")
    assert (done.exit_code, done.json) == (4, {"items": bridge.checks, "next": None})


def test_an_update_changes_what_is_given_and_clears_what_is_named(
    program: Program, bridge: FakeBridge
) -> None:
    bridge.registries["acme"] = {"name": "acme", "hosts": ["a.example"], "proxy": "http://old.example"}
    cleared = [flag for part in ("proxy", "proxy-login", "mirrors", "login") for flag in ("--clear", part)]

    done = program.run("registries", "update", "acme", "--host", "*.docker.example", *cleared)

    assert done.exit_code == 0, done.err
    assert bridge.registries["acme"] == {
        "name": "acme",
        "hosts": ["*.docker.example"],
        "proxy": None,
        "proxyLogin": None,
        "mirrors": None,
        "login": None,
    }


def test_an_update_without_a_change_or_with_a_contradiction_is_refused(program: Program) -> None:
    update = ("registries", "update", "acme")
    assert "nothing to change" in program.run(*update).err
    assert "both given and cleared" in program.run(*update, "--host", "x", "--clear", "hosts").err
    assert program.run(*update, "--clear", "name").exit_code == 2


def test_a_list_shows_a_login_that_is_unavailable(program: Program, bridge: FakeBridge) -> None:
    for name, login in (("one", {"kind": "token"}), ("two", {"kind": None, "state": "sealed"})):
        bridge.registries[name] = {"name": name, "url": f"https://{name}.example", "login": login}

    lines = program.run("registries", "list").out.decode().splitlines()

    assert [line.split("-  ")[-1].split() for line in lines[1:]] == [["token"], ["unavailable", "(sealed)"]]


def test_a_removal_says_what_it_cut_off(program: Program, bridge: FakeBridge) -> None:
    bridge.registries["acme"] = {"name": "acme", "url": "https://acme.example"}
    bridge.removal = {"identities": 12, "paths": 340, "secretsLeft": ["registries/acme"]}

    done = program.run("registries", "remove", "acme", "--force")

    assert done.exit_code == 0, done.err
    assert "12 identities name artifacts of it, 340 paths" in done.err
    assert "did not let go of registries/acme" in done.err
    assert bridge.requests[-1] == ("DELETE", "/api/v1/registries/acme?force=true")
