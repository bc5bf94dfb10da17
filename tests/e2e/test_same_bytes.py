"""The same workload has the same token, byte for byte, whichever way it comes and whoever asks."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.portshift import write_chart
from tests.e2e.conftest import Shop, pointed_at
from tests.e2e.program import Portshift, deployment, one_token
from tests.integration.bridge_process import PROGRAM, BridgeProcess, environment, running

pytestmark = [pytest.mark.integration, pytest.mark.helm]

MANIFEST = deployment("web")
SHOP = ("--release", "web", "--release-namespace", "shop")


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    document: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return document


@pytest.fixture
def expected(portshift: Portshift) -> str:
    """The token that a plain rendering of the workload gives."""
    return one_token(portshift.run("post-render", *SHOP, stdin=MANIFEST))


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return write_chart(tmp_path / "chart", web=MANIFEST.decode())


@pytest.fixture(params=[3, 4], ids=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tool: Callable[[str], Path], portshift: Portshift) -> Portshift:
    """The program with each of the two Helms."""
    return portshift.given(HELM_BIN=str(tool(f"helm{request.param}")))


def test_through_template_of_both_helms(helm: Portshift, chart: Path, expected: str) -> None:
    assert one_token(helm.run("template", "web", chart, "--namespace", "shop")) == expected


def test_through_a_dry_run_of_an_install(
    portshift: Portshift, tool: Callable[[str], Path], chart: Path, expected: str
) -> None:
    # Helm 3 asks a cluster even for a client's dry run: test_on_a_cluster has one.
    helm4 = portshift.given(HELM_BIN=str(tool("helm4")))
    assert (
        one_token(helm4.run("install", "web", chart, "--namespace", "shop", "--dry-run=client")) == expected
    )


def test_under_helm_itself(
    portshift: Portshift, chart: Path, expected: str, tool: Callable[[str], Path]
) -> None:
    command = f"{tool('helm3')} template web {chart} -n shop --post-renderer portshift"
    assert one_token(portshift.shell(f"{command} --post-renderer-args post-render")) == expected


def test_whatever_is_said_about_the_rendering(portshift: Portshift, expected: str) -> None:
    ways = (
        ("--release", "another", "--release-namespace", "shop"),
        (*SHOP, "--intent", "deploy"),
        (*SHOP, "--intent", "render"),
        (*SHOP, "--environment", "prod"),
        (*SHOP, "--timeout", "50"),
    )
    assert {one_token(portshift.run("post-render", *way, stdin=MANIFEST)) for way in ways} == {expected}


def test_whatever_stands_around_the_workload(portshift: Portshift, expected: str) -> None:
    crlf = MANIFEST.replace(b"\n", b"\r\n")
    written = json.dumps(yaml.safe_load(MANIFEST)).encode()
    others = deployment("other") + b"---\n"
    labelled = MANIFEST.replace(b"annotations: {}", b"labels: {app: web}")
    for stdin in (crlf, b"\xef\xbb\xbf" + crlf, labelled, written):
        done = portshift.run("post-render", *SHOP, stdin=stdin)
        assert done.exit_code == 0, done.err
        assert done.out.count(expected.encode()) == 1
    assert portshift.run("post-render", *SHOP, stdin=others + MANIFEST).tokens[1] == expected


def test_on_laptops_whose_kubeconfigs_name_the_cluster_differently(
    portshift: Portshift, tmp_path: Path, expected: str
) -> None:
    tokens = set()
    for name in ("prod-admin", "gke_acme_europe-west1_prod"):
        context = {"name": name, "context": {"cluster": f"of-{name}", "namespace": "shop"}}
        path = tmp_path / name
        path.write_text(yaml.safe_dump({"current-context": name, "contexts": [context]}))
        tokens.add(one_token(portshift.given(KUBECONFIG=str(path)).run("post-render", stdin=MANIFEST)))
    assert tokens == {expected}


def test_a_cluster_that_is_given_is_signed_and_gives_another_token(
    portshift: Portshift, expected: str
) -> None:
    by_flag = one_token(portshift.run("post-render", *SHOP, "--cluster", "eu-1", stdin=MANIFEST))
    again = portshift.given(PORTSHIFT_CLUSTER="eu-1").run("post-render", *SHOP, stdin=MANIFEST)
    other = one_token(portshift.run("post-render", *SHOP, "--cluster", "us-1", stdin=MANIFEST))
    assert claims(expected)["aud"] == "portshift:any-cluster"
    assert claims(by_flag)["aud"] == "portshift:cluster:eu-1"
    assert one_token(again) == by_flag
    assert len({expected, by_flag, other}) == 3


def test_for_every_person_and_pipeline(portshift: Portshift, expected: str) -> None:
    for name in ("ci", "bob"):
        made = portshift.run("access", "create", name, "--role", "deployer", "-o", "json")
        assert made.exit_code == 0, made.err
        own = portshift.given(PORTSHIFT_TOKEN=json.loads(made.out)["token"])
        assert one_token(own.run("post-render", *SHOP, stdin=MANIFEST)) == expected


def test_after_a_key_rotation_and_a_restart(artifactory: Shop, tmp_path: Path) -> None:
    variables = environment(tmp_path / "data")
    manifests = [deployment(f"web-{number}") for number in range(3)]

    def render(bridge: BridgeProcess) -> list[str]:
        program = pointed_at(bridge.url, tmp_path / "home")
        return [one_token(program.run("post-render", *SHOP, stdin=each)) for each in manifests]

    with running(variables) as bridge:
        artifactory.connect(bridge)
        first = render(bridge)
        subprocess.run([PROGRAM, "keys", "rotate"], env=variables, check=True, capture_output=True)
        assert render(bridge) == first
        assert bridge.stop() == 0
    with running(variables) as bridge:
        assert render(bridge) == first
        program = pointed_at(bridge.url, tmp_path / "home")
        rendered = program.run("post-render", *SHOP, stdin=b"---\n".join(manifests)).out
        assert program.run("identities", "verify", "-", stdin=rendered).exit_code == 0


def test_from_two_bridges_on_one_data_folder_at_the_same_moment(artifactory: Shop, tmp_path: Path) -> None:
    variables = environment(tmp_path / "data")
    with running(variables) as one, running(variables) as two:
        artifactory.connect(one)
        programs = [pointed_at(bridge.url, tmp_path / "home") for bridge in (one, two)]
        for number in range(4):
            stdin = deployment(
                f"web-{number}", *[f"acme.example.com/docker-local/shop/web:1.{n}" for n in (0, 1)]
            )
            with ThreadPoolExecutor(2) as threads:
                rendered = list(
                    threads.map(lambda p, m=stdin: p.run("post-render", *SHOP, stdin=m), programs)
                )
            assert one_token(rendered[0]) == one_token(rendered[1])
        listed = programs[1].run("identities", "list", "-o", "name").out.split()
    assert len(listed) == len(set(listed)) == 4


def test_a_tag_that_moved_gives_a_new_identity_and_the_list_tells_both_apart(
    portshift: Portshift, artifactory: Shop
) -> None:
    image = "acme.example.com/docker-local/shop/moving:1"
    manifest = deployment("moving", image)
    digests = []
    tokens = []
    for content in ("before", "after"):
        pushed = artifactory.standin.push_image("docker-local", "shop/moving", "1", content=content)
        digests.append(pushed.digest)
        tokens.append(one_token(portshift.run("post-render", *SHOP, stdin=manifest)))
    assert [claims(token)["portshift.io/images"][0]["digest"] for token in tokens] == digests
    assert digests[0] != digests[1]

    listed = json.loads(portshift.run("identities", "list", "--name", "moving", "-o", "json").out)["items"]
    assert [item["containers"][0]["digest"] for item in listed] == digests[::-1]
    assert [item["token"] for item in listed] == tokens[::-1]
    table = portshift.run("identities", "list", "--name", "moving").out.decode().splitlines()[1:]
    assert [row.split()[0] for row in table] == [item["id"][:12] for item in listed]
    for row, digest in zip(table, digests[::-1], strict=True):
        assert image in row
        assert digest[:19] in row
    found = portshift.run("identities", "list", "--digest", digests[0], "-o", "name").out.decode().split()
    assert found == [listed[1]["id"]]

    artifactory.standin.push_image("docker-local", "shop/moving", "1", content="before")
    assert one_token(portshift.run("post-render", *SHOP, stdin=manifest)) == tokens[0]
