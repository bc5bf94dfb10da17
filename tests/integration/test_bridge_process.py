"""The bridge as people start it: first start, restart, keys, signals, settings, TLS."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.bridge_services import rendering
from tests.integration.bridge_process import PROGRAM, TOKEN, environment, listening, running, start

pytestmark = pytest.mark.integration


def run(variables: dict[str, str], *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments],
        env=variables,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path / "data")


def without_settings(home: Path) -> dict[str, str]:
    made = environment(home / "unused")
    return {name: value for name, value in made.items() if not name.startswith("PORTSHIFT_")} | {
        "XDG_DATA_HOME": str(home / "share"),
        "PORTSHIFT_BRIDGE_URL": "http://127.0.0.1:9",
    }


def test_with_no_settings_it_serves_on_loopback_and_shows_its_token_once(tmp_path: Path) -> None:
    variables = without_settings(tmp_path)
    with running(variables) as first:
        assert first.url.startswith("http://127.0.0.1:")
        first.call("GET", "/healthz")
        assert len(first.lines) == 2
        label, _, token = first.lines[1].partition(": ")
        assert label == "admin access token (shown this once)"
        assert first.call("GET", "status", token=token).json()["role"] == "admin"
        assert first.stop() == 0
        assert token not in "\n".join(first.log)
    with running(variables) as second:
        second.call("GET", "/healthz")
        assert second.lines == [f"listening {second.url}"]
        assert second.call("GET", "status", token=token).status_code == 200
    folder = tmp_path / "share" / "portshift-bridge"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_restart_and_a_rotation_keep_every_token_byte_for_byte(variables: dict[str, str]) -> None:
    body = rendering("app:1", cluster="prod")
    with running(variables) as bridge:
        first = bridge.call("POST", "registrations", json=body).json()["workloads"]
        rotated = run(variables, "keys", "rotate")
        assert rotated.returncode == 0, rotated.stderr
        assert bridge.call("POST", "registrations", json=body).json()["workloads"] == first
        new = bridge.call("POST", "registrations", json=rendering("app:2")).json()["workloads"]
        assert len(bridge.call("GET", "/.well-known/jwks.json").json()["keys"]) == 2
        assert bridge.stop() == 0
    with running(variables) as bridge:
        assert bridge.call("POST", "registrations", json=body).json()["workloads"] == first
        assert bridge.call("POST", "registrations", json=rendering("app:2")).json()["workloads"] == new
    listed = run(variables, "keys", "list").stdout.splitlines()
    assert [line.split()[1] for line in listed] == ["signing", "verifying"]


def test_distrusting_a_key_lists_first_what_it_hits_and_asks(variables: dict[str, str]) -> None:
    with running(variables) as bridge:
        before = bridge.call("POST", "registrations", json=rendering("app:1")).json()["workloads"][0]
        (key,) = bridge.call("GET", "/.well-known/jwks.json").json()["keys"]

        kept = run(variables, "keys", "distrust", key["kid"], given="n\n")
        assert kept.returncode == 1
        assert f"{before['id'][:12]}  any cluster  shop/Deployment/web" in kept.stdout
        assert "1 identities have a token of this key" in kept.stdout
        assert bridge.call("POST", "registrations", json=rendering("app:1")).json()["workloads"] == [before]

        done = run(variables, "keys", "distrust", key["kid"], "--yes")
        assert done.returncode == 0, done.stderr
        (noted,) = bridge.call("GET", f"audit?object={key['kid']}").json()["items"]
        assert noted["action"] == "key.distrust"
        assert noted["actor"].startswith("local user ")
        after = bridge.call("POST", "registrations", json=rendering("app:1")).json()["workloads"][0]
    assert after["id"] == before["id"]
    assert after["token"] != before["token"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_zero_after_the_running_request(
    variables: dict[str, str], number: signal.Signals
) -> None:
    with running(variables) as bridge:
        host, _, port = bridge.url.removeprefix("http://").partition(":")
        body = json.dumps(rendering("app:1")).encode()
        head = (
            f"POST /api/v1/registrations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(head.encode() + body[:10])
            time.sleep(0.3)
            bridge.process.send_signal(number)
            time.sleep(0.3)
            connection.sendall(body[10:])
            answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert bridge.process.wait(timeout=30) == 0
        assert "Traceback" not in "\n".join(bridge.log)


def test_a_taken_port_is_told_before_anything_is_made(tmp_path: Path) -> None:
    variables = without_settings(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = run(variables, "serve", "--port", str(port))

    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.strip().endswith("choose another with --port, or stop what listens there")
    assert f"port {port}" in answer.stderr
    assert not (tmp_path / "share").exists()


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"PORTSHIFT_BRIDGE_LISTEN_HOST": "0.0.0.0"}, "would show access tokens to the network"),
        ({"PORTSHIFT_BRIDGE_LISTEN": "1"}, "found the variable PORTSHIFT_BRIDGE_LISTEN, which is no setting"),
        ({"PORTSHIFT_BRIDGE_ADMIN_TOKEN_FILE": "/nowhere"}, "/nowhere of admin_token_file cannot be read"),
        ({"PORTSHIFT_BRIDGE_DATA": "/dev/null/x"}, "the data folder /dev/null/x cannot be made"),
        (
            {"PORTSHIFT_BRIDGE_TLS_CERTIFICATE": "/nowhere", "PORTSHIFT_BRIDGE_TLS_KEY": "/nowhere"},
            "the certificate /nowhere with the key /nowhere cannot be used",
        ),
    ],
)
def test_what_cannot_be_started_is_one_line(
    variables: dict[str, str], extra: dict[str, str], told: str
) -> None:
    answer = run({**variables, **extra}, "serve", "--port", "0")

    assert answer.returncode in {1, 2}
    assert answer.stdout == ""
    said = [line for line in answer.stderr.splitlines() if line.startswith("portshift-bridge: ")]
    assert len(said) == 1
    assert told in said[0]
    assert "Traceback" not in answer.stderr


def test_it_serves_tls(tmp_path: Path, variables: dict[str, str]) -> None:
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", *subject, "-out", certificate, "-keyout", key],
        check=True,
        capture_output=True,
    )  # fmt: skip
    tls = {"PORTSHIFT_BRIDGE_TLS_CERTIFICATE": str(certificate), "PORTSHIFT_BRIDGE_TLS_KEY": str(key)}
    with running({**variables, **tls}) as bridge:
        assert bridge.url.startswith("https://127.0.0.1:")
        assert bridge.call("GET", "status", verify=str(certificate)).status_code == 200


def test_migrate_says_what_it_did(variables: dict[str, str]) -> None:
    first, again = run(variables, "migrate"), run(variables, "migrate")

    assert "schema none to 0002" in first.stdout
    assert "has schema 0002 already" in again.stdout


def test_the_openapi_document_needs_no_data_folder(tmp_path: Path) -> None:
    answer = run(without_settings(tmp_path), "openapi")

    document: dict[str, Any] = json.loads(answer.stdout)
    assert "/api/v1/registrations" in document["paths"]
    assert not (tmp_path / "share").exists()


def test_a_body_that_never_ends_is_given_up(variables: dict[str, str]) -> None:
    with running({**variables, "PORTSHIFT_BRIDGE_MAX_BODY_SECONDS": "1"}) as bridge:
        host, _, port = bridge.url.removeprefix("http://").partition(":")
        head = f"POST /api/v1/registrations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(head.encode() + b"Content-Length: 100\r\n\r\n{")
            with connection.makefile("rb") as file:
                answer = file.read()  # to the end: the bridge closes the connection
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"urn:portshift:problem:too-slow" in answer


def test_a_client_that_goes_away_leaves_no_traceback(variables: dict[str, str]) -> None:
    with running(variables) as bridge:
        host, _, port = bridge.url.removeprefix("http://").partition(":")
        head = f"POST /api/v1/registrations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(head.encode() + b"Content-Length: 100\r\n\r\n{")
            time.sleep(0.3)
        time.sleep(0.3)
        bridge.stop()
        log = "\n".join(bridge.log)
    assert "path='/api/v1/registrations' status=400" in log
    assert "Traceback" not in log


def test_a_hostile_path_cannot_write_a_log_line_of_its_own(variables: dict[str, str]) -> None:
    with running(variables) as bridge:
        bridge.call("GET", "/x%0A2027-01-01T00:00:00.000Z%20INFO%20forged")
        bridge.stop()
        time.sleep(0.2)
        log = bridge.log

    assert any("forged" in line for line in log)
    assert not any(line.startswith("2027-01-01") for line in log)
    assert TOKEN not in "\n".join(log)


def test_it_starts_when_another_starts_on_the_same_new_folder(tmp_path: Path) -> None:
    variables = without_settings(tmp_path)
    with ExitStack() as stack:
        processes = [start(variables) for _ in range(3)]
        for process in processes:
            stack.callback(process.communicate)
            stack.callback(process.kill)
        bridges = [listening(process) for process in processes]
        for bridge in bridges:
            bridge.call("GET", "/healthz")
        shown = [line for bridge in bridges for line in bridge.lines if line.startswith("admin access")]

        assert [bridge.stop() for bridge in bridges] == [0, 0, 0], [bridge.log for bridge in bridges]
        assert len(shown) == 1
