"""How far a registry was read: only the holder of the lease may say."""

from __future__ import annotations

import pytest

from portshift_bridge.clock import SECOND
from portshift_bridge.store.progress import Progress
from tests.fakes.bridge_services import FakeBridge
from tests.fakes.connected import connected


@pytest.fixture(autouse=True)
def _registries(bridge: FakeBridge) -> None:
    connected(bridge.services.database, "acme", "other")


def test_one_process_at_a_time_reads_a_registry(bridge: FakeBridge) -> None:
    progress = bridge.services.progress

    assert progress.lease("acme", holder="a", seconds=60)
    assert not progress.lease("acme", holder="b", seconds=60)
    assert progress.lease("acme", holder="a", seconds=60)
    assert progress.lease("other", holder="b", seconds=60)


def test_the_lease_of_a_killed_process_ends(bridge: FakeBridge) -> None:
    progress = bridge.services.progress
    progress.lease("acme", holder="a", seconds=60)
    bridge.clock.now += 61 * SECOND

    assert progress.lease("acme", holder="b", seconds=60)
    assert not progress.renew("acme", holder="a", seconds=60)


def test_a_clock_that_is_set_back_does_not_keep_a_dead_process_its_lease(bridge: FakeBridge) -> None:
    progress = bridge.services.progress
    progress.lease("acme", holder="a", seconds=60)
    bridge.clock.now -= 3_600 * SECOND

    assert progress.lease("acme", holder="b", seconds=60)
    assert not progress.lease("acme", holder="a", seconds=60)


def test_a_lease_that_was_given_back_is_free(bridge: FakeBridge) -> None:
    progress = bridge.services.progress
    progress.lease("acme", holder="a", seconds=60)
    progress.release("acme", holder="b")
    assert not progress.lease("acme", holder="b", seconds=60)
    progress.release("acme", holder="a")

    assert progress.lease("acme", holder="b", seconds=60)


def test_who_lost_the_lease_moves_nothing(bridge: FakeBridge) -> None:
    progress = bridge.services.progress
    progress.lease("acme", holder="a", seconds=1)
    bridge.clock.now += 2 * SECOND
    progress.lease("acme", holder="b", seconds=60)
    progress.polled("acme", holder="b", modified_until=7)

    progress.polled("acme", holder="a", modified_until=3)
    progress.compared("acme", holder="a")
    progress.failed("acme", holder="a", problem="late")

    kept = progress.get("acme")
    assert (kept.modified_until, kept.compared_at, kept.problem) == (7, None, None)


def test_a_problem_stays_until_the_registry_is_read_again(bridge: FakeBridge) -> None:
    progress = bridge.services.progress
    progress.lease("acme", holder="a", seconds=60)
    progress.polled("acme", holder="a", modified_until=7)
    progress.failed("acme", holder="a", problem="it does not answer")

    assert progress.get("acme").problem == "it does not answer"
    assert progress.get("acme").modified_until == 7
    progress.polled("acme", holder="a", modified_until=8)
    assert progress.get("acme").problem is None


def test_a_removed_registry_leaves_nothing_for_one_of_the_same_name(bridge: FakeBridge) -> None:
    body = {"name": "acme", "url": "https://acme.example/artifactory"}
    bridge.call("POST", "registries", json=body)
    bridge.services.progress.lease("acme", holder="a", seconds=60)
    bridge.services.progress.polled("acme", holder="a", modified_until=7)
    bridge.services.progress.webhook_created(
        "acme", url="https://bridge.example", registry_url=body["url"], actor="test"
    )
    bridge.call("DELETE", "registries/acme?force=true")
    assert not bridge.services.progress.lease("acme", holder="b", seconds=60), "it is there no more"
    bridge.call("POST", "registries", json=body)

    assert bridge.services.progress.get("acme") == Progress()
    assert not bridge.services.progress.renew("acme", holder="a", seconds=60)
