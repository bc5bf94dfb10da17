"""The artifacts of the API: lists from the catalogue, and one artifact of every registry."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests

from portshift.core.identity import Build, PlannedImage
from portshift_bridge.api.schemas import SCHEMAS
from portshift_bridge.inspecting import AT_ONCE
from portshift_bridge.registries.model import Login, Registry
from portshift_bridge.registries.paths import ManifestPath
from tests.fakes.bridge_services import FakeBridge, rendering
from tests.fakes.http import Scripted
from tests.fakes.registry_answers import AnswersByPath, digest_of, image, registry_with, row, stores
from tests.fakes.resolver import resolved, unreachable
from tests.unit.bridge.described import differences

MANIFEST, CONFIG = image(config={"Labels": {"team": "x"}})
DIGEST = digest_of(MANIFEST)


def connect(bridge: FakeBridge, name: str, adapter: AnswersByPath | None = None) -> None:
    registry = Registry.from_json({"name": name, "url": f"https://{name}.example.com"})
    bridge.services.registries.create(registry, Login(), actor="test")
    if adapter is not None:
        bridge.adapters[name] = adapter


def place(
    path: str = "app/1.0", seed: str = "a", *, repository: str = "docker-local", build: Build | None = None
) -> ManifestPath:
    named = {} if build is None else {"build.name": (build.name,), "build.number": (build.number,)}
    digest = f"sha256:{(seed * 64)[:64]}"
    return ManifestPath(repository, path, "manifest.json", digest, modified=1, properties=named)


def digests(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["digest"][7:9] for item in answer.json()["items"]]


def test_an_item_says_what_it_is_and_every_place(bridge: FakeBridge) -> None:
    connect(bridge, "acme")
    connect(bridge, "beta")
    store = bridge.services.artifacts
    store.record("acme", [place(build=Build("shop", "7"))])
    store.record("beta", [place("app/2.0")])
    store.describe(place().digest, media_type="m", size=9, platforms=["linux/amd64"], labels={}, children=[])

    (item,) = bridge.call("GET", "artifacts").json()["items"]

    first, second = item.pop("paths")
    assert item == {
        "digest": place().digest,
        "mediaType": "m",
        "size": 9,
        "platforms": ["linux/amd64"],
        "firstSeenAt": item["firstSeenAt"],
        "pathCount": 2,
    }
    assert first == {
        "registry": "acme",
        "repository": "docker-local",
        "path": "app/1.0",
        "name": "manifest.json",
        "image": "app",
        "tag": "1.0",
        "created": None,
        "modified": "1970-01-01T00:00:00.000001Z",
        "build": {"name": "shop", "number": "7"},
    }
    assert (second["registry"], second["build"]) == ("beta", None)


def test_pages_follow_each_other_newest_first(bridge: FakeBridge) -> None:
    connect(bridge, "acme")
    for number in range(7):
        bridge.services.artifacts.record("acme", [place(f"app/{number}", f"{number}{number}")])

    first = bridge.call("GET", "artifacts", params={"limit": 4})
    rest = bridge.call("GET", "artifacts", params={"limit": 4, "cursor": first.json()["next"]})

    assert digests(first) + digests(rest) == ["66", "55", "44", "33", "22", "11", "00"]
    assert rest.json()["next"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["dd", "bb", "aa"]),
        ({"registry": "beta"}, ["dd"]),
        ({"repository": "docker-prod"}, ["bb"]),
        ({"image": "app"}, ["bb", "aa"]),
        ({"image": "app", "tag": "2.0"}, ["bb"]),
        ({"tag": "2.0", "registry": "beta"}, []),
        ({"digest": "cccccccc"}, ["cc"]),
        ({"digest": f"sha256:{'a' * 64}"}, ["aa"]),
        ({"build": "shop"}, ["bb", "aa"]),
        ({"build": "shop/7"}, ["aa"]),
        ({"build": "team/shop/7/1"}, ["dd"]),
        ({"build": "7"}, []),
        # Both hold of the artifact, but of no place of it.
        ({"image": "app", "registry": "beta"}, []),
    ],
)
def test_filters_hold_of_one_place(bridge: FakeBridge, query: dict[str, str], found: list[str]) -> None:
    connect(bridge, "acme")
    connect(bridge, "beta")
    store = bridge.services.artifacts
    store.record("acme", [place("app/1.0", "a", build=Build("shop", "7"))])
    store.record("acme", [place("app/2.0", "b", repository="docker-prod", build=Build("shop", "8"))])
    store.record("acme", [place(f"app/sha256:{'c' * 64}", "c")])
    store.record("beta", [place("other/3.0", "d", build=Build("team/shop", "7/1"))])

    assert digests(bridge.call("GET", "artifacts", params=query)) == found


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("digest=abc", "found the digest 'abc', expected sha256: and at least 8"),
        ("digest=sha512:aaaaaaaa", "found the digest"),
        ("colour=red", "found the query parameter 'colour'"),
        ("cursor=WyJhIl0", "cursor: found text"),
    ],
)
def test_a_query_that_cannot_be_is_named(bridge: FakeBridge, query: str, told: str) -> None:
    answer = bridge.call("GET", f"artifacts?{query}")

    assert answer.status_code == 400
    assert told in answer.json()["detail"]


def visible() -> AnswersByPath:
    adapter = registry_with(row(DIGEST))
    stores(adapter, MANIFEST, CONFIG, "docker-local/app/1.0")
    return adapter


def test_an_artifact_is_shown_of_every_registry_that_holds_it(bridge: FakeBridge) -> None:
    connect(bridge, "acme", visible())
    connect(bridge, "beta", visible())
    connect(bridge, "empty", registry_with())

    shown = bridge.call("GET", f"artifacts/{DIGEST}").json()

    assert [each["registry"] for each in shown["registries"]] == ["acme", "beta"]
    assert {each["paths"]["items"][0]["path"] for each in shown["registries"]} == {"app/1.0"}
    assert shown["registries"][0]["content"]["items"][0]["labels"] == {"team": "x"}
    assert shown["firstSeenAt"] is None
    assert differences(shown, SCHEMAS["Artifact"]) == []
    assert differences(bridge.call("GET", "artifacts").json(), SCHEMAS["Artifacts"]) == []


def test_what_was_shown_is_in_the_catalogue_then(bridge: FakeBridge) -> None:
    connect(bridge, "acme", visible())
    bridge.call("GET", f"artifacts/{DIGEST}")

    (item,) = bridge.call("GET", "artifacts").json()["items"]

    assert (item["digest"], item["platforms"]) == (DIGEST, ["linux/amd64"])
    assert bridge.call("GET", f"artifacts/{DIGEST[7:15]}").json()["digest"] == DIGEST
    assert bridge.call("GET", f"artifacts/{DIGEST[:20]}").json()["firstSeenAt"] == item["firstSeenAt"]


def test_a_childs_lists_are_known_before_the_child_is(bridge: FakeBridge) -> None:
    connect(bridge, "acme", registry_with(row(DIGEST), version="6.20.0"))
    bridge.services.artifacts.record("acme", [place("app/2.0", "b")])
    bridge.services.artifacts.describe(
        place(seed="b").digest, media_type="m", size=None, platforms=[], labels={}, children=[(DIGEST, None)]
    )

    (acme,) = bridge.call("GET", f"artifacts/{DIGEST}").json()["registries"]

    assert [parent["tags"] for parent in acme["parents"]["items"]] == [["2.0"]]


def test_a_registry_that_does_not_answer_is_shown_with_what_is_known(bridge: FakeBridge) -> None:
    connect(bridge, "acme", visible())
    connect(bridge, "dead")
    bridge.services.artifacts.record("dead", [place(seed=DIGEST[7:])])

    acme, dead = bridge.call("GET", f"artifacts/{DIGEST}").json()["registries"]

    assert acme["paths"]["state"] == "known"
    assert (dead["paths"]["state"], len(dead["paths"]["items"])) == ("unreachable", 1)


def test_a_registry_whose_login_cannot_be_had_takes_down_no_other(bridge: FakeBridge) -> None:
    connect(bridge, "acme", visible())
    connect(bridge, "locked", visible())
    bridge.services.watcher._secrets.delete("registries/locked")

    acme, locked = bridge.call("GET", f"artifacts/{DIGEST}").json()["registries"]

    assert (acme["paths"]["state"], locked["paths"]["state"]) == ("known", "unreachable")
    assert "login of registry locked is unavailable" in locked["paths"]["reason"]


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        (f"sha256:{'0' * 64}", 404, "no connected registry shows sha256:0"),
        ("00000000", 404, "no known artifact's digest begins with 00000000"),
        ("abc", 404, "abc: no registry claims the host"),
        ("slow:1", 502, "did not answer within 20 s"),
    ],
)
def test_what_is_not_found_is_told(bridge: FakeBridge, asked: str, status: int, told: str) -> None:
    connect(bridge, "acme", registry_with())
    bridge.resolver.images["slow:1"] = unreachable()

    answer = bridge.call("GET", f"artifacts/{asked}")

    assert answer.status_code == status
    assert told in answer.json()["detail"]


def test_a_prefix_of_several_digests_is_refused(bridge: FakeBridge) -> None:
    connect(bridge, "acme")
    bridge.services.artifacts.record("acme", [place("app/1", f"{'a' * 10}1"), place("app/2", f"{'a' * 10}2")])

    answer = bridge.call("GET", "artifacts/aaaaaaaa")

    assert (answer.status_code, answer.json()["cure"]) == (400, "give more digits")


def test_an_image_reference_shows_what_it_resolves_to(bridge: FakeBridge) -> None:
    connect(bridge, "acme", visible())
    bridge.resolver.images["acme.example.com/docker/app:1.0"] = resolved(DIGEST[7:])

    shown = bridge.call("GET", "artifacts/acme.example.com/docker/app:1.0").json()

    assert shown["digest"] == DIGEST


def test_only_so_many_are_looked_at_at_once(bridge: FakeBridge) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    class Slow(AnswersByPath):
        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
            begun.release()
            go_on.wait(10)
            return super().send(request, *args, **kwargs)

    connect(bridge, "acme", Slow())
    inspector = bridge.services.inspector
    shows = [threading.Thread(target=_quietly, args=(inspector.show, DIGEST)) for _ in range(AT_ONCE)]
    for show in shows:
        show.start()
    for _ in shows:
        assert begun.acquire(timeout=10)

    answer = bridge.call("GET", f"artifacts/{DIGEST}")
    go_on.set()
    for show in shows:
        show.join()

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:portshift:problem:busy")
    assert bridge.call("GET", f"artifacts/{DIGEST}").status_code == 404


def _quietly(show: Any, digest: str) -> None:
    try:
        show(digest)
    except Exception as error:
        assert "no connected registry" in str(error)  # noqa: PT017 a thread's


def test_a_registration_fills_the_catalogue_after_its_answer(bridge: FakeBridge) -> None:
    adapter = visible()
    connect(bridge, "acme", adapter)
    bridge.resolver.images["app:1"] = resolved(DIGEST[7:])
    bridge.call("POST", "registrations", json=rendering("app:1", "unknown:2"))
    assert bridge.call("GET", "artifacts").json()["items"] == []
    assert adapter.requests == []

    bridge.services.cataloguer.work()

    (item,) = bridge.call("GET", "artifacts").json()["items"]
    assert (item["digest"], item["paths"][0]["path"], item["platforms"]) == (
        DIGEST,
        "app/1.0",
        ["linux/amd64"],
    )
    assert item["paths"][0]["build"] == {"name": "app", "number": "7"}


def test_a_note_of_a_registry_that_is_gone_is_dropped(bridge: FakeBridge) -> None:
    bridge.services.cataloguer.note(
        [PlannedImage("c", "app:1", DIGEST, (), "gone/docker-local/app/1/m", None)]
    )

    bridge.services.cataloguer.work()

    assert bridge.call("GET", "artifacts").json()["items"] == []


def test_a_registry_that_does_not_answer_rests_and_holds_up_no_other(bridge: FakeBridge) -> None:
    dead = AnswersByPath({"GET /artifactory/docker-local/app/1.0/manifest.json": requests.ConnectTimeout()})
    connect(bridge, "a-dead", dead)
    connect(bridge, "acme", visible())
    bridge.services.artifacts.record("a-dead", [place(seed="1"), place("app/2.0", seed="2")])
    bridge.services.artifacts.record("acme", [place(seed=DIGEST[7:])])

    bridge.services.cataloguer.work()
    asked = len(dead.requests)
    bridge.services.cataloguer.work()

    assert (asked, len(dead.requests)) == (1, 1)
    (item,) = bridge.call("GET", "artifacts", params={"registry": "acme"}).json()["items"]
    assert item["mediaType"] is not None


@pytest.mark.parametrize("answer", [Scripted(403), Scripted(404), Scripted(200, b"other bytes")])
def test_a_manifest_that_cannot_be_read_holds_up_no_other(bridge: FakeBridge, answer: Scripted) -> None:
    adapter = visible()
    adapter.answers["GET /artifactory/docker-local/app/0.1/manifest.json"] = answer
    connect(bridge, "acme", adapter)
    bridge.services.artifacts.record("acme", [place("app/0.1", "1"), place(seed=DIGEST[7:])])

    bridge.services.cataloguer.work()

    items = bridge.call("GET", "artifacts").json()["items"]
    assert {item["digest"]: item["mediaType"] is None for item in items} == {
        DIGEST: False,
        place(seed="1").digest: True,
    }


def test_the_cataloguer_works_by_itself_and_ends(bridge: FakeBridge) -> None:
    connect(bridge, "acme", visible())
    bridge.services.cataloguer.start()
    bridge.services.cataloguer.note(
        [PlannedImage("c", "app:1", DIGEST, (), "acme/docker-local/app/1.0/manifest.json", None)]
    )
    until = time.monotonic() + 5
    while not bridge.call("GET", "artifacts").json()["items"] and time.monotonic() < until:
        time.sleep(0.01)
    bridge.services.cataloguer.stop()

    assert len(bridge.call("GET", "artifacts").json()["items"]) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "cataloguer"]
