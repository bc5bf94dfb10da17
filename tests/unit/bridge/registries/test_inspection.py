"""Everything about a digest in one registry: each group says for itself how much is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import requests

from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.inspecting.contents import Child, Content
from portshift_bridge.registries.inspecting.inspection import Inspection, Known, inspect
from portshift_bridge.registries.inspecting.parents import Parent
from portshift_bridge.registries.inspecting.states import State
from portshift_bridge.registries.model import Login, Registry
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.session import open_session
from tests.fakes.http import Scripted
from tests.fakes.registry_answers import (
    AnswersByPath,
    digest_of,
    image,
    index,
    refusal,
    registry_with,
    row,
    stores,
)

MANIFEST, CONFIG = image()
DIGEST = digest_of(MANIFEST)
KEPT = Content("kept", 5, ("linux/amd64",))


def seen(
    adapter: AnswersByPath, known: Known | None = None, digest: str = DIGEST, **registry: Any
) -> Inspection:
    read = Registry.from_json({"name": "acme", "url": "https://acme.example.com", **registry})
    session = open_session(read, Login(), adapter=adapter, sleep=lambda _: None)
    return inspect(session, read, digest, known or Known(), deadline=Deadline.after(5))


def states(told: Inspection) -> dict[str, str]:
    groups = ("paths", "content", "pull", "parents", "builds", "bundles")
    return {name: getattr(told, name).state.value for name in groups}


def known_at(repository: str = "docker-local") -> Known:
    place = ManifestPath(repository, "app/1.0", "manifest.json", DIGEST)
    return Known(paths=(place,), content=KEPT, parents=(Parent("sha256:list", "app", ("1.0",)),))


def test_an_image_that_is_all_visible() -> None:
    adapter = registry_with(row(DIGEST, properties={"team": ["a", "b"]}))
    stores(adapter, MANIFEST, CONFIG, "docker-local/app/1.0")

    told = seen(adapter)

    assert states(told) == {
        "paths": "known",
        "content": "known",
        "pull": "known",
        "parents": "known",
        "builds": "not-applicable",
        "bundles": "known",
    }
    assert told.paths.items[0].properties == {"team": ("a", "b")}
    assert told.content.items[0].platforms == ("linux/amd64",)
    assert {request.method for request in adapter.requests} == {"GET", "HEAD", "POST"}


def test_the_digest_is_asked_for_in_every_repository_by_one_query() -> None:
    copies = [row(DIGEST, "app/2", repo="docker-prod"), row(DIGEST, "app/1"), row(DIGEST, "app/2")]
    adapter = registry_with(*copies)

    told = seen(adapter)

    assert [path.full_path for path in told.paths.items] == [
        "docker-local/app/1/manifest.json",
        "docker-local/app/2/manifest.json",
        "docker-prod/app/2/manifest.json",
    ]
    (query,) = [str(request.body) for request in adapter.requests if "search/aql" in str(request.url)]
    assert DIGEST.removeprefix("sha256:") in query
    assert '"repo":' not in query


def test_repositories_that_are_left_out_are_not_shown_but_where_the_catalogue_met_the_digest() -> None:
    rows = [row(DIGEST, repo=repo) for repo in ("docker-local", "docker-secret", "hub-cache", "member")]

    told = seen(
        registry_with(*rows),
        known_at("member"),
        repositories={"include": ["docker-*", "hub"], "exclude": ["*-secret"]},
    )

    assert {path.repository for path in told.paths.items} == {"docker-local", "hub-cache", "member"}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (requests.ConnectTimeout(), "unreachable"),
        (refusal(401, "Bad credentials"), "login-refused"),
        (Scripted(200, b"<html>"), "unreachable"),
        (refusal(503, "offline"), "unreachable"),
    ],
)
def test_a_registry_that_gives_no_answer_is_not_empty(answer: Scripted | Exception, state: str) -> None:
    adapter = AnswersByPath({"GET /artifactory/api/system/version": answer})

    told = seen(adapter, known_at())

    assert set(states(told).values()) == {state}
    assert [path.full_path for path in told.paths.items] == ["docker-local/app/1.0/manifest.json"]
    assert (told.content.items, told.parents.items[0].tags) == ((KEPT,), ("1.0",))
    assert told.paths.reason


def test_aql_that_is_refused_hides_the_paths() -> None:
    adapter = registry_with()
    adapter.answers["POST /artifactory/api/search/aql"] = refusal(403, "not for anonymous")

    assert seen(adapter, known_at()).paths.state is State.NOT_VISIBLE


def test_what_the_registry_no_longer_shows_is_not_visible_and_not_absent() -> None:
    told = seen(registry_with(), known_at())

    assert (told.paths.state, len(told.paths.items)) == (State.NOT_VISIBLE, 1)
    assert "deleted, or is hidden" in str(told.paths.reason)


def test_a_manifest_that_is_shown_and_not_handed_out_is_blocked() -> None:
    adapter = registry_with(row(DIGEST))
    head = f"HEAD /artifactory/api/docker/docker-local/v2/app/manifests/{DIGEST}"
    adapter.answers[head] = Scripted(403)
    adapter.answers["GET /artifactory/docker-local/app/1.0/manifest.json"] = refusal(403, "blocked by Xray")

    told = seen(adapter)

    assert (told.pull.state, told.pull.items) == (State.BLOCKED, ("docker-local/app/1.0/manifest.json",))
    assert (told.content.state, told.content.items) == (State.BLOCKED, ())
    assert told.paths.state is State.KNOWN
    assert seen(adapter, known_at()).content.items == (KEPT,)


def test_one_copy_that_is_blocked_is_named() -> None:
    adapter = registry_with(row(DIGEST), row(DIGEST, repo="docker-prod"))
    adapter.answers[f"HEAD /artifactory/api/docker/docker-prod/v2/app/manifests/{DIGEST}"] = Scripted(403)

    assert seen(adapter).pull.items == ("docker-prod/app/1.0/manifest.json",)


@pytest.mark.parametrize(
    ("head", "state"),
    [
        (refusal(404, ""), State.UNKNOWN),
        (requests.ReadTimeout(), State.UNREACHABLE),
        (Scripted(200, headers={"Docker-Content-Digest": "sha256:other"}), State.UNREACHABLE),
    ],
)
def test_a_head_that_says_nothing_clear_leaves_the_pull_open(
    head: Scripted | Exception, state: State
) -> None:
    adapter = registry_with(row(DIGEST))
    adapter.answers[f"HEAD /artifactory/api/docker/docker-local/v2/app/manifests/{DIGEST}"] = head

    assert seen(adapter).pull.state is state


def test_a_cache_is_asked_by_the_key_of_its_remote_and_tells_no_parents() -> None:
    adapter = registry_with(row(DIGEST, "library/nginx/1", repo="hub-cache"))

    told = seen(adapter, known_at("hub-cache"))

    assert told.pull.state is State.KNOWN
    assert (told.parents.state, told.parents.items[0].digest) == (State.UNKNOWN, "sha256:list")
    assert not [url for url in adapter.seen if "parentManifests" in url]


def test_a_list_has_children_and_no_parents() -> None:
    manifest = index({"digest": "one", "platform": {"os": "linux", "architecture": "amd64"}})
    adapter = registry_with(row(digest_of(manifest), name="list.manifest.json"))
    stores(adapter, manifest, None, "docker-local/app/1.0")

    told = seen(adapter, digest=digest_of(manifest))

    assert told.content.items[0].children == (Child("one", "linux/amd64"),)
    assert told.parents.state is State.NOT_APPLICABLE


def parents_answer(*parents: tuple[str, Sequence[str]]) -> Scripted:
    lists = [{"dockerRepository": "app", "digest": digest, "tags": tags} for digest, tags in parents]
    return Scripted.json({"parentManifestLists": lists})


def test_a_childs_parents_are_those_of_artifactory_and_of_the_catalogue() -> None:
    adapter = registry_with(row(DIGEST, f"app/{DIGEST}"))
    path = "/artifactory/api/docker/docker-local/v2/parentManifests"
    adapter.answers[f"POST {path}"] = parents_answer(("sha256:other", ["2.0"]))

    told = seen(adapter, known_at())

    assert set(told.parents.items) == {
        Parent("sha256:list", "app", ("1.0",)),
        Parent("sha256:other", "app", ("2.0",)),
    }
    assert adapter.asked("POST", path) == [{"dockerRepository": "app", "tag": DIGEST}]


def test_an_older_artifactory_leaves_parents_to_the_catalogue() -> None:
    adapter = registry_with(row(DIGEST), version="7.118.9")

    told = seen(adapter, known_at())

    assert (told.parents.state, [parent.digest for parent in told.parents.items]) == (
        State.UNKNOWN,
        ["sha256:list"],
    )
    assert not [url for url in adapter.seen if "parentManifests" in url]


@pytest.mark.parametrize(
    "answer", [refusal(400, "no"), refusal(404, "no"), Scripted.json({}), Scripted.json([])]
)
def test_parents_that_artifactory_does_not_tell_are_unknown(answer: Scripted) -> None:
    adapter = registry_with(row(DIGEST))
    adapter.answers["POST /artifactory/api/docker/docker-local/v2/parentManifests"] = answer

    assert seen(adapter).parents.state is State.UNKNOWN


def test_content_that_cannot_be_read_now_is_what_was_read_once() -> None:
    adapter = registry_with(row(DIGEST))
    adapter.answers["GET /artifactory/docker-local/app/1.0/manifest.json"] = requests.ReadTimeout()

    assert seen(adapter).content.state is State.UNREACHABLE
    assert seen(adapter, known_at()).content.items == (KEPT,)


def test_content_is_read_at_the_first_place_that_has_it() -> None:
    adapter = registry_with(row(DIGEST, "app/1"), row(DIGEST, "app/2"))
    stores(adapter, MANIFEST, CONFIG, "docker-local/app/2")

    assert seen(adapter).content.state is State.KNOWN


def test_more_places_than_are_shown_are_counted() -> None:
    told = seen(registry_with(*(row(DIGEST, f"app/{number}") for number in range(1_001))))

    assert (told.paths.state, len(told.paths.items)) == (State.UNKNOWN, 1_000)
    assert "1001 paths" in str(told.paths.reason)


class Overloaded(AnswersByPath):
    """Gives up (408) on every query for properties."""

    def _answer(self, request: requests.PreparedRequest) -> Scripted:
        if "search/aql" in str(request.url) and '"property"' in str(request.body):
            return refusal(408, "Request Timeout")
        return super()._answer(request)


def test_places_are_shown_without_the_properties_that_cannot_be_read() -> None:
    told = seen(Overloaded(registry_with(row(DIGEST)).answers))

    assert (told.paths.state, len(told.paths.items)) == (State.UNKNOWN, 1)
    assert "properties could not be read" in str(told.paths.reason)
    assert told.pull.state is State.KNOWN


@pytest.mark.parametrize("version", ["", "7.x", None, "²"])
def test_a_version_that_cannot_be_read_is_unknown_and_the_rest_goes_on(version: str | None) -> None:
    adapter = registry_with(row(DIGEST))
    adapter.answers["GET /artifactory/api/system/version"] = Scripted.json({"version": version})

    assert states(seen(adapter))["bundles"] == "known"
