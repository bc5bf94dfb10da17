"""Input that is broken, hostile or too much: one clear line, the right exit code, no output."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Shop, pointed_at
from tests.e2e.program import WEB, Outcome, Portshift, deployment, documents, failed, measured, one_token
from tests.integration.bridge_process import BridgeProcess, environment, running

pytestmark = pytest.mark.integration

MIB = 1024 * 1024
LINE = "    some text that fills the place and is of no interest to anybody\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: nginx}]}\n"


def nested(first: str, more: Callable[[int, str], str], *, levels: int = 30) -> str:
    """Anchors that each name the one before nine times: 9**30 nodes when written out."""
    return first + "".join(more(level, ", ".join([f"*a{level - 1}"] * 9)) for level in range(1, levels))


def nothing_registered(portshift: Portshift, name: str) -> bool:
    listed = portshift.run("identities", "list", "--name", name, "-o", "json")
    return bool(json.loads(listed.out) == {"items": [], "next": None})


BROKEN = {
    "unclosed": (deployment() + b"  bad: [\n", "line 14, column 1"),
    "tab": (b"kind: Pod\n\tspec: {}\n", "line 2, column 1"),
    "second-document": (deployment() + b"---\nkind: Pod\nspec: {a\n", "line 16"),
    "alias-without-anchor": (b"kind: Pod\nspec: *gone\n", "without its anchor"),
    "binary": (os.urandom(64) + b"\x00\xff" * 500, "line 1, column"),
    "gzip": (gzip.compress(deployment()), "line 1, column"),
    "utf-16": (deployment().decode().encode("utf-16"), "iconv -f UTF-16 -t UTF-8"),
    "utf-16-without-mark": (deployment().decode().encode("utf-16-le"), "iconv -f UTF-16 -t UTF-8"),
    "latin-1": (deployment() + "# é\n".encode("latin-1"), "line 13, column 3: found no UTF-8"),
    "deep-flow": (b"a: " + b"[" * 100_000 + b"]" * 100_000, "nested more than 300 deep"),
    "deep-unclosed": (b"[" * 100_000, "nested more than 300 deep"),
    "deep-json": (b'{"kind":"Pod","spec":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, "nested more than"),
    "deep-resource-list": (b"kind: ResourceList\na: " + b"[" * 100_000, "nested more than"),
    "bomb": (
        nested("a0: &a0 [lol, lol]\n", lambda level, inner: f"a{level}: &a{level} [{inner}]\n").encode(),
        "aliases that multiply",
    ),
    "list-bomb": (
        nested(
            "apiVersion: v1\nkind: List\nitems:\n- &a0 {apiVersion: v1, kind: Pod, metadata: {name: a}, "
            "spec: {containers: [{name: a, image: nginx}]}}\n",
            lambda level, inner: f"- &a{level} {{apiVersion: v1, kind: List, items: [{inner}]}}\n",
        ).encode(),
        "aliases that multiply",
    ),
    "merge-bomb": (
        nested(
            "x0: &a0 {containers: [{name: a, image: nginx}]}\n",
            lambda level, inner: f"x{level}: &a{level} {{<<: [{inner}]}}\n",
        ).encode()
        + b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {<<: *a29}\n",
        "aliases that multiply",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_input_that_cannot_be_read(portshift: Portshift, case: str) -> None:
    stdin, says = BROKEN[case]
    done = portshift.run("post-render", stdin=stdin)
    failed(done, 1, says=says)
    assert done.seconds < 10
    assert f"cause:   {done.err.removeprefix('Error: ')}" in portshift.run("last-error").out.decode()


@pytest.mark.parametrize("name", ["PORTSHIFT_CONFIG", "PORTSHIFT_KINDS", "KUBECONFIG"])
def test_a_file_nested_without_end_does_not_end_the_process(
    portshift: Portshift, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text("a: " + "[" * 100_000)
    done = portshift.given(**{name: str(path)}).run("post-render", stdin=deployment())
    if name == "KUBECONFIG":
        assert done.exit_code == 0  # Helm reports its own file
    else:
        failed(done, 1, says="deep.yaml is no YAML: found collections nested more than 100 deep")


def fifty_megabytes(tail: str) -> str:
    configuration = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  k: |\n" + LINE * 500 + "---\n"
    )
    return configuration * (50 * MIB // len(configuration)) + tail


def test_fifty_megabytes_go_through_in_bounded_time_and_memory(portshift: Portshift, tmp_path: Path) -> None:
    (tmp_path / "big").write_text(fifty_megabytes(deployment("big").decode()))
    done = measured(portshift, "post-render", stdin=tmp_path / "big", out=tmp_path / "out", seconds=60)
    assert (done.exit_code, done.err) == (0, "")
    assert len(done.tokens) == 1
    assert len(done.out) > 49 * MIB
    assert done.seconds < 20
    assert done.mebibytes < 400


def test_fifty_megabytes_that_are_broken_at_their_end_give_nothing(
    portshift: Portshift, tmp_path: Path
) -> None:
    (tmp_path / "big").write_text(fifty_megabytes(deployment("late").decode() + "---\na: [\n"))
    done = measured(portshift, "post-render", stdin=tmp_path / "big", out=tmp_path / "out", seconds=60)
    failed(done, 1, says="column 1: did not find expected node content")
    assert done.seconds < 20
    assert done.mebibytes < 400
    assert nothing_registered(portshift, "late")


def test_fifty_megabytes_of_brackets_give_up_at_once(portshift: Portshift, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"{" * (50 * MIB))
    done = measured(portshift, "post-render", stdin=tmp_path / "big", out=tmp_path / "out", seconds=60)
    failed(done, 1, says="nested more than 300 deep")
    assert done.seconds < 5
    assert done.mebibytes < 200


TOO_MUCH = {
    "workloads": (b"---\n".join(deployment(f"w{n}") for n in range(20_001)), "found 20001 workloads"),
    "containers": (deployment("many", *[WEB] * 5_000), "default/Deployment/many: found 5000 images"),
    "token": (deployment("large", *[WEB] * 900), "default/Deployment/large: the token would have"),
    "reference": (deployment("long", f"{WEB}{'x' * 10_000}"), "of 10042 characters, expected at most 4096"),
    "name": (deployment("n" * 100_000), "of 100000 characters, expected at most 4096"),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_more_than_a_message_or_a_token_may_hold(portshift: Portshift, case: str) -> None:
    stdin, says = TOO_MUCH[case]
    failed(portshift.run("post-render", stdin=stdin), 1, says=says)


def test_a_body_over_the_bridges_bound_is_refused_as_that(artifactory: Shop, tmp_path: Path) -> None:
    with running(environment(tmp_path / "data", max_body_mib="1")) as bridge:
        artifactory.connect(bridge)
        stdin = b"---\n".join(deployment(f"web-{number}", *[WEB] * 10) for number in range(2_000))
        done = pointed_at(bridge.url, tmp_path / "home").run("post-render", stdin=stdin)
    failed(done, 1, says="found a body over 1 MiB; register the chart in parts")


HOSTILE_NAMES = (
    "../../x",
    "a\\nError: forged",
    "\\e[31mred",
    "\\u202eevil",
    "a b",
    "A_B",
    "'; DROP TABLE",
    "\\0",
)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_that_kubernetes_refuses_is_passed_on_without_a_token(portshift: Portshift, name: str) -> None:
    stdin = deployment("web", namespace=f'"{name}"')
    done = portshift.run("post-render", stdin=stdin)
    assert (done.exit_code, done.tokens) == (0, [])
    listed = portshift.run("images", "-o", "json", stdin=stdin)
    (place,) = json.loads(listed.out)
    assert place["token"] is None
    assert place["reason"]
    table = portshift.run("images", "-o", "wide", stdin=stdin).out.decode()
    assert len(table.splitlines()) == 2
    assert table.replace("\n", "").isprintable()


def test_annotations_of_any_content_are_kept_byte_for_byte(portshift: Portshift) -> None:
    written = """
        "quo\\"ted": "li\\nne ☺ \\u2028"
        single: 'it''s # no comment'
        block: |
          portshift.io/identity: "not.a.token"
           # kept
        folded: >-
          a

          b"""
    stdin = deployment("annotated", annotations=written)
    done = portshift.run("post-render", stdin=stdin)
    assert done.exit_code == 0, done.err
    before, after = documents(stdin)[0], documents(done.out)[0]
    token = after["spec"]["template"]["metadata"]["annotations"].pop("portshift.io/identity")
    assert token in done.tokens
    assert after == before
    kept = [line for line in done.out.splitlines() if token.encode() not in line]
    assert kept == stdin.splitlines()


def test_windows_line_endings_and_a_byte_order_mark_stay(portshift: Portshift) -> None:
    stdin = b"\xef\xbb\xbf" + deployment("windows").replace(b"annotations: {}", b"labels: {}").replace(
        b"\n", b"\r\n"
    )
    done = portshift.run("post-render", stdin=stdin)
    assert one_token(done)
    assert done.out.startswith(b"\xef\xbb\xbf")
    assert done.out.count(b"\r\n") == done.out.count(b"\n") == stdin.count(b"\n") + 2


def test_a_forged_error_in_a_reference_stays_inside_its_line(portshift: Portshift) -> None:
    done = portshift.run(
        "post-render", stdin=deployment("forged", '"acme.example.com/x\\e[31m\\nError: forged"')
    )
    assert done.exit_code == 0
    assert done.err.count("\n") == 1
    assert done.err.startswith("Warning: ")
    assert done.err.rstrip("\n").isprintable()


def test_five_thousand_unknown_images_are_ten_lines(portshift: Portshift) -> None:
    stdin = b"---\n".join(deployment(f"u{n}", f"stranger.example.com/app:{n}") for n in range(5_000))
    done = portshift.run("post-render", stdin=stdin, seconds=120)
    assert done.exit_code == 0
    assert len(done.tokens) == 5_000
    assert done.err.count("\n") == 11
    assert "and 4990 more images like these" in done.err


def test_locales_without_unicode_change_nothing(portshift: Portshift) -> None:
    stdin = deployment("locale", annotations="{a: ☺é}")
    plain = portshift.run("post-render", stdin=stdin)
    for variables in ({"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0", "LC_ALL": "POSIX"}):
        assert portshift.given(**variables).run("post-render", stdin=stdin).out == plain.out
    unknown = deployment("unicode", "acme.example.com/gö☺ne:1")
    ascii_only = portshift.given(
        LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii"
    )
    done: Outcome = ascii_only.run("post-render", stdin=unknown)
    assert (done.exit_code, len(done.tokens)) == (0, 1)
    for output in ("table", "json", "yaml", "csv"):
        listed = ascii_only.run("identities", "list", "--name", "unicode", "-o", output)
        assert (listed.exit_code, listed.err) == (0, ""), output


@pytest.fixture
def bad_homes(tmp_path: Path) -> list[str]:
    (tmp_path / "file").write_text("")
    return ["", "/proc", "/nonexistent", str(tmp_path / "home")]


def test_without_a_home_a_rendering_works_and_a_failure_is_still_said(
    portshift: Portshift, bad_homes: list[str]
) -> None:
    for home in bad_homes:
        program = portshift.given(HOME=home)
        assert one_token(program.run("post-render", stdin=deployment("homeless")))
        failed(program.run("post-render", stdin=b"a: ["), 1, says="line 2, column 1")
    done = portshift.shell("env -u HOME portshift post-render", stdin=deployment("homeless"))
    assert one_token(done)


def test_an_access_token_with_a_line_break(portshift: Portshift, bridge: BridgeProcess) -> None:
    token = portshift.variables["PORTSHIFT_TOKEN"]
    assert one_token(portshift.given(PORTSHIFT_TOKEN=f"{token}\n").run("post-render", stdin=deployment()))
    smuggled = portshift.given(PORTSHIFT_TOKEN=f"{token}\r\nX-Evil: 1")
    failed(smuggled.run("post-render", stdin=deployment()), 2, says="a line break")


def test_a_wrong_access_token(portshift: Portshift) -> None:
    done = portshift.given(PORTSHIFT_TOKEN="psb_wrong").run("post-render", stdin=deployment("unauthorised"))
    failed(done, 1, says="the access token is unknown or was revoked; ask an administrator for a new one")
    assert nothing_registered(portshift, "unauthorised")


def test_no_access_token(portshift: Portshift) -> None:
    done = portshift.without("PORTSHIFT_TOKEN").run("post-render", stdin=deployment("unauthorised"))
    failed(done, 1, says="PORTSHIFT_TOKEN")
