"""Many places in few queries, and each row back to its place."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portshift.core.errors import InvalidInput
from portshift_bridge.registries.facts import StoredManifest
from portshift_bridge.registries.resolving.places import Batch, Place, batches, rows_by_place

DIGEST = "sha256:" + "a" * 64


def test_a_query_names_every_place_that_its_images_may_lie_at() -> None:
    places = Place("docker", "nginx", tag="1"), Place("docker", "team/app", digest=DIGEST)
    (batch,) = batches(places)
    assert batch.query(properties=True) == (
        'items.find({"$and":['
        '{"$or":[{"repo":"docker"},{"repo":"docker-cache"}]},'
        '{"$or":[{"name":"manifest.json"},{"name":"list.manifest.json"}]},'
        '{"$or":['
        '{"$or":[{"path":"nginx/1"},{"path":"library/nginx/1"}]},'
        '{"$and":[{"sha256":"' + "a" * 64 + '"},{"$or":[{"path":{"$match":"team/app/*"}}]}]}'
        "]}"
        ']}).include("repo","path","name","sha256","property")'
    )
    assert batch.query(properties=False).endswith('.include("repo","path","name","sha256")')


@given(repository=st.text(max_size=60), image=st.text(max_size=60), tag=st.text(max_size=60))
def test_no_value_escapes_its_quotes(repository: str, image: str, tag: str) -> None:
    query = Batch(repository, (Place(repository, image, tag=tag),)).query(properties=False)
    criteria, _, include = query.removeprefix("items.find(").rpartition(").include(")
    found = json.loads(criteria)["$and"]
    assert found[0]["$or"][0] == {"repo": repository}
    assert found[2]["$or"][0]["$or"][0] == {"path": f"{image}/{tag}"}
    assert include == '"repo","path","name","sha256")'


def test_a_single_place_longer_than_artifactory_takes_is_refused() -> None:
    (batch,) = batches([Place("docker", "a" * 6_000, tag="1")])
    with pytest.raises(InvalidInput, match="at most 6000"):
        batch.query(properties=False)


NAMES = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,30}){0,6}", fullmatch=True)
PLACES = st.one_of(
    st.builds(Place, st.sampled_from(["one", "two"]), NAMES, tag=st.from_regex(r"[a-z0-9]{1,60}")),
    st.builds(Place, st.sampled_from(["one", "two"]), NAMES, digest=st.just(DIGEST)),
)


@given(st.lists(PLACES, max_size=200))
def test_every_place_is_in_one_query_of_its_repository_and_none_is_too_long(places: list[Place]) -> None:
    made = list(batches(places))
    assert sorted(map(repr, (place for batch in made for place in batch.places))) == sorted(
        map(repr, set(places))
    )
    for batch in made:
        assert {place.repository for place in batch.places} == {batch.repository}
        assert len(batch.query(properties=True)) <= 6_000


def test_queries_are_filled_before_another_is_begun() -> None:
    made = list(batches(Place("docker-local", f"team/app-{n}", tag="1.0") for n in range(1_000)))
    assert [len(batch.query(properties=True)) > 5_900 for batch in made[:-1]] == [True] * (len(made) - 1)
    assert len(made) <= 10


def row(path: str, digest: str = DIGEST, repository: str = "local") -> StoredManifest:
    return StoredManifest(repository, path, "manifest.json", digest=digest)


def shared(rows: list[StoredManifest], *places: Place) -> Mapping[Place, tuple[StoredManifest, ...]]:
    return rows_by_place(Batch("local", places), rows)


def test_a_tag_has_the_rows_of_its_own_folder_in_every_repository() -> None:
    place = Place("local", "team/app", tag="1")
    ours = [row("team/app/1"), row("team/app/1", "sha256:b", "other")]
    assert shared([*ours, row("team/app/2"), row("team/app/1/2")], place) == {place: tuple(ours)}


def test_an_official_image_has_the_rows_below_library_too() -> None:
    place = Place("local", "nginx", tag="1")
    assert shared([row("library/nginx/1")], place) == {place: (row("library/nginx/1"),)}


def test_a_digest_has_the_rows_of_its_image_wherever_they_lie() -> None:
    place, other = Place("local", "team/app", digest=DIGEST), Place("local", "team/b", digest=DIGEST)
    ours = [row("team/app/1"), row(f"team/app/{DIGEST}")]
    rows = [*ours, row("team/app/sub/1"), row("team/app/2", "sha256:b")]
    assert shared(rows, place, other) == {place: tuple(ours), other: ()}
