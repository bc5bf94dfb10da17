"""What foreign clients put into the stand-in is what our own adapter reads, and the other way round."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from portshift.core.wire import Outcome
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries import aql
from portshift_bridge.registries.model import Login, LoginKind, Registry
from portshift_bridge.registries.paths import FIELDS, ManifestPath, manifest_paths
from portshift_bridge.registries.properties import write_properties
from portshift_bridge.registries.property_rules import Way
from portshift_bridge.registries.resolving.resolution import Resolver
from portshift_bridge.registries.session import Session as Registered
from portshift_bridge.registries.session import open_session
from tests.standin import Image, Standin, build_image
from tests.standin_clients.conftest import Session, Skopeo
from tests.standin_clients.test_skopeo import write_oci_layout

pytestmark = pytest.mark.integration

READER = Login(LoginKind.PASSWORD, "reader", "reads")
ADMIN = Login(LoginKind.PASSWORD, "admin", "password")
AWKWARD = {
    "comma": ["a,b"],
    "pipe": ["a|b"],
    "equals": ["a=b=c"],
    "backslash": ["a\\b"],
    "plus": ["2026-01-01T00:00:00+0300"],
    "percent": ["100%25"],
    "unicode": ["Grüße, 世界"],
    "several": ["1", "2,3"],
    "long": ["x" * 2400],
}
# A backslash before a separator: the grammar of a query string cannot say it, JSON can.
ONLY_BY_JSON = {"backslash": ["a\\,b"]}


@pytest.fixture
def registry(standin: Standin) -> Registry:
    return Registry.from_json({"name": "acme", "url": standin.url})


@pytest.fixture
def adapter(registry: Registry) -> Iterator[Registered]:
    session = open_session(registry, ADMIN)
    yield session
    session.close()


def found(adapter: Registered, image: str) -> dict[str, ManifestPath]:
    """What AQL shows our adapter of an image, by path and name."""
    folders = [{"$match": f"{image}/*"}]
    names = aql.any_of("name", [aql.MANIFEST, aql.MANIFEST_LIST])
    query = aql.items([{"repo": "docker"}, names, aql.any_of("path", folders)], include=(*FIELDS, "property"))
    rows = manifest_paths(adapter.query(query, deadline=Deadline.after(10)))
    return {f"{row.path}/{row.name}": row for row in rows}


def push(standin: Standin, skopeo: Skopeo, folder: Path, reference: str) -> Image:
    image = build_image("team/app", platforms=("linux/amd64", "linux/arm64"), labels={"team": "shop"})
    write_oci_layout(folder, image)
    options = ["--all", "--dest-tls-verify=false", "--dest-creds=admin:password"]
    skopeo("copy", *options, f"oci:{folder}:1.0", f"docker://{standin.host}/{reference}")
    return image


def test_what_skopeo_pushes_our_adapter_finds(
    standin: Standin, skopeo: Skopeo, adapter: Registered, tmp_path: Path
) -> None:
    image = push(standin, skopeo, tmp_path / "in", "docker/team/app:1.0")

    rows = found(adapter, "team/app")

    top = rows.pop("team/app/1.0/list.manifest.json")
    assert (top.repository, top.digest, top.image, top.tag) == (
        "docker-local",
        image.digest,
        "team/app",
        "1.0",
    )
    assert {row.digest for row in rows.values()} == {child.digest for child in image.children}
    assert all(row.properties["docker.label.team"] == ("shop",) for row in rows.values())


@pytest.mark.parametrize("basic", [True, False], ids=["basic", "tokens only"])
def test_what_skopeo_pushes_our_resolver_resolves(
    standin: Standin, skopeo: Skopeo, registry: Registry, tmp_path: Path, basic: bool
) -> None:
    standin.switches.docker_basic = basic
    image = push(standin, skopeo, tmp_path / "in", "docker/team/app:1.0")
    resolver = Resolver(lambda: [(registry, READER)], deadline_seconds=20.0)

    reference = f"{standin.host}/docker/team/app:1.0"
    try:
        resolved = resolver.resolve([reference])[reference]
    finally:
        resolver.close()

    assert (resolved.outcome, resolved.digest) == (Outcome.RESOLVED, image.digest)
    assert set(resolved.children) == {child.digest for child in image.children}
    assert resolved.artifact == "acme/docker-local/team/app/1.0/list.manifest.json"


def test_properties_of_dohq_are_ours(standin: Standin, session: Session, adapter: Registered) -> None:
    standin.push_image("docker-local", "app", "1")
    path = "app/1/manifest.json"

    written = {**AWKWARD, **ONLY_BY_JSON}

    session("dohq", f"docker-local/{path}", json.dumps(written), script="properties.py")

    held = found(adapter, "app")[path].properties
    assert {key: list(held[key]) for key in written} == written


@pytest.mark.parametrize("way", list(Way))
def test_our_properties_are_theirs(standin: Standin, session: Session, adapter: Registered, way: Way) -> None:
    standin.push_image("docker-local", "app", "1")
    place = found(adapter, "app")["app/1/manifest.json"]
    written = AWKWARD if way is Way.STORAGE else {**AWKWARD, **ONLY_BY_JSON}
    version = standin.switches.version

    write_properties(adapter, place, written, way=way, version=version, deadline=Deadline.after(10))

    by_dohq = session("dohq", place.full_path, "{}", script="properties.py")
    by_pyartifactory = session("pyartifactory", place.full_path, script="properties.py")
    assert {key: by_dohq[key] for key in written} == written
    assert {key: by_pyartifactory[key] for key in written} == written
