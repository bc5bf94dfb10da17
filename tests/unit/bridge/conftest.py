"""A bridge for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.bridge_services import FakeBridge, fake_bridge


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[FakeBridge]:
    """A bridge on an empty data folder."""
    with fake_bridge(tmp_path) as running:
        yield running
