"""What a large registry costs in memory: its tags listed, an item's properties read (issue 4)."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import closing

from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries import changes
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.properties import read_properties
from portshift_bridge.registries.session import Session, open_session
from portshift_bridge.watching.comparison import Comparison
from tests.bench.measure import Row, seconds
from tests.bench.slow_registry import ADMIN, large_registry

_MIB = 1024 * 1024
_TAGS, _TAGS_MIB = 50_000, 16
_PROPERTIES, _PROPERTIES_MIB = 5_000, 64


def tags() -> Row:
    """Every tag of an image, page by page into what the daily comparison collects them in."""
    with large_registry(tags=_TAGS) as registry, closing(open_session(registry, ADMIN)) as session:
        taken, peak = _measured(lambda: _list(session))
    return Row(
        work=f"{_TAGS:,} tags listed",
        ours=f"{taken:.1f} s, {peak:.1f} MiB at its peak",
        reference=f"{_TAGS:,} tags at once take hundreds of bytes each",
        value=peak,
        limit=_TAGS_MIB,
        unit="MiB",
    )


def properties() -> Row:
    """Every property of one item, each value as long as Artifactory keeps it."""
    with (
        large_registry(properties=_PROPERTIES) as registry,
        closing(open_session(registry, ADMIN)) as session,
    ):
        place = ManifestPath("docker-local", "app/1", "manifest.json", "")
        taken, peak = _measured(lambda: read_properties(session, place, deadline=Deadline.after(60)))
    return Row(
        work=f"{_PROPERTIES:,} properties of 2,400 characters read",
        ours=f"{taken:.2f} s, {peak:.1f} MiB at its peak",
        reference=f"the values alone {_PROPERTIES * 2_400 / _MIB:.1f} MiB",
        value=peak,
        limit=_PROPERTIES_MIB,
        unit="MiB",
    )


def _list(session: Session) -> None:
    with Comparison() as comparison:
        after, found = "", 0
        while (page := changes.listed(session, "docker-local", after=after)).last_path not in {None, after}:
            comparison.listed((row.path, row.name, row.digest) for row in page.rows)
            after, found = str(page.last_path), found + len(page.rows)
        assert found >= _TAGS


def _measured(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of one run, and the peak in MiB of what Python allocates in another."""
    taken = seconds(work)
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken, peak / _MIB
