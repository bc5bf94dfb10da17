"""Reading a registry: nothing that is there is missed for long, nothing that is hidden is forgotten."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from portshift.core.errors import Unreachable
from portshift_bridge.watching.comparing import Compared
from portshift_bridge.watching.cursor import Cursor
from portshift_bridge.watching.events import Hint, Kind, hints_of
from portshift_bridge.watching.reading import Reader
from tests.unit.bridge.watching.catalogue import FakeCatalogue
from tests.unit.bridge.watching.registry import FakeRegistry

REPOSITORY = "docker-local"


def nothing() -> None:
    """Between two requests."""


class Watched:
    """A registry, a catalogue, and the reader between them."""

    def __init__(self) -> None:
        self.registry = FakeRegistry()
        self.catalogue = FakeCatalogue()
        self.session = self.registry.session()
        self.cursor: Cursor | None = None
        self.reader = self.new_reader()

    def new_reader(self) -> Reader:
        return Reader(self.registry.registry, self.session, self.catalogue, clock=self.catalogue.clock)

    def poll(self) -> None:
        self.reader.poll(self.cursor, keep=self._keep, between=nothing)

    def compare(self) -> Compared:
        return self.reader.compare(between=nothing)

    def look(self, *hints: Hint) -> None:
        self.reader.look(hints, between=nothing)

    def tags(self) -> set[str]:
        return {path for _, path, _ in self.catalogue.known if "sha256:" not in path}

    def annotated(self) -> set[str]:
        held = {path: item.properties for (_, path, _), item in self.catalogue.known.items()}
        return {path for path, properties in held.items() if "portshift.allowedEnvironments" in properties}

    def refusals(self) -> int:
        return sum(entry.status == 400 for entry in self.registry.standin.requests)

    def _keep(self, cursor: Cursor) -> None:
        self.cursor = cursor


@pytest.fixture
def watched() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.session.close()


def test_what_was_there_before_is_read_by_the_first_comparison(watched: Watched) -> None:
    watched.registry.push("team/app", "1", platforms=3)
    watched.poll()
    compared = watched.compare()

    assert watched.catalogue.digests() == watched.registry.truth()
    assert compared == Compared(added=4)


def test_a_push_is_seen_by_the_next_poll_with_its_properties(watched: Watched) -> None:
    watched.poll()
    watched.registry.push("team/app", "1")
    watched.poll()

    (item,) = watched.catalogue.known.values()
    assert item.properties["docker.manifest"] == ("1",)
    assert watched.catalogue.digests() == watched.registry.truth()


def test_a_hint_reads_the_tag_and_the_children_that_no_event_names(watched: Watched) -> None:
    watched.registry.push("team/app", "1", platforms=3)
    watched.look(Hint(Kind.READ, REPOSITORY, "team/app/1"))

    assert watched.catalogue.digests() == watched.registry.truth()


def test_properties_that_a_pipeline_sets_after_its_push_are_read_too(watched: Watched) -> None:
    watched.poll()
    watched.registry.push("app", "1")
    watched.poll()
    watched.registry.standin.set_properties(REPOSITORY, "app/1/manifest.json", {"build.name": "shop"})
    watched.poll()

    (item,) = watched.catalogue.known.values()
    assert item.properties["build.name"] == ("shop",)


@pytest.mark.parametrize("knows", [True, False])
def test_an_image_that_is_annotated_a_month_after_its_push_is_read_anew(
    watched: Watched, knows: bool
) -> None:
    standin = watched.registry.standin
    standin.switches.aql_props_modified = knows
    watched.registry.push("app", "1")
    watched.registry.push("app", "2", platforms=2)
    watched.poll()
    watched.compare()
    watched.registry.now += 30 * 86_400
    watched.poll()
    for path in ("app/1/manifest.json", "app/2/list.manifest.json"):
        standin.set_properties(REPOSITORY, path, {"portshift.allowedEnvironments": "prod"})
    watched.poll()
    assert len(watched.annotated()) == (2 if knows else 0)

    compared = watched.compare()

    assert compared == Compared(changed=0 if knows else 2)
    assert watched.annotated() == {"app/1", "app/2"}


def test_the_comparison_writes_only_what_has_changed(watched: Watched) -> None:
    for tag in range(5):
        watched.registry.push("app", str(tag))
    watched.compare()
    watched.registry.standin.set_properties(REPOSITORY, "app/3/manifest.json", {"team": "shop"})
    watched.compare()

    assert watched.catalogue.refreshed == [(REPOSITORY, "app/3", "manifest.json")]


def test_a_server_that_does_not_know_when_properties_changed_is_asked_once_a_day(watched: Watched) -> None:
    watched.registry.standin.switches.aql_props_modified = False
    watched.poll()
    for polls in (2, 3):
        for _ in range(polls):
            watched.poll()
        assert watched.refusals() == 1
        watched.registry.standin.clear_requests()
        watched.compare()


def test_five_thousand_tags_of_one_moment_are_all_read(watched: Watched) -> None:
    watched.registry.push("app", "0")
    watched.poll()
    source = watched.registry.standin.item(REPOSITORY, "app/0")
    with watched.registry.standin.store.lock:
        for number in range(1, 5_000):
            watched.registry.standin.store.copy(source, REPOSITORY, f"app/{number}", user="admin")
    watched.poll()

    assert len(watched.catalogue.known) == 5_000


def test_a_copy_with_old_dates_is_found_by_the_comparison_alone(watched: Watched) -> None:
    watched.registry.standin.switches.aql_props_modified = False
    watched.registry.push("app", "1")
    watched.poll()
    watched.compare()
    watched.registry.now += 3_600
    watched.registry.push("other", "1")
    watched.poll()
    watched.registry.copy("app/1", "app/stable")
    watched.poll()
    assert "app/stable" not in watched.tags()

    watched.compare()

    assert watched.catalogue.digests() == watched.registry.truth()


def test_a_deleted_tag_is_forgotten_by_the_comparison_of_its_image(watched: Watched) -> None:
    for tag in ("1", "2"):
        watched.registry.push("app", tag)
    watched.compare()
    watched.registry.delete("app/1")
    watched.look(Hint(Kind.COMPARE, REPOSITORY, "app"))

    assert watched.tags() == {"app/2"}


def test_the_last_tag_of_an_image_is_forgotten_while_its_folder_is_seen(watched: Watched) -> None:
    watched.registry.push("app", "1")
    watched.compare()
    watched.registry.delete("app/1")

    assert watched.compare() == Compared(gone=1)


def test_a_deleted_event_for_a_tag_that_is_there_deletes_nothing(watched: Watched) -> None:
    watched.registry.push("app", "1")
    watched.compare()
    watched.look(Hint(Kind.COMPARE, REPOSITORY, "app"))

    assert watched.tags() == {"app/1"}


@pytest.mark.parametrize(
    "visible",
    [(), ("other/**",), ("app/1/**",), ("app/1*/**", "app/1*")],
    ids=["none", "other", "tag", "pattern"],
)
@pytest.mark.parametrize("storage_says", [403, 404])
def test_a_permission_that_shrank_deletes_nothing(
    watched: Watched, visible: tuple[str, ...], storage_says: int
) -> None:
    watched.registry.standin.switches.storage_unreadable = storage_says  # type: ignore[assignment]
    for tag in ("1", "2"):
        watched.registry.push("app", tag)
    watched.compare()
    # Another repository stays in sight, so that the login sees at least that.
    watched.registry.standin.add_repository("docker-open")
    watched.registry.show(*visible, also="docker-open")
    watched.new_reader().compare(between=nothing)
    watched.look(Hint(Kind.COMPARE, REPOSITORY, "app"))

    assert watched.tags() == {"app/1", "app/2"}
    assert watched.catalogue.forgotten == []


def test_a_hidden_repository_deletes_nothing_and_says_so(watched: Watched) -> None:
    watched.registry.push("app", "1")
    watched.compare()
    watched.registry.show()

    with pytest.raises(Unreachable, match="no Docker repository that the login sees"):
        watched.new_reader().compare(between=nothing)
    assert watched.tags() == {"app/1"}


def test_a_registry_that_goes_down_during_the_comparison_deletes_nothing(watched: Watched) -> None:
    for tag in ("1", "2", "3"):
        watched.registry.push("app", tag)
    watched.compare()
    watched.registry.delete("app/1")

    def fail() -> None:
        watched.registry.adapter.down = True

    with pytest.raises(Unreachable):
        watched.reader.compare(between=fail)
    assert len(watched.tags()) == 3


def test_a_failed_poll_leaves_the_cursor(watched: Watched) -> None:
    watched.registry.push("app", "1")
    watched.poll()
    before = watched.cursor
    watched.registry.adapter.down = True

    with pytest.raises(Unreachable):
        watched.poll()
    assert watched.cursor == before


def test_an_answer_that_artifactory_trimmed_is_not_believed(watched: Watched) -> None:
    watched.registry.push("app", "1")
    watched.compare()
    watched.registry.adapter.trims = True

    with pytest.raises(Unreachable, match="only a part"):
        watched.new_reader().compare(between=nothing)


def test_excluded_repositories_are_neither_polled_nor_read_by_hints(watched: Watched) -> None:
    watched.registry.standin.add_repository("docker-secret")
    watched.registry.show("**", also="docker-secret")
    watched.registry.registry = replace(watched.registry.registry, exclude=("docker-secret",))
    reader = watched.new_reader()
    watched.registry.standin.push_image("docker-secret", "app", "1")
    reader.look([Hint(Kind.READ, "docker-secret", "app/1")], between=nothing)
    reader.compare(between=nothing)

    assert watched.catalogue.known == {}


def test_a_remotes_cache_is_watched_under_its_storage_key(watched: Watched) -> None:
    standin = watched.registry.standin
    standin.add_repository("docker-hub", "remote", remote_url="https://registry-1.docker.io", library=True)
    standin.push_image("docker-hub", "nginx", "1", cached=True)
    watched.registry.show("**", also="docker-hub")
    watched.compare()

    assert {repository for repository, _, _ in watched.catalogue.known} == {"docker-hub-cache"}


IMAGES = st.sampled_from(["app", "team/app", "app/sub"])
TAGS = st.sampled_from(["1", "2", "3"])


class Converging(RuleBasedStateMachine):
    """Pushes, copies, deletions and permissions, with events that are lost, late, repeated or forged."""

    def __init__(self) -> None:
        super().__init__()
        self.watched = Watched()
        self.sent: list[Hint] = []
        self.hidden = False

    def teardown(self) -> None:
        self.watched.session.close()

    @rule(image=IMAGES, tag=TAGS, content=st.sampled_from("ab"), platforms=st.sampled_from([1, 2]))
    def push(self, image: str, tag: str, content: str, platforms: int) -> None:
        self.watched.registry.push(image, tag, content=content, platforms=platforms)
        self._send("pushed", image, tag)

    @rule(image=IMAGES, tag=TAGS, other=TAGS)
    def copy(self, image: str, tag: str, other: str) -> None:
        if self._is_there(image, tag) and not self._is_there(image, other):
            self.watched.registry.copy(f"{image}/{tag}", f"{image}/{other}")

    @rule(image=IMAGES, tag=TAGS)
    def delete(self, image: str, tag: str) -> None:
        if self._is_there(image, tag):
            self.watched.registry.delete(f"{image}/{tag}")
            self._send("deleted", image, tag)

    @rule(visible=st.sampled_from([("**",), ("app/**",), ("team/**",), ("app/1/**",), ()]))
    def change_permission(self, visible: tuple[str, ...]) -> None:
        """And compare at once, when the difference is greatest."""
        self.hidden = visible != ("**",)
        self.watched.registry.show(*visible)
        self.compare()

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.watched.registry.now += hours * 3_600

    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """Some event that was once sent, in any order and any number of times."""
        if self.sent:
            hint = data.draw(st.sampled_from(self.sent))
            with contextlib.suppress(Unreachable):
                self.watched.look(hint)

    @rule(kind=st.sampled_from(Kind), image=IMAGES, tag=TAGS)
    def forge(self, kind: Kind, image: str, tag: str) -> None:
        with contextlib.suppress(Unreachable):
            self.watched.look(Hint(kind, REPOSITORY, image if kind is Kind.COMPARE else f"{image}/{tag}"))

    @rule()
    def poll(self) -> None:
        with contextlib.suppress(Unreachable):
            self.watched.poll()

    @rule()
    def restart(self) -> None:
        self.watched.reader = self.watched.new_reader()

    @rule()
    def compare(self) -> None:
        with contextlib.suppress(Unreachable):
            self.watched.compare()
            if not self.hidden:
                self._agrees()

    @invariant()
    def nothing_that_is_there_was_forgotten(self) -> None:
        there = self.watched.registry.truth()
        assert [place for place in self.watched.catalogue.forgotten if place in there] == []
        self.watched.catalogue.forgotten.clear()

    def _agrees(self) -> None:
        assert self.watched.catalogue.digests() == self.watched.registry.truth()

    def _send(self, kind: str, image: str, tag: str) -> None:
        data = {"repo_key": REPOSITORY, "image_name": image, "tag": tag}
        event = {"domain": "docker", "event_type": kind, "data": data}
        self.sent += hints_of(json.dumps(event).encode())

    def _is_there(self, image: str, tag: str) -> bool:
        place = (REPOSITORY, f"{image}/{tag}")
        return place in {(repository, path) for repository, path, _ in self.watched.registry.truth()}


TestConverging = Converging.TestCase
TestConverging.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
