"""Finding a thousand images of a registry that is 20 ms away, first and again (issue 4)."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter

from portshift.core.wire import Outcome
from portshift_bridge.registries.resolving.resolution import PARALLEL, Resolver
from tests.bench.measure import Row, seconds
from tests.bench.slow_registry import ADMIN, slow_registry

_IMAGES = 1_000
_ROUNDS = 3
_FIRST_MILLISECONDS, _AGAIN_MILLISECONDS = 3_000, 300


def first_time() -> Row:
    """Images that nobody asked for before, beside as many bare HEADs of requests over as many connections."""
    with slow_registry(_IMAGES, one_in=10) as slow:
        references = slow.references(virtual_from=_IMAGES // 2)
        paths = [reference.partition("/")[2] for reference in references]
        ours, bare = [], []
        for _ in range(_ROUNDS):
            resolver = Resolver(lambda: [(slow.registry, ADMIN)])
            ours.append(seconds(lambda made=resolver: _resolve(made, references)))  # type: ignore[misc]
            resolver.close()
            bare.append(seconds(lambda: _heads(slow.registry.url, paths)))
    return Row(
        work=f"{_IMAGES:,} images of one registration, first time, 20 ms away, 10 % lists, half by a virtual",
        ours=f"{statistics.median(ours):.2f} s",
        reference=f"{_IMAGES:,} bare requests HEADs {statistics.median(bare):.2f} s",
        value=statistics.median(ours) * 1000,
        limit=_FIRST_MILLISECONDS,
        unit="ms",
    )


def again() -> Row:
    """The same images, where AQL confirms that nothing moved."""
    with slow_registry(_IMAGES, one_in=10) as slow:
        references = slow.references(virtual_from=_IMAGES // 2)
        paths = [reference.partition("/")[2] for reference in references]
        resolver = Resolver(lambda: [(slow.registry, ADMIN)])
        _resolve(resolver, references)
        ours = statistics.median(seconds(lambda: _resolve(resolver, references)) for _ in range(_ROUNDS))
        resolver.close()
        bare = seconds(lambda: _heads(slow.registry.url, paths))
    return Row(
        work=f"{_IMAGES:,} images of one registration, a second time",
        ours=f"{ours:.2f} s",
        reference=f"{_IMAGES:,} bare requests HEADs {bare:.2f} s",
        value=ours * 1000,
        limit=_AGAIN_MILLISECONDS,
        unit="ms",
    )


def _resolve(resolver: Resolver, references: Sequence[str]) -> None:
    found = resolver.resolve(references)
    assert {each.outcome for each in found.values()} == {Outcome.RESOLVED}


def _heads(url: str, paths: Sequence[str]) -> None:
    """What the fastest client on requests could do, were a HEAD all there is to ask."""
    with requests.Session() as session, ThreadPoolExecutor(PARALLEL) as workers:
        session.mount("http://", HTTPAdapter(pool_maxsize=PARALLEL))
        session.auth = (str(ADMIN.username), str(ADMIN.secret))
        session.trust_env = False

        def head(path: str) -> int:
            repository, _, rest = path.partition("/")
            image, _, tag = rest.rpartition(":")
            address = f"{url}/api/docker/{repository}/v2/{image}/manifests/{tag}"
            return session.head(address, headers={"Accept": "*/*"}).status_code

        assert set(workers.map(head, paths)) == {200}
