"""The catalogue of manifests: recording, describing, forgetting, and what stays known."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portshift_bridge.clock import SECOND
from portshift_bridge.registries.model import Login, Registry
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.secrets import FileSecretStore
from portshift_bridge.settings import Settings
from portshift_bridge.starting import open_database
from portshift_bridge.store.artifacts import BATCH, RETRY_AFTER, ArtifactStore
from portshift_bridge.store.database import Database
from portshift_bridge.store.registries import ConnectedRegistry, RegistryStore
from portshift_bridge.store.schema import artifact_children, artifact_paths, artifacts
from tests.fakes.bridge_services import FakeClock
from tests.fakes.connected import connected


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened, _ = open_database(Settings(data=tmp_path))
    connected(opened, "acme", "beta")
    yield opened
    opened.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(database: Database, clock: FakeClock) -> ArtifactStore:
    return ArtifactStore(database, clock)


def digest(seed: object) -> str:
    return f"sha256:{str(seed) * 64}"[:71]


def lies(
    path: str = "app/1.0",
    *,
    seed: object = "a",
    repository: str = "docker-local",
    name: str = "manifest.json",
    modified: int | None = 5,
    **properties: str,
) -> ManifestPath:
    held = {key.replace("_", "."): (value,) for key, value in properties.items()}
    return ManifestPath(repository, path, name, digest(seed), created=4, modified=modified, properties=held)


def places(store: ArtifactStore, registry: str = "acme", under: str = "") -> list[tuple[str, str, str]]:
    return list(store.places(registry, repository="docker-local", under=under))


def count(database: Database) -> tuple[int, int]:
    with database.read() as connection:
        found = [
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (artifacts, artifact_paths)
        ]
    return found[0], found[1]


def test_what_is_new_or_changed_is_counted_and_what_is_not_is_not(store: ArtifactStore) -> None:
    assert store.record("acme", [lies("app/1"), lies("app/2")]) == 2
    assert store.record("acme", [lies("app/1"), lies("app/2")]) == 0
    assert store.record("acme", [lies("app/1", modified=6), lies("app/2", team="x")]) == 2
    assert store.record("acme", [lies("app/1", seed="b", modified=6)]) == 1
    assert places(store) == [
        ("app/1", "manifest.json", digest("b")),
        ("app/2", "manifest.json", digest("a")),
    ]


def test_a_refresh_writes_what_has_changed_and_nothing_else(store: ArtifactStore, database: Database) -> None:
    store.record("acme", [lies("app/1"), lies("app/2"), lies("app/3")])

    def seen_at() -> dict[str, int]:
        with database.read() as connection:
            rows = connection.execute(select(artifact_paths.c.path, artifact_paths.c.seen_at))
            return {row.path: row.seen_at for row in rows}

    before = seen_at()
    assert store.refresh("acme", [lies("app/1"), lies("app/2", team="x"), lies("app/3", seed="b")]) == 2
    after = seen_at()

    assert {path for path in after if after[path] != before[path]} == {"app/2", "app/3"}
    assert store.refresh("acme", [lies("app/2", team="x"), lies("app/3", seed="b")]) == 0


def test_a_sighting_without_a_time_keeps_what_is_known_of_the_place(
    store: ArtifactStore, database: Database
) -> None:
    store.record("acme", [lies(build_name="app", build_number="7")])

    assert store.record("acme", [lies(modified=None)]) == 0

    with database.read() as connection:
        row = connection.execute(select(artifact_paths)).one()
    assert (row.build_name, row.build_number, row.modified) == ("app", "7", 5)
    assert store.record("acme", [lies(seed="b", modified=None)]) == 1


def test_one_digest_in_two_registries_is_one_artifact_at_two_places(
    store: ArtifactStore, database: Database
) -> None:
    store.record("acme", [lies()])
    store.record("beta", [lies()])

    assert count(database) == (1, 2)
    assert places(store, "acme") == places(store, "beta")


def test_of_two_sightings_of_one_place_the_last_counts(store: ArtifactStore) -> None:
    assert store.record("acme", [lies(seed="a"), lies(seed="b")]) == 1
    assert places(store) == [("app/1.0", "manifest.json", digest("b"))]


def test_an_artifact_that_moves_stays_the_same_artifact(store: ArtifactStore, database: Database) -> None:
    store.record("acme", [lies("app/1.0")])
    store.describe(digest("a"), media_type="m", size=7, platforms=["linux/amd64"], labels={}, children=[])

    store.forget("acme", [("docker-local", "app/1.0", "manifest.json")])
    store.record("acme", [lies("app/2.0")])

    assert count(database) == (1, 1)
    assert store.undescribed(registry="acme", limit=10) == ()


def test_describing_keeps_the_children_in_order_and_replaces_those_before(
    store: ArtifactStore, database: Database
) -> None:
    store.record("acme", [lies(name="list.manifest.json")])
    for children in ([("one", None)], [("two", "linux/amd64"), ("one", "linux/arm64/v8")]):
        store.describe(digest("a"), media_type="index", size=None, platforms=[], labels={}, children=children)

    with database.read() as connection:
        rows = connection.execute(select(artifact_children).order_by(artifact_children.c.position)).all()
    assert [(row.digest, row.platform) for row in rows] == [("two", "linux/amd64"), ("one", "linux/arm64/v8")]


def test_describing_what_nobody_recorded_does_nothing(store: ArtifactStore, database: Database) -> None:
    store.describe(digest("z"), media_type="m", size=1, platforms=[], labels={}, children=[])

    assert count(database) == (0, 0)


def test_each_undescribed_manifest_is_given_out_once_an_hour(store: ArtifactStore, clock: FakeClock) -> None:
    store.record("acme", [lies("app/1", seed="a"), lies("app/2", seed="a"), lies("app/3", seed="b")])
    store.record("beta", [lies("app/1", seed="c")])

    first = store.undescribed(registry="acme", limit=10)

    assert [item.digest for item in first] == [digest("a"), digest("b")]
    assert store.undescribed(registry="acme", limit=10) == ()
    clock.now += RETRY_AFTER
    assert len(store.undescribed(registry="acme", limit=10)) == 2


def test_an_artifact_at_many_places_does_not_hold_up_the_next(store: ArtifactStore) -> None:
    store.record("acme", [lies(f"app/{number}") for number in range(50)])
    store.record("acme", [lies("other/1", seed="b")])

    given = [store.undescribed(registry="acme", limit=1) for _ in range(3)]

    assert [[item.digest for item in some] for some in given] == [[digest("a")], [digest("b")], []]


def test_only_what_was_not_seen_since_is_forgotten(store: ArtifactStore, clock: FakeClock) -> None:
    store.record("acme", [lies("app/1"), lies("app/2")])
    clock.now += SECOND
    start = clock()
    store.record("acme", [lies("app/2")])
    every = [("docker-local", f"app/{tag}", "manifest.json") for tag in (1, 2, 3)]

    assert store.forget("acme", every, before=start) == 1
    assert [path for path, _, _ in places(store)] == ["app/2"]
    assert store.forget("acme", every) == 1
    assert store.forget("acme", []) == 0


def test_forgetting_hits_one_registry_repository_and_file_only(store: ArtifactStore) -> None:
    store.record("acme", [lies("app/1"), lies("app/1", name="list.manifest.json", seed="b")])
    store.record("acme", [lies("app/1", repository="docker-prod")])
    store.record("beta", [lies("app/1")])

    assert store.forget("acme", [("docker-local", "app/1", "manifest.json")]) == 1

    assert places(store) == [("app/1", "list.manifest.json", digest("b"))]
    assert len(list(store.places("acme", repository="docker-prod"))) == 1
    assert len(places(store, "beta")) == 1


def test_places_below_an_image_are_its_tags_children_and_deeper_images(store: ArtifactStore) -> None:
    paths = ["app-x/1", "app/1", "app/sha256:ab", "app/web/2", "app0/1", "apps/1"]
    store.record("acme", [lies(path) for path in paths])

    assert [path for path, _, _ in places(store, under="app")] == ["app/1", "app/sha256:ab", "app/web/2"]
    assert [path for path, _, _ in places(store)] == sorted(paths)


def test_many_places_are_recorded_listed_and_removed_in_bounded_memory(
    store: ArtifactStore, database: Database
) -> None:
    many = 5 * BATCH + 7
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]

    recorded = store.record("acme", (lies(f"app/{number:06}", seed=number % 10) for number in range(many)))
    listed = sum(1 for _ in store.places("acme", repository="docker-local"))

    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert (recorded, listed) == (many, many)
    assert peak < 12_000_000
    store.record("beta", [lies()])
    store.remove_registry("acme")
    assert count(database)[1] == 1


def test_a_registry_that_is_removed_takes_its_places_along(
    store: ArtifactStore, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    registries = RegistryStore(database, FileSecretStore.open(tmp_path), clock)
    store.record("acme", [lies()])
    store.record("beta", [lies()])

    registries.delete("acme", force=True, actor="test")

    assert (places(store, "acme"), len(places(store, "beta"))) == ([], 1)
    assert store.record("acme", [lies()]) == 0, "an answer that came after the removal was kept"
    assert places(store, "acme") == []


def test_a_registry_at_another_url_is_read_anew(
    store: ArtifactStore, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """It may be another Artifactory, where what the first one held would look hidden for ever."""
    registries = RegistryStore(database, FileSecretStore.open(tmp_path), clock)
    moved = Registry("acme", "https://moved.example/artifactory")
    store.record("acme", [lies()])
    store.record("beta", [lies()])

    registries.update("acme", lambda _: ConnectedRegistry(moved, Login()), actor="test")

    assert (places(store, "acme"), len(places(store, "beta"))) == ([], 1)


def test_what_lies_nowhere_is_purged_when_it_is_old(
    store: ArtifactStore, database: Database, clock: FakeClock
) -> None:
    store.record("acme", [lies("app/1", seed="a"), lies("app/2", seed="b")])
    store.forget("acme", [("docker-local", "app/1", "manifest.json")])

    assert store.purge(before=clock() - SECOND) == 0
    assert store.purge(before=clock()) == 1
    assert count(database) == (1, 1)
