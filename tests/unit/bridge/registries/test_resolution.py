"""Many references at once: each has its own outcome, a reason, and a bounded time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from portshift.core.errors import PortshiftError, Unreachable
from portshift.core.identity import Build
from portshift.core.wire import Outcome
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.errors import LoginRefused
from portshift_bridge.registries.facts import ManifestHead
from portshift_bridge.registries.model import Login, LoginKind, Registry, UnavailableLogin
from portshift_bridge.registries.resolving.resolution import Connection, Resolution, Resolver
from tests.fakes.artifactory import OCI_INDEX, OCI_MANIFEST, FakeArtifactory, FakeManifest

ONE, TWO, THREE = (f"sha256:{letter * 64}" for letter in "123")
BUILD = Build("shop", "17")
BUILT = {"build.name": ("shop",), "build.number": ("17",), "build.timestamp": ("1700000000000",)}


def registry(name: str, **more: Any) -> Registry:
    return Registry.from_json({"name": name, "url": f"https://{name}.example.com", **more})


@contextmanager
def resolver(
    *connected: tuple[Registry, FakeArtifactory], seconds: float = 5.0, parallel: int = 4
) -> Iterator[Resolver]:
    fakes = {each.name: fake for each, fake in connected}
    made = Resolver(
        lambda: [(each, Login()) for each, _ in connected],
        deadline_seconds=seconds,
        parallel=parallel,
        connect=lambda each, _: fakes[each.name],
    )
    try:
        yield made
    finally:
        for fake in fakes.values():
            if fake.hang is not None:
                fake.hang.set()
        made.close()


def resolve(reference: str, fake: FakeArtifactory, **more: Any) -> Resolution:
    with resolver((registry("acme", **more), fake)) as made:
        return made.resolve([reference])[reference]


def shop() -> FakeArtifactory:
    fake = FakeArtifactory()
    fake.push("local", "app", "1.0", FakeManifest(ONE, properties=BUILT))
    fake.push("local", "multi", "1.0", FakeManifest(TWO, children=(ONE, THREE)))
    return fake


def test_a_tag_is_resolved_to_its_digest_its_place_and_its_build() -> None:
    assert resolve("acme.example.com/local/app:1.0", shop()) == Resolution(
        outcome=Outcome.RESOLVED,
        digest=ONE,
        media_type=OCI_MANIFEST,
        artifact="acme/local/app/1.0/manifest.json",
        build=BUILD,
    )


def test_an_index_brings_its_children() -> None:
    found = resolve("acme.example.com/local/multi:1.0", shop())
    assert (found.media_type, found.children) == (OCI_INDEX, (ONE, THREE))
    assert found.artifact == "acme/local/multi/1.0/list.manifest.json"


def test_a_digest_is_looked_up_and_found_at_its_tag() -> None:
    found = resolve(f"acme.example.com/local/app@{ONE}", shop())
    assert (found.digest, found.artifact) == (ONE, "acme/local/app/1.0/manifest.json")


def test_a_moved_tag_is_seen_at_once() -> None:
    fake = shop()
    with resolver((registry("acme"), fake)) as made:
        first = made.resolve(["acme.example.com/local/app:1.0"])
        fake.push("local", "app", "1.0", FakeManifest(THREE))
        second = made.resolve(["acme.example.com/local/app:1.0"])
    assert [found.digest for found in (*first.values(), *second.values())] == [ONE, THREE]


def test_what_belongs_to_a_digest_is_asked_once() -> None:
    fake = shop()
    with resolver((registry("acme"), fake)) as made:
        for _ in range(3):
            made.resolve(["acme.example.com/local/multi:1.0"])
    assert fake.asked == ["head", "rows", "children", "rows", "rows", "close"]


def test_the_same_reference_is_looked_up_once() -> None:
    fake = shop()
    with resolver((registry("acme"), fake)) as made:
        found = made.resolve(["acme.example.com/local/app:1.0"] * 50)
    assert list(found) == ["acme.example.com/local/app:1.0"]
    assert fake.asked.count("head") == 1


def virtual() -> FakeArtifactory:
    """One digest in three members of a virtual repository."""
    fake = FakeArtifactory(virtuals={"all": ("alpha", "beta", "hub-cache")})
    for member in ("alpha", "beta", "hub-cache"):
        fake.push(member, "app", "1.0", FakeManifest(ONE))
    return fake


def test_a_virtual_repository_serves_its_first_member() -> None:
    fake = virtual()
    fake.virtuals["all"] = ("beta", "alpha", "hub-cache")
    assert resolve("acme.example.com/all/app:1.0", fake).artifact == "acme/beta/app/1.0/manifest.json"


def test_without_the_configuration_the_choice_is_at_least_the_same_each_time() -> None:
    fake = virtual()
    fake.virtuals["all"] = ("hub-cache", "beta", "alpha")
    fake.members_visible = False
    assert resolve("acme.example.com/all/app:1.0", fake).artifact == "acme/alpha/app/1.0/manifest.json"


def test_a_tag_that_a_readable_folder_does_not_hold_is_absent() -> None:
    found = resolve("acme.example.com/local/app:9.9", shop())
    assert found.outcome is Outcome.ABSENT
    assert found.reason == (
        "registry acme has no local/app:9.9; its folder local/app was read and does not hold it; "
        "push it, or correct the reference"
    )


def test_an_image_that_cannot_be_listed_is_not_called_absent() -> None:
    found = resolve("acme.example.com/local/nothing:1", shop())
    assert found.outcome is Outcome.NOT_VISIBLE
    assert "absent or hidden" in str(found.reason)
    assert "read permission on local/nothing" in str(found.reason)


def test_a_blocked_image_is_forbidden() -> None:
    fake = shop()
    fake.blocked.add("app")
    found = resolve("acme.example.com/local/app:1.0", fake)
    assert found.outcome is Outcome.FORBIDDEN
    assert "Xray or another policy blocks it" in str(found.reason)


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (LoginRefused("answers 401", cure="correct the login"), Outcome.LOGIN_REFUSED),
        (Unreachable("answers 503"), Outcome.UNREACHABLE),
    ],
)
def test_a_registry_that_gives_no_answer_is_inconclusive(failure: PortshiftError, outcome: Outcome) -> None:
    fake = shop()
    fake.failure = failure
    found = resolve("acme.example.com/local/app:1.0", fake)
    assert (found.outcome, found.reason) == (outcome, f"registry acme: {failure}")
    assert not found.outcome.conclusive


@pytest.mark.parametrize("reference", ["$IMAGE", "<image>", "", "Acme/App", "nginx@sha256:1"])
def test_what_is_no_reference_is_invalid(reference: str) -> None:
    assert resolve(reference, shop()).outcome is Outcome.INVALID


def test_a_digest_that_artifactory_cannot_hold_is_invalid() -> None:
    found = resolve("acme.example.com/local/app@sha512:" + "a" * 128, shop())
    assert (found.outcome, found.reason) == (
        Outcome.INVALID,
        "found a sha512 digest, expected sha256, as Artifactory keeps it",
    )


def test_without_a_registry_everything_is_unconnected() -> None:
    with resolver() as made:
        found = made.resolve(["nginx", "acme.example.com/local/app:1.0"])
    assert {each.outcome for each in found.values()} == {Outcome.UNCONNECTED}
    assert "--mirror docker.io=REPOSITORY" in str(found["nginx"].reason)


def two_mirrors() -> tuple[tuple[Registry, FakeArtifactory], tuple[Registry, FakeArtifactory]]:
    first = registry("first", mirrors=["docker.io=hub"]), FakeArtifactory()
    second = registry("second", mirrors=["docker.io=hub"]), FakeArtifactory()
    return first, second


def test_the_second_registry_is_asked_when_the_first_has_no_image() -> None:
    first, second = two_mirrors()
    second[1].push("hub", "library/nginx", "1", FakeManifest(ONE))
    with resolver(first, second) as made:
        found = made.resolve(["nginx:1"])["nginx:1"]
    assert found.artifact == "second/hub/library/nginx/1/manifest.json"


def test_a_silent_first_registry_is_not_replaced_by_the_second() -> None:
    first, second = two_mirrors()
    first[1].failure = Unreachable("answers 503")
    second[1].push("hub", "library/nginx", "1", FakeManifest(ONE))
    with resolver(first, second) as made:
        assert made.resolve(["nginx:1"])["nginx:1"].outcome is Outcome.UNREACHABLE


def test_where_nobody_has_it_the_reasons_of_all_are_given() -> None:
    first, second = two_mirrors()
    first[1].push("hub", "library/nginx", "2", FakeManifest(ONE))
    with resolver(first, second) as made:
        found = made.resolve(["nginx:1"])["nginx:1"]
    assert found.outcome is Outcome.NOT_VISIBLE
    assert "registry first has no hub/library/nginx:1" in str(found.reason)
    assert "registry second shows no hub/library/nginx:1" in str(found.reason)


def test_a_registry_that_hangs_delays_its_own_images_only() -> None:
    fast, slow = (registry("fast"), shop()), (registry("slow"), shop())
    slow[1].hang = threading.Event()
    started = time.monotonic()
    with resolver(fast, slow, seconds=0.3, parallel=2) as made:
        found = made.resolve(
            [f"slow.example.com/local/app:{number}" for number in range(20)]
            + [f"fast.example.com/local/app@{ONE}", "fast.example.com/local/app:1.0"]
        )
        elapsed = time.monotonic() - started
    outcomes = [each.outcome for each in found.values()]
    assert outcomes.count(Outcome.UNREACHABLE) == 20
    assert outcomes.count(Outcome.RESOLVED) == 2
    assert elapsed < 2
    assert found["slow.example.com/local/app:1"].reason == (
        "registry slow (https://slow.example.com/artifactory) did not answer within 0.3 s; "
        "see 'helm portshift registries test slow'"
    )


def test_a_changed_registry_is_asked_with_its_new_login() -> None:
    logins = [Login(), Login(LoginKind.TOKEN, secret="new")]
    seen: list[Login] = []

    def connect(_: Registry, login: Login) -> FakeArtifactory:
        seen.append(login)
        return shop()

    current: list[Connection] = []
    made = Resolver(lambda: current, connect=connect)
    for login in (logins[0], logins[0], logins[1]):
        current[:] = [(registry("acme"), login)]
        made.resolve(["acme.example.com/local/app:1.0"])
    made.close()
    assert seen == logins


def test_a_changed_registry_s_connections_are_closed_when_its_last_call_is_over() -> None:
    fakes = [shop(), shop()]
    fakes[0].hang = threading.Event()
    current: list[Connection] = [(registry("acme"), Login())]
    unused = iter(fakes)
    made = Resolver(lambda: list(current), connect=lambda *_: next(unused))
    reference = "acme.example.com/local/app:1.0"
    with ThreadPoolExecutor(1) as others:
        earlier = others.submit(made.resolve, [reference])
        while not fakes[0].asked:
            time.sleep(0.001)
        current[:] = [(registry("acme"), Login(LoginKind.TOKEN, secret="new"))]
        made.resolve([reference])
        assert "close" not in fakes[0].asked
        fakes[0].hang.set()
        assert earlier.result()[reference].outcome is Outcome.RESOLVED
    assert fakes[0].asked[-1] == "close"
    assert "close" not in fakes[1].asked
    current.clear()
    made.resolve([])
    assert fakes[1].asked[-1] == "close"


def test_an_image_that_nothing_stores_yet_is_known_by_its_digest() -> None:
    class PassingOn(FakeArtifactory):
        def rows(self, *_: Any, **__: Any) -> tuple[()]:
            return ()

    fake = PassingOn()
    fake.push("hub", "app", "1", FakeManifest(ONE))
    found = resolve("acme.example.com/hub/app:1", fake)
    assert (found.outcome, found.digest, found.artifact) == (Outcome.RESOLVED, ONE, None)
    assert "no repository that the login sees stores it yet" in str(found.reason)


def test_an_unreadable_image_is_not_visible_though_the_answer_is_the_same_403() -> None:
    fake = shop()
    fake.unreadable.add("app")
    found = resolve("acme.example.com/local/app:1.0", fake)
    assert found.outcome is Outcome.NOT_VISIBLE
    assert "give the login read permission on local/app" in str(found.reason)


def test_without_aql_a_block_is_still_told_from_a_missing_permission() -> None:
    fake = shop()
    fake.aql = False
    fake.blocked.add("app")
    fake.unreadable.add("multi")
    assert resolve("acme.example.com/local/app:1.0", fake).outcome is Outcome.FORBIDDEN
    assert resolve("acme.example.com/local/multi:1.0", fake).outcome is Outcome.NOT_VISIBLE


def test_a_login_that_cannot_be_had_makes_its_own_registry_s_images_unreachable() -> None:
    gone = UnavailableLogin("Vault is sealed", cure="unseal it")
    good, bad = registry("good", mirrors=["docker.io=hub"]), registry("bad")
    fake = shop()
    made = Resolver(lambda: [(good, Login()), (bad, gone)], connect=lambda *_: fake)
    found = made.resolve(["good.example.com/local/app:1.0", "bad.example.com/local/app:1.0"])
    made.close()
    assert [each.outcome for each in found.values()] == [Outcome.RESOLVED, Outcome.UNREACHABLE]
    assert [each.reason for each in found.values()][1] == "registry bad: Vault is sealed; unseal it"


def test_two_references_of_one_place_are_both_answered() -> None:
    fake = shop()
    with resolver((registry("acme", hosts=["docker.acme.com"]), fake)) as made:
        found = made.resolve(["acme.example.com/local/app:1.0", "docker.acme.com/local/app:1.0"])
    assert [each.digest for each in found.values()] == [ONE, ONE]
    assert fake.asked.count("head") == 1


def many(count: int = 400) -> tuple[FakeArtifactory, list[str]]:
    fake = FakeArtifactory()
    for number in range(count):
        fake.push("local", f"team/app-{number}", "1.0", FakeManifest(f"sha256:{number:064}"))
    return fake, [f"acme.example.com/local/team/app-{number}:1.0" for number in range(count)]


def test_many_images_take_few_queries() -> None:
    fake, references = many()
    with resolver((registry("acme"), fake), parallel=8) as made:
        found = made.resolve(references)
    assert [each.artifact for each in found.values()] == [
        f"acme/local/team/app-{number}/1.0/manifest.json" for number in range(400)
    ]
    assert fake.asked.count("rows") < 10


def test_queries_that_the_registry_does_not_run_are_asked_one_by_one() -> None:
    fake, references = many(20)
    fake.longest_query = 500
    with resolver((registry("acme"), fake), parallel=8) as made:
        found = made.resolve(references)
    assert {each.outcome for each in found.values()} == {Outcome.RESOLVED}
    assert {each.artifact is None for each in found.values()} == {False}


def test_an_image_that_hangs_does_not_hold_up_those_beside_it() -> None:
    class Partly(FakeArtifactory):
        def head(self, repository: str, image: str, reference: str, *, deadline: Deadline) -> ManifestHead:
            if image == "slow":
                assert self.hang is not None
                self.hang.wait(10)
            return super().head(repository, image, reference, deadline=deadline)

        def _ask(self, question: str) -> None:
            self.asked.append(question)

    fake = Partly(hang=threading.Event())
    fake.push("local", "fast", "1.0", FakeManifest(ONE))
    with resolver((registry("acme"), fake), seconds=0.5) as made:
        found = made.resolve(["acme.example.com/local/slow:1.0", "acme.example.com/local/fast:1.0"])
    assert [each.outcome for each in found.values()] == [Outcome.UNREACHABLE, Outcome.RESOLVED]
