"""The README knows every switch and everything that can be seeded."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path

import pytest

from tests.standin import Standin, Switches

README = (Path(__file__).resolve().parents[2] / "standin" / "README.md").read_text()
SEEDING = [name for name, _ in inspect.getmembers(Standin, inspect.isfunction) if not name.startswith("_")]
NOT_FOR_TESTS = {"bind", "serve"}  # what ``with`` does


@pytest.mark.parametrize("switch", [field.name for field in dataclasses.fields(Switches)])
def test_a_switch_has_its_row(switch: str) -> None:
    table = README.partition("## Switches")[2].partition("## Not here")[0]

    assert f"`{switch}`" in table
    assert switch in (Switches.__doc__ or "")


@pytest.mark.parametrize("method", sorted(set(SEEDING) - NOT_FOR_TESTS))
def test_a_method_is_shown(method: str) -> None:
    assert f"`{method}(" in README
