"""Bridges, registries and disks that fail: one clear line, exit code 4 or 1, no output, nothing half-done."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.portshift import write_chart
from tests.cluster.processes import free_port
from tests.e2e.conftest import Shop, pointed_at
from tests.e2e.impostors import http, http_json, impostor, slow_proxy
from tests.e2e.program import Portshift, deployment, failed, one_token
from tests.integration.bridge_process import BridgeProcess, environment, running
from tests.integration.small_disk import mounted

pytestmark = pytest.mark.integration

WEB = deployment()
ANSWER = {"registration": "r", "workloads": []}
IMPOSTORS = {
    "error": (http("500 Internal Server Error", b"oops", "text/plain"), "failed with HTTP 500"),
    "gateway": (http("502 Bad Gateway", b"<html>nginx</html>", "text/html"), "failed with HTTP 502"),
    "half": (http("200 OK", b'{"work', "application/json", length=5_000), "broke off its answer"),
    "closed": (b"", "broke off its answer"),
    "not-http": (b"SSH-2.0-OpenSSH_9.2\r\n", "broke off its answer"),
    "page": (http("200 OK", b"<html>Welcome</html>", "text/html"), "does not answer as a portshift bridge"),
    "not-found": (http("404 Not Found", b"{}", "application/json"), "does not answer as a portshift bridge"),
    "other-json": (http_json({"status": "UP"}), "does not answer as a portshift bridge"),
    "list": (http_json([1, 2, 3]), "does not answer as a portshift bridge"),
    "deep-json": (http("200 OK", b"[" * 200_000, "application/json"), "does not answer as a portshift"),
    "no-workloads": (http_json(ANSWER), "does not answer as a portshift bridge"),
    "odd-workloads": (
        http_json({**ANSWER, "workloads": [{"id": 1}]}),
        "does not answer as a portshift bridge",
    ),
    "redirect": (http("302 Found", b"", "text/html", "Location: http://evil.example/"), "a redirect to"),
    "login-page": (http("401 Unauthorized", b"<html>", "text/html"), "does not answer as a portshift bridge"),
}


@pytest.mark.parametrize("case", IMPOSTORS)
def test_a_bridge_that_is_none(tmp_path: Path, case: str) -> None:
    answer, says = IMPOSTORS[case]
    with impostor(answer) as wrong:
        failed(pointed_at(wrong.url, tmp_path / "home").run("post-render", stdin=WEB), 4, says=says)


def test_a_bridge_that_hangs(tmp_path: Path) -> None:
    with impostor(None) as silent:
        program = pointed_at(silent.url, tmp_path / "home").given(PORTSHIFT_TIMEOUT="1")
        done = program.run("post-render", stdin=WEB)
    failed(done, 4, says="within 1 s; try again")
    assert done.seconds < 5


def test_a_bridge_that_is_not_there(tmp_path: Path) -> None:
    program = pointed_at(f"http://127.0.0.1:{free_port()}", tmp_path / "home")
    failed(program.run("post-render", stdin=WEB), 4, says="refused the connection; start it with")


@pytest.mark.parametrize(
    "command",
    ["identities list", "registries list", "access list", "identities verify", "login --token-stdin"],
)
def test_other_commands_say_the_same_of_another_service(tmp_path: Path, command: str) -> None:
    with impostor(http_json({"status": "UP"})) as wrong:
        url = ["--url", wrong.url] if command.startswith("login") else []
        done = pointed_at(wrong.url, tmp_path / "home").run(*command.split(), *url, stdin=b"secret-of-login")
    failed(done, 4, says="does not answer as a portshift bridge")
    assert not (tmp_path / "home" / ".config").exists()


def test_the_status_shows_another_service_as_unreachable(tmp_path: Path) -> None:
    with impostor(http_json({"status": "UP"})) as wrong:
        done = pointed_at(wrong.url, tmp_path / "home").run("status", "-o", "json")
    assert done.exit_code == 4
    assert json.loads(done.out)["bridge"]["reachable"] is False


@pytest.mark.parametrize(
    "variables",
    [
        {"PORTSHIFT_BRIDGE_URL": "ftp://bridge.example.com"},
        {"PORTSHIFT_BRIDGE_URL": "http://[::1"},
        {"PORTSHIFT_BRIDGE_URL": "https://admin:secret@bridge.example.com"},
        {"PORTSHIFT_BRIDGE_URL": "http://bridge.example.com"},
        {"PORTSHIFT_BRIDGE_URL": "https://bridge.example.com", "HTTPS_PROXY": "http://proxy:port"},
        {"PORTSHIFT_BRIDGE_URL": "https://bridge.example.com", "HTTPS_PROXY": "socks5://proxy:1"},
        {"PORTSHIFT_BRIDGE_URL": "https://bridge.example.com", "PORTSHIFT_CA": "/nonexistent"},
        {"PORTSHIFT_TIMEOUT": "nan"},
        {"PORTSHIFT_INTENT": "perhaps"},
        {"PORTSHIFT_CONTEXT": "nowhere"},
    ],
    ids=" ".join,
)
def test_a_setting_that_cannot_be_meant_is_named(tmp_path: Path, variables: dict[str, str]) -> None:
    program = pointed_at(f"http://127.0.0.1:{free_port()}", tmp_path / "home").given(**variables)
    done = program.run("post-render", stdin=WEB)
    failed(done, 2, says="")
    assert "secret" not in done.err


def test_a_slow_way_to_the_bridge_is_only_slow(bridge: BridgeProcess, tmp_path: Path) -> None:
    stdin = b"---\n".join(deployment(f"slow-{number}") for number in range(20))
    with slow_proxy(bridge.url, bytes_per_step=1_000, step_seconds=0.02) as url:
        program = pointed_at(url, tmp_path / "home")
        slow = program.run("post-render", stdin=stdin)
        failed(program.given(PORTSHIFT_TIMEOUT="0.2").run("post-render", stdin=stdin), 4, says="within 0.2 s")
    assert slow.out == pointed_at(bridge.url, tmp_path / "home").run("post-render", stdin=stdin).out
    assert len(slow.tokens) == 20


@pytest.mark.parametrize("major", [3, 4])
def test_helm_renders_nothing_without_its_bridge_and_says_why(
    tmp_path: Path, tool: Callable[[str], Path], major: int
) -> None:
    program = pointed_at(f"http://127.0.0.1:{free_port()}", tmp_path / "home")
    program = program.given(HELM_BIN=str(tool(f"helm{major}")))
    chart = write_chart(tmp_path / "chart", web=WEB.decode())
    done = program.run("template", "web", chart)
    assert (done.exit_code, done.out) == (4, b"")
    assert "refused the connection; start it with `portshift-bridge serve`" in done.err
    assert "refused the connection" in program.run("last-error").out.decode()


@pytest.fixture(scope="module")
def _registries(bridge: BridgeProcess, artifactory: Shop) -> None:
    """Two more registries: one whose password is wrong, one that is down."""
    login = {"kind": "password", "username": "portshift", "secret": "wrong"}
    artifactory.connect(bridge, name="wrong", hosts=["wrong.example.com"], mirrors=[], login=login)
    down = f"http://127.0.0.1:{free_port()}/artifactory"
    artifactory.connect(bridge, name="down", hosts=["down.example.com"], mirrors=[], url=down)


@pytest.mark.usefixtures("_registries")
@pytest.mark.parametrize(
    ("host", "says"),
    [("wrong.example.com", "wrong"), ("down.example.com", "down")],
)
def test_a_registry_that_gives_no_answer(portshift: Portshift, host: str, says: str) -> None:
    known = deployment(f"beside-{says}")
    stdin = known + b"---\n" + deployment(f"at-{says}", f"{host}/docker-local/shop/web:1.0")
    done = portshift.run("post-render", stdin=stdin)
    failed(done, 4, says=f"registry {says}")
    assert f"default/Deployment/at-{says}" in done.err
    assert "--on-unreachable warn" in done.err
    assert done.seconds < 30

    going_on = portshift.run("post-render", "--on-unreachable", "warn", stdin=stdin)
    assert one_token(going_on)
    assert going_on.out.endswith(stdin[len(known) :])
    assert going_on.err.count("\n") == 1
    assert going_on.err.startswith(f"Warning: no token: default/Deployment/at-{says}")
    listed = json.loads(portshift.run("identities", "list", "--name", f"at-{says}", "-o", "json").out)
    assert listed["items"] == []


@pytest.mark.usefixtures("_registries")
@pytest.mark.parametrize("name", ["wrong", "down"])
def test_the_connection_test_names_the_cause(portshift: Portshift, name: str) -> None:
    done = portshift.run("registries", "test", name)
    assert done.exit_code != 0
    assert b"failed" in done.out
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("stranger.example.com/app:1", "registries add"),
        ("acme.example.com/docker-local/shop/gone:1", "push it, correct the reference"),
        ("acme.example.com/elsewhere/app:1", "elsewhere"),
    ],
)
def test_an_image_that_no_registry_knows_is_a_warning_and_a_token_without_its_digest(
    portshift: Portshift, reference: str, says: str
) -> None:
    stdin = deployment("stranger", reference)
    done = portshift.run("post-render", stdin=stdin)
    body = one_token(done).split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=="))
    assert claims["portshift.io/images"] == [{"name": "c0", "reference": reference}]
    assert done.err.count("\n") == 1
    assert done.err.startswith(f"Warning: default/Deployment/stranger c0: image '{reference}': ")
    assert says in done.err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", mebibytes=4) as folder:
        yield folder


def test_a_full_disk_under_the_database_stops_a_rendering_and_space_cures_it(
    small_disk: Path, artifactory: Shop, tmp_path: Path
) -> None:
    variables = {**environment(tmp_path / "unused"), "PORTSHIFT_BRIDGE_DATA": str(small_disk / "data")}
    stdin = b"---\n".join(deployment(f"full-{number}") for number in range(400))
    with running(variables) as bridge:
        artifactory.connect(bridge)
        program = pointed_at(bridge.url, tmp_path / "home")
        kept = one_token(program.run("post-render", stdin=WEB))
        _fill(small_disk / "filler")
        failed(program.run("post-render", stdin=stdin), 4, says="free space on the volume of the data folder")
        listed = program.run("identities", "list", "-o", "name")
        assert len(listed.out.split()) == 1
        (small_disk / "filler").unlink()
        assert len(program.run("post-render", stdin=stdin).tokens) == 400
        assert one_token(program.run("post-render", stdin=WEB)) == kept
        bridge.stop()


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def test_a_bridge_killed_in_the_middle_leaves_no_part_of_an_output(artifactory: Shop, tmp_path: Path) -> None:
    stdin = b"---\n".join(deployment(f"killed-{number}") for number in range(5_000))
    with running(environment(tmp_path / "data")) as bridge:
        artifactory.connect(bridge)
        process = pointed_at(bridge.url, tmp_path / "home").start("post-render")
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        time.sleep(1.0)
        bridge.process.kill()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (4, b"")
    assert err.count(b"\n") == 1
