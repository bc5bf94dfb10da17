"""dohq-artifactory and pyartifactory find in the stand-in the Artifactory that they were written for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.standin import GROOVY_3, OLD, Standin
from tests.standin_clients.conftest import Session

pytestmark = pytest.mark.integration


def test_dohq_writes_reads_lists_and_queries(standin: Standin, session: Session) -> None:
    image = standin.push_image("docker-local", "team/app", "1.0", platforms=("linux/amd64", "linux/arm64"))

    seen = session("dohq")

    children = [child.digest for child in image.children]
    assert seen["text"] == "hello"
    assert seen["properties"] == {
        "team": ["a,b", "c|d"],
        "level": ["2"],
        "since": ["2026-01-01T00:00:00+0300"],
    }
    assert seen["folder"] == {"folder": ["yes"]}
    assert seen["size"] == 5
    assert seen["sha256"] == image.digest.removeprefix("sha256:")
    assert seen["names"] == sorted(["1.0", *children])
    assert seen["globbed"] == sorted(
        ["/team/app/1.0/list.manifest.json", *(f"/team/app/{child}/manifest.json" for child in children)]
    )
    assert seen["found"] == [["docker-local", "team/app/1.0", "list.manifest.json"]]
    assert (seen["absent"], seen["deleted"]) == (False, True)
    assert seen["downloads"] == 0


@pytest.mark.parametrize(("version", "answer"), [(OLD, {}), (GROOVY_3, "no item")])
def test_dohq_takes_either_form_of_the_404_for_properties(
    session: Session, standin: Standin, version: str, answer: object
) -> None:
    standin.push_image("docker-local", "team/app", "1.0", index=True)
    standin.switches.version = version

    seen = session("dohq")

    assert (seen["without"], seen["of absent"]) == ({}, answer)


def test_pyartifactory_writes_reads_lists_and_reads_builds(
    standin: Standin, session: Session, tmp_path: Path
) -> None:
    image = standin.push_image("docker-local", "team/app", "1.0", platforms=("linux/amd64", "linux/arm64"))
    standin.publish_build("app", "7", [("docker-local", "team/app", "1.0")])
    (tmp_path / "down").mkdir()

    seen = session("pyartifactory", str(tmp_path))

    assert seen["properties"] == {"team": ["b"], "level": ["1", "2"], "note": ["x = 1; y | z"]}
    assert seen["read"] == "hello"
    assert (seen["downloads"], seen["untouched"]) == (1, 0)
    manifests = {f"/team/app/{child.digest}/manifest.json" for child in image.children}
    assert manifests | {"/team/app/1.0/list.manifest.json"} <= set(seen["files"])
    assert (seen["absent"], seen["no properties"]) == ("ArtifactNotFoundError", "PropertyNotFoundError")
    assert seen["build"] == ["app", "7", "Jenkins"]
    assert {"list.manifest.json", "manifest.json"} <= set(seen["artifacts"])
    assert seen["runs"] == ["/7"]
    assert seen["repositories"] == [
        ["docker", "VIRTUAL"],
        ["docker-local", "LOCAL"],
        ["docker-remote", "REMOTE"],
        ["files", "LOCAL"],
    ]
    assert seen["members"] == ["docker-local", "docker-remote"]
