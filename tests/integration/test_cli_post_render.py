"""``portshift post-render`` as a process, against a bridge that works and one that does not."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from portshift.core.wire import Intent, Outcome
from tests.fakes.bridge import DIGEST, FakeBridge, running_bridge
from tests.fakes.program import Program, program_for

pytestmark = pytest.mark.integration

WEB = b"""\
# Source: web/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: app
          image: acme.example/docker/web:1  # pinned later
        - name: log
          image: acme.example/docker/log:2
"""
CONFIG = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {image: nginx}\n"


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    with running_bridge() as running:
        yield running


@pytest.fixture
def program(bridge: FakeBridge, tmp_path: Path) -> Program:
    return program_for(bridge, tmp_path)


def _tokens(output: bytes) -> list[str | None]:
    documents = [document for document in yaml.safe_load_all(output) if document]
    annotations = [
        document["spec"]["template"].get("metadata", {}).get("annotations", {}) for document in documents
    ]
    return [annotation.get("portshift.io/identity") for annotation in annotations]


def test_each_workload_gets_its_token_and_nothing_else_changes(program: Program, bridge: FakeBridge) -> None:
    done = program.run("post-render", "--release", "web", "--intent", "deploy", "--cluster", "eu", stdin=WEB)
    assert done.exit_code == 0, done.err
    assert _tokens(done.out)[0].startswith("token.")  # type: ignore[union-attr]
    kept = [line for line in done.out.splitlines() if line in WEB.splitlines()]
    assert kept == WEB.splitlines()
    (request,) = bridge.registrations
    assert (request.release.name, request.intent, request.cluster) == ("web", Intent.DEPLOY, "eu")
    assert [image.name for image in request.workloads[0].images] == ["app", "log"]
    assert done.err == ""


def test_rendering_twice_changes_nothing(program: Program) -> None:
    once = program.run("post-render", stdin=WEB)
    assert program.run("post-render", stdin=once.out).out == once.out


def test_pinning_writes_the_digest_beside_the_tag(program: Program) -> None:
    done = program.run("post-render", "--pin", stdin=WEB)
    assert f"image: acme.example/docker/web:1@{DIGEST}  # pinned later".encode() in done.out


@pytest.mark.parametrize("stdin", [b"", b"\n", b"---\n# only a comment\n", CONFIG])
def test_without_images_there_is_no_request_and_the_same_bytes(
    program: Program, bridge: FakeBridge, stdin: bytes
) -> None:
    done = program.run("post-render", stdin=stdin)
    assert (done.exit_code, done.out, done.err) == (0, stdin, "")
    assert bridge.requests == []


def test_an_unknown_image_is_a_warning(program: Program, bridge: FakeBridge) -> None:
    bridge.outcomes["acme.example/docker/log:2"] = Outcome.ABSENT
    done = program.run("post-render", stdin=WEB)
    assert done.exit_code == 0
    assert _tokens(done.out)[0] is not None
    assert done.err == (
        "Warning: default/Deployment/web log: image 'acme.example/docker/log:2': absent in the fake\n"
    )


@pytest.mark.parametrize("outcome", [Outcome.UNREACHABLE, Outcome.LOGIN_REFUSED])
def test_without_an_answer_about_an_image_there_is_no_output(
    program: Program, bridge: FakeBridge, outcome: Outcome
) -> None:
    bridge.outcomes["acme.example/docker/log:2"] = outcome
    done = program.run("post-render", stdin=WEB)
    assert (done.exit_code, done.out) == (4, b"")
    assert len(done.error_lines) == 1
    assert "acme.example/docker/log:2" in done.err


def test_on_request_the_rest_goes_on_without_an_answer(program: Program, bridge: FakeBridge) -> None:
    bridge.outcomes["acme.example/docker/other:1"] = Outcome.UNREACHABLE
    other = WEB.replace(b"name: web", b"name: other").replace(b"docker/web:1", b"docker/other:1")
    done = program.run("post-render", "--on-unreachable", "warn", stdin=WEB + b"---\n" + other)
    assert done.exit_code == 0
    first, second = _tokens(done.out)
    assert first is not None
    assert second is None
    assert "Warning: no token: default/Deployment/other app" in done.err


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("hang", "gave no whole answer within 1 s"),
        ("trickle", "gave no whole answer within 1 s"),
        ("broken", "broke off its answer"),
        ("closed", "broke off its answer"),
        ("html", "does not answer as a portshift bridge"),
        ("redirect", "answered with a redirect"),
        ("500", "failed with HTTP 500"),
        ("503", "the database disk is full"),
        ("other-count", "does not answer as a portshift bridge"),
    ],
)
def test_a_bridge_that_fails_gives_one_line_exit_4_and_no_output(
    program: Program, bridge: FakeBridge, fault: str, said: str
) -> None:
    bridge.fault = fault
    started = time.monotonic()
    done = program.run("post-render", "--timeout", "1", stdin=WEB)
    assert (done.exit_code, done.out) == (4, b"")
    assert done.err.count("\n") == 1
    assert said in done.err
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("fault", ["hang", "500"])
def test_on_request_a_bridge_that_fails_leaves_the_manifests_as_they_are(
    program: Program, bridge: FakeBridge, fault: str
) -> None:
    bridge.fault = fault
    done = program.run("post-render", "--timeout", "1", "--on-unreachable", "warn", stdin=WEB)
    assert (done.exit_code, done.out) == (0, WEB)
    assert "no workload gets a token" in done.err


def test_a_bridge_that_is_not_there(tmp_path: Path) -> None:
    done = Program(tmp_path, {"PORTSHIFT_BRIDGE_URL": "http://127.0.0.1:1"}).run("post-render", stdin=WEB)
    assert (done.exit_code, done.out) == (4, b"")
    assert "refused the connection; start it with `portshift-bridge serve`" in done.err


def test_a_wrong_access_token(program: Program) -> None:
    done = program.run("post-render", stdin=WEB, variables={"PORTSHIFT_TOKEN": "wrong"})
    assert (done.exit_code, done.out) == (1, b"")
    assert done.error_lines == [
        "Error: the access token is unknown; log in with `portshift login`, or set PORTSHIFT_TOKEN"
    ]


def test_a_revoked_identity_blocks(program: Program, bridge: FakeBridge) -> None:
    program.run("post-render", stdin=WEB)
    bridge.revoked.add(_tokens(program.run("post-render", stdin=WEB).out)[0].removeprefix("token."))  # type: ignore[union-attr]
    done = program.run("post-render", stdin=WEB)
    assert (done.exit_code, done.out) == (3, b"")
    assert "was revoked" in done.err


@pytest.mark.parametrize("stdin", [b"a: {b", b"a: *nowhere\n", b"\x00\x01\x02", b"\tkey: value\n"])
def test_input_that_is_no_yaml(program: Program, bridge: FakeBridge, stdin: bytes) -> None:
    done = program.run("post-render", stdin=stdin)
    assert (done.exit_code, done.out) == (1, b"")
    assert len(done.error_lines) == 1
    assert re.search(r"line \d+, column \d+", done.err)
    assert bridge.requests == []


def test_a_failure_is_kept_for_last_error(program: Program) -> None:
    program.run("post-render", "--release", "web", stdin=b"a: {b")
    done = program.run("last-error")
    assert b"command: portshift post-render --release web" in done.out
    assert b"exit:    1" in done.out
    assert program.run("last-error", "-o", "json").json["exit_code"] == 1


def test_nothing_failed_yet(program: Program) -> None:
    assert program.run("last-error").out == b""


def test_a_resource_list_of_kustomize(program: Program, bridge: FakeBridge) -> None:
    resources = b"""\
apiVersion: config.kubernetes.io/v1
kind: ResourceList
functionConfig:
  apiVersion: v1
  kind: ConfigMap
  metadata: {name: portshift}
  data: {release: web, namespace: shop, environment: prod, cluster: eu}
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: one
  spec:
    containers:
    - name: app
      image: acme.example/docker/web:1
"""
    done = program.run("post-render", stdin=resources)
    assert done.exit_code == 0, done.err
    document = yaml.safe_load(done.out)
    assert document["items"][0]["metadata"]["annotations"]["portshift.io/identity"].startswith("token.")
    (request,) = bridge.registrations
    assert request.workloads[0].workload.namespace == "shop"
    assert (request.release.name, request.environment, request.cluster) == ("web", "prod", "eu")


def test_a_mistyped_function_configuration_is_named(program: Program) -> None:
    resources = b"kind: ResourceList\nfunctionConfig: {data: {realease: x}}\nitems: []\n"
    done = program.run("post-render", stdin=resources)
    assert done.exit_code == 1
    assert "unknown key 'realease'" in done.err


@pytest.mark.parametrize(
    "arguments", [["--timeout", "0"], ["--timeout", "x"], ["--intent", "perhaps"], ["--nonsense"]]
)
def test_wrong_usage_ends_with_2_and_one_line(program: Program, arguments: list[str]) -> None:
    done = program.run("post-render", *arguments, stdin=WEB)
    assert (done.exit_code, done.out) == (2, b"")
    assert done.err.count("\n") == 1
    assert done.err.startswith("Error: ")


def test_a_users_kinds_are_read(program: Program, bridge: FakeBridge, tmp_path: Path) -> None:
    (tmp_path / "kinds.yaml").write_text("nonsense: [\n")
    done = program.run("post-render", "--kinds", "kinds.yaml", stdin=WEB)
    assert (done.exit_code, done.out) == (1, b"")
    assert "kinds.yaml is no YAML" in done.err


def test_the_namespace_of_the_kubeconfig_is_used(
    program: Program, bridge: FakeBridge, tmp_path: Path
) -> None:
    kubeconfig = {"current-context": "dev", "contexts": [{"name": "dev", "context": {"namespace": "team-a"}}]}
    (tmp_path / "kube").write_text(json.dumps(kubeconfig))
    program.run("post-render", stdin=WEB, variables={"KUBECONFIG": str(tmp_path / "kube")})
    assert bridge.registrations[0].workloads[0].workload.namespace == "team-a"


def test_a_token_that_others_may_read_stops_everything(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "portshift"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("contexts: [{name: a, bridge: 'http://127.0.0.1:1', token: t}]\n")
    done = program.run("post-render", stdin=WEB)
    assert (done.exit_code, done.out) == (2, b"")
    assert "chmod 600" in done.err
