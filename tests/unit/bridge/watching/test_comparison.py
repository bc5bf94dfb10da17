"""What is added and what is gone, against sets."""

from __future__ import annotations

import resource

from hypothesis import given
from hypothesis import strategies as st

from portshift_bridge.watching.comparison import Comparison, Row

PATHS = st.sampled_from(["app/1", "app/2", "App/1", "app/sub/1", "z%", "ä/1", "app-2/1"])
SIDES = st.lists(
    st.tuples(PATHS, st.sampled_from(["manifest.json", "list.manifest.json"]), st.sampled_from("ab"))
)


@given(SIDES, SIDES)
def test_it_tells_the_difference_in_any_order_and_with_repetitions(
    listed: list[Row], known: list[Row]
) -> None:
    here = {(path, name): digest for path, name, digest in listed}
    there = {(path, name): digest for path, name, digest in known}
    with Comparison() as comparison:
        comparison.listed(listed[:3])
        comparison.known(known)
        comparison.listed(listed[3:])

        new = {place for place in here if there.get(place) != here[place]}
        assert list(comparison.added()) == sorted({path for path, _ in new})
        assert list(comparison.unchanged()) == sorted({path for path, _ in here.keys() - new})
        assert set(comparison.gone()) == there.keys() - here.keys()


def test_an_image_is_listed_by_its_own_tags_alone() -> None:
    with Comparison() as comparison:
        comparison.listed([("team/app/sub/1", "manifest.json", "a"), ("team/ap/1", "manifest.json", "a")])

        assert comparison.lists_image("team/app/sub")
        assert comparison.lists_image("team/ap")
        assert not comparison.lists_image("team/app")
        assert not comparison.lists_image("team")


def test_a_hundred_thousand_paths_take_little_memory() -> None:
    rows = (
        (f"team/app-with-a-long-name/{number:06}", "manifest.json", f"sha256:{number:064}")
        for number in range(100_000)
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Comparison() as comparison:
        comparison.listed(rows)
        comparison.known([])

        assert sum(1 for _ in comparison.added()) == 100_000
    # In memory they would be 30 MiB or more.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024
