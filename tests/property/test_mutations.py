"""Damaged manifests are refused as such, or get their tokens and nothing else."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.property.mutations import INPUTS, PARSERS, check, mutated


@pytest.mark.parametrize("parser", PARSERS)
@given(data=st.sampled_from(list(INPUTS.values())), seed=st.integers(0, 2**32))
def test_damage_is_refused_or_kept(parser: str, data: bytes, seed: int) -> None:
    check(mutated(data, Random(seed)), PARSERS[parser])
