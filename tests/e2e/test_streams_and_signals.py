"""Streams that are closed or full, and processes that are told to end: all of the output or none."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.e2e.conftest import pointed_at
from tests.e2e.impostors import impostor
from tests.e2e.program import Portshift, deployment, failed

pytestmark = pytest.mark.integration

WEB = deployment()


@pytest.mark.parametrize(
    ("redirection", "says"),
    [
        (">/dev/full", "cannot write the result: No space left on device"),
        (">&-", "stdout is closed"),
        ("<&-", "stdin is closed; pipe the manifests into it"),
    ],
)
def test_a_stream_that_takes_or_gives_nothing(portshift: Portshift, redirection: str, says: str) -> None:
    failed(portshift.shell(f"portshift post-render {redirection}", stdin=WEB), 1, says=says)


@pytest.mark.parametrize("command", ["identities list", "identities list -o json", "images", "version"])
def test_a_full_disk_under_any_result_is_an_error(portshift: Portshift, command: str) -> None:
    portshift.run("post-render", stdin=WEB)
    done = portshift.shell(f"portshift {command} >/dev/full", stdin=WEB)
    failed(done, 1, says="cannot write the result: No space left on device")


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_without_stderr_an_error_does_not_go_to_stdout(portshift: Portshift, redirection: str) -> None:
    done = portshift.shell(f"portshift post-render {redirection}", stdin=b"a: [")
    assert done.exit_code != 0
    assert done.out == b""


def test_a_reader_that_goes_away_is_no_noise(portshift: Portshift) -> None:
    stdin = b"---\n".join(deployment(f"w{number}") for number in range(300))
    done = portshift.shell("portshift post-render | head -c 10", stdin=stdin)
    assert (len(done.out), done.err) == (10, "")


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGTERM, -15), (signal.SIGKILL, -9), (signal.SIGINT, 130)]
)
def test_a_signal_in_the_middle_leaves_no_part_of_an_output(
    tmp_path: Path, number: signal.Signals, exit_code: int
) -> None:
    with impostor(None) as silent:
        process = pointed_at(silent.url, tmp_path / "home").start("post-render")
        assert process.stdin is not None
        process.stdin.write(WEB)
        process.stdin.close()
        process.stdin = None
        assert silent.asked.wait(30)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (exit_code, b"")
    assert b"Traceback" not in err


def test_a_signal_while_input_still_comes_leaves_no_part_of_an_output(portshift: Portshift) -> None:
    process = portshift.start("post-render")
    assert process.stdin is not None
    process.stdin.write(WEB + b"---\n")
    process.stdin.flush()
    process.terminate()
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (-15, b"")
