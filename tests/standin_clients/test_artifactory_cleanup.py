"""artifactory-cleanup's Docker rules on the stand-in: what a dry run names, and what a real one leaves."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.standin import Standin, build_image
from tests.standin_clients.conftest import python_of

pytestmark = pytest.mark.integration

DAY = 86_400.0
ADMIN = ("admin", "password")
Rules = list[dict[str, Any]]
Cleanup = Callable[..., set[str]]


@pytest.fixture
def now() -> list[float]:
    """The stand-in's time, in seconds since the epoch."""
    return [time.time()]


@pytest.fixture
def standin(now: list[float]) -> Iterator[Standin]:
    """Images of 40, 30, 20 and 1 days; ``latest`` is the newest again."""
    with Standin(clock=lambda: now[0]) as server:
        server.add_repository("docker-local")
        today = now[0]
        for tag, days in (("1.0.0", 40), ("1.1.0", 30), ("2.0.0", 20), ("2.1.0", 1)):
            now[0] = today - days * DAY
            image = server.push_image("docker-local", "team/app", tag, image=build_image("app", content=tag))
        server.push_image("docker-local", "team/app", "latest", image=image)
        now[0] = today
        yield server


@pytest.fixture
def cleanup(standin: Standin, tmp_path: Path) -> Cleanup:
    """Runs one policy; gives what it removed, or would remove, as ``path/name``."""
    program = python_of("artifactory_cleanup").with_name("artifactory-cleanup")

    def run(*rules: dict[str, Any], destroy: bool = False) -> set[str]:
        server = {"server": standin.url, "user": "admin", "password": "password"}
        policy = {"name": "shop", "rules": [{"rule": "Repo", "name": "docker-local"}, *rules]}
        config, output = tmp_path / "policies.yaml", tmp_path / "removed.json"
        config.write_text(json.dumps({"artifactory-cleanup": {**server, "policies": [policy]}}))
        options = [f"--config={config}", f"--output={output}", "--output-format=json", "--output-artifacts"]
        if destroy:
            options.append("--destroy")
        # A variable of TeamCity or GitLab would change what it prints.
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        command = [str(program), *options]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60, env=environment
        )
        assert done.returncode == 0, done.stdout + done.stderr
        [result] = json.loads(output.read_text())["policies"]
        return {f"{one['path']}/{one['name']}" for one in result["removed_artifacts"]}

    return run


def tags(standin: Standin, image: str = "team/app") -> set[str]:
    url = f"{standin.url}/api/docker/docker-local/v2/{image}/tags/list"
    answer = requests.get(url, auth=ADMIN, timeout=10)
    return set(answer.json()["tags"]) if answer.ok else set()


def paths(*names: str) -> set[str]:
    return {f"team/app/{name}" for name in names}


def older_than(days: int) -> dict[str, Any]:
    return {"rule": "DeleteDockerImagesOlderThan", "days": days}


@pytest.mark.parametrize(
    ("rules", "removed"),
    [
        pytest.param([older_than(25)], {"1.0.0", "1.1.0"}, id="older"),
        pytest.param(
            [older_than(0), {"rule": "KeepLatestNDockerImages", "count": 2}], {"1.0.0", "1.1.0"}, id="latest"
        ),
        pytest.param(
            [
                {"rule": "ExcludeDockerImages", "masks": "team/app:latest"},
                {"rule": "KeepLatestNVersionImagesByProperty", "count": 1},
            ],
            {"1.0.0", "2.0.0"},
            id="latest of each major version",
        ),
        pytest.param(
            [older_than(0), {"rule": "IncludeDockerImages", "masks": "team/app:2.*"}],
            {"2.0.0", "2.1.0"},
            id="included",
        ),
        pytest.param([{"rule": "DeleteDockerImagesNotUsed", "days": 10}], {"1.0.0", "1.1.0"}, id="not used"),
        pytest.param(
            [{"rule": "DeleteDockerImagesOlderThanNDaysWithoutDownloads", "days": 25}],
            {"1.0.0", "1.1.0"},
            id="without downloads",
        ),
        pytest.param(
            [
                {"rule": "PropertyEq", "property_key": "portshift.unused", "property_value": "true"},
                older_than(0),
            ],
            {"1.1.0", "2.0.0"},
            id="property",
        ),
        pytest.param(
            [
                {"rule": "PropertyNeq", "property_key": "portshift.inUse", "property_value": "true"},
                older_than(0),
            ],
            {"1.1.0", "2.0.0", "2.1.0", "latest"},
            id="not the property",
        ),
    ],
)
def test_a_dry_run_names_and_a_real_one_removes(
    standin: Standin, cleanup: Cleanup, rules: Rules, removed: set[str]
) -> None:
    write = {"1.0.0": {"portshift.inUse": "true"}, "1.1.0": {"portshift.unused": "true"}}
    for tag, properties in {**write, "2.0.0": {"portshift.unused": "true"}}.items():
        url = f"{standin.url}/api/metadata/docker-local/team/app/{tag}/manifest.json?recursiveProperties=0"
        assert requests.patch(url, json={"props": properties}, auth=ADMIN, timeout=10).status_code == 204
    pulled = f"{standin.url}/api/docker/docker-local/v2/team/app/manifests/2.0.0"
    requests.get(pulled, auth=ADMIN, timeout=10).raise_for_status()
    before = tags(standin)

    assert cleanup(*rules) == paths(*removed)
    assert tags(standin) == before
    assert cleanup(*rules, destroy=True) == paths(*removed)
    assert tags(standin) == before - removed
    assert cleanup(*rules) == set()


def test_old_children_of_a_list_are_removed_and_break_it(
    standin: Standin, cleanup: Cleanup, now: list[float]
) -> None:
    """It asks for manifest.json only, so it sees the children and not the list (its issue 121)."""
    now[0] -= 50 * DAY
    image = standin.push_image("docker-local", "multi", "1.0", platforms=("linux/amd64", "linux/arm64"))
    now[0] += 50 * DAY

    removed = cleanup(older_than(45), destroy=True)

    assert removed == {f"multi/{child.digest}" for child in image.children}
    assert tags(standin, "multi") == {"1.0"}
    child = f"{standin.url}/api/docker/docker-local/v2/multi/manifests/{image.children[0].digest}"
    assert requests.head(child, auth=ADMIN, timeout=10).status_code == 404


def test_images_are_looked_up_in_the_catalogue(standin: Standin, cleanup: Cleanup) -> None:
    rule = {
        "rule": "DeleteDockerImageIfNotContainedInProperties",
        "docker_repo": "docker-local",
        "properties_prefix": "docker.label.",
        "image_prefix": "team/",
    }
    standin.set_properties(
        "docker-local", "team/app/1.0.0/manifest.json", {"docker.label.app": "team/app:1.0.0"}
    )

    cleanup(rule)

    asked = {request.path.rpartition("/v2/")[2] for request in standin.requests if "/v2/" in request.path}
    assert {"_catalog", "team/app/tags/list"} <= asked
