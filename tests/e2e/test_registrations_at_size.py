"""``identities list`` on a bridge with 100,000 identities: quick, and complete while new ones come."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from portshift_bridge.settings import Settings
from portshift_bridge.starting import open_database
from portshift_bridge.store.schema import identities, identity_images
from tests.e2e.conftest import Shop, pointed_at
from tests.e2e.program import Outcome, Portshift, deployment
from tests.integration.bridge_process import BridgeProcess, environment, running

pytestmark = pytest.mark.integration

MANY = 100_000
MICROSECONDS = 1_000_000


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, artifactory: Shop) -> Iterator[BridgeProcess]:
    """A bridge on a data folder with 100,000 identities in 50 namespaces, one in a thousand revoked."""
    folder = tmp_path_factory.mktemp("full") / "data"
    database, _ = open_database(Settings(data=folder))
    with database.write() as connection:
        connection.execute(insert(identities), [_identity(number) for number in range(MANY)])
        connection.execute(insert(identity_images), [_image(number) for number in range(MANY)])
    database.close()
    with running(environment(folder)) as bridge:
        artifactory.connect(bridge)
        yield bridge


def _identity(number: int) -> dict[str, object]:
    return {
        "key": number + 1,
        "id": f"{number:064x}",
        "group": "apps",
        "kind": "Deployment",
        "namespace": f"team-{number % 50}",
        "name": f"web-{number}",
        "generated": False,
        "audience": "portshift:any-cluster",
        "token": "t" * 800,
        "kid": "k",
        "issued_at": (1_700_000_000 + number // 10) * MICROSECONDS,
        "signed_by": "ci",
        "first_registration": "r",
        "status": "revoked" if number % 1_000 == 0 else "active",
        "last_registered_at": (1_700_000_000 + number // 10) * MICROSECONDS,
        "intent": "deploy",
    }


def _image(number: int) -> dict[str, object]:
    digest = "sha256:common" if number % 2 else f"sha256:{number}"
    image = {"identity_key": number + 1, "position": 0, "name": "c", "reference": f"app:{number % 1_000}"}
    return {**image, "digest": digest, "children": []}


@pytest.fixture
def program(full: BridgeProcess, tmp_path: Path) -> Portshift:
    return pointed_at(full.url, tmp_path / "home")


def _listed(program: Portshift, *arguments: str) -> Outcome:
    done = program.run("identities", "list", *arguments)
    assert done.exit_code == 0, done.err
    return done


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("", 100),
        ("--in-namespace team-7", 100),
        ("--status revoked", 100),
        ("--digest sha256:common", 100),
        ("--digest sha256:4", 1),
        ("--reference app:7", 100),
        ("--name web-5", 1),
        ("--name nobody", 0),
        ("--kind Deployment --in-namespace team-1 --digest sha256:common", 100),
        ("--in-namespace team-7 --cluster nowhere", 0),
    ],
)
def test_a_first_page_takes_less_than_a_second(
    full: BridgeProcess, program: Portshift, filters: str, count: int
) -> None:
    done = _listed(program, "--limit", "100", "-o", "name", *filters.split())
    assert len(done.out.split()) == count
    query = filters.replace("--in-namespace", "--namespace").replace("--", "").split()
    started = time.monotonic()
    full.call("GET", "identities", params={"limit": "100", **dict(zip(query[::2], query[1::2], strict=True))})
    assert time.monotonic() - started < 1
    assert done.seconds < 2


def test_pages_by_cursor_repeat_and_leave_out_nothing_while_new_ones_come(program: Portshift) -> None:
    found: list[str] = []
    cursor: list[str] = []
    for page in range(5):
        done = _listed(program, "--limit", "1000", "--in-namespace", "team-3", "-o", "json", *cursor)
        document = json.loads(done.out)
        found += [item["id"] for item in document["items"]]
        new = program.run("post-render", stdin=deployment(f"new-{page}", namespace="team-3"))
        assert len(new.tokens) == 1, new.err
        if document["next"] is None:
            break
        cursor = ["--cursor", document["next"]]
    expected = [f"{number:064x}" for number in range(MANY - 1, -1, -1) if number % 50 == 3]
    assert sorted(found) == sorted(expected)
    assert len(found) == len(set(found)) == 2_000
    newest = json.loads(_listed(program, "--in-namespace", "team-3", "--limit", "2", "-o", "json").out)
    assert [item["workload"]["name"] for item in newest["items"]] == ["new-1", "new-0"]


def test_all_of_them_come_when_nobody_sets_a_limit(program: Portshift) -> None:
    done = program.run("identities", "list", "-o", "name", seconds=120)
    names = done.out.split()
    assert len(names) == len(set(names))
    assert len(names) >= MANY
