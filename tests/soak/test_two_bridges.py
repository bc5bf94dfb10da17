"""Two bridges on one data folder for a minute: no writer is turned away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.test_two_bridges import standin, write_side_by_side
from tests.soak.length import SHARE
from tests.standin import Standin

pytestmark = pytest.mark.soak

__all__ = ["standin"]


def test_two_bridges_write_side_by_side_for_a_minute(standin: Standin, tmp_path: Path) -> None:
    write_side_by_side(standin, tmp_path / "data", seconds=60 * SHARE)
