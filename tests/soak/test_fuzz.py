"""Real manifests with random damage, for minutes, through both parsers."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tests.conftest import CORPORA
from tests.property.mutations import INPUTS, PARSERS, check, mutated
from tests.soak.length import FUZZ_SECONDS, SEED

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

# Processor time that one case may take: it is read and written twice by us, and read twice by PyYAML.
SECONDS_AT_LEAST = 2.0
SECONDS_PER_BYTE = {"libyaml": 2e-5, "pure Python": 1e-4}
# The pure parser takes seconds for a megabyte.
BIGGEST = {"libyaml": 2_000_000, "pure Python": 40_000}


@dataclass
class Seen:
    """What came of the cases: how many, and the slowest of them."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")


@pytest.mark.parametrize("parser", PARSERS)
def test_damaged_manifests_are_refused_or_kept(parser: str, tmp_path: Path) -> None:
    files = sorted(path for path in (CORPORA / "rendered").rglob("*") if path.is_file())
    real = [(path.name, path.read_bytes()) for path in files if path.stat().st_size <= BIGGEST[parser]]
    groups = [group for group in (list(INPUTS.items()), real) if group]
    failing = tmp_path / "failing.yaml"
    print(f"\nsoak: {len(INPUTS)} cases, {len(real)} files, SOAK_SEED={SEED}; a failure is in {failing}")
    random, seen, end = Random(f"{SEED} {parser}"), Seen(), time.monotonic() + FUZZ_SECONDS
    while time.monotonic() < end:
        name, data = random.choice(random.choice(groups))
        _try(name, mutated(data, random), parser, seen, failing)
    assert seen.outcomes["refused"]
    assert seen.outcomes["kept"]
    print(f"\nsoak: {dict(seen.outcomes)}, slowest {seen.slowest[0]:.2f} s ({seen.slowest[1]})")


def _try(name: str, data: bytes, parser: str, seen: Seen, failing: Path) -> None:
    # Written first: whatever ends this case, even a signal, leaves its input behind.
    failing.write_bytes(data)
    started = time.thread_time()
    kept = check(data, PARSERS[parser])
    seconds = time.thread_time() - started
    limit = SECONDS_AT_LEAST + SECONDS_PER_BYTE[parser] * len(data)
    assert seconds < limit, f"{name}, damaged, took {seconds:.1f} s; it is in {failing}"
    seen.outcomes["kept" if kept else "refused"] += 1
    seen.slowest = max(seen.slowest, (seconds, f"{name}, {len(data)} bytes"))
