"""Kill -9 again and again under load: nothing that was accepted is lost, and every secret still opens."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.integration.killing import Killing
from tests.soak.length import KILL_ROUNDS, SEED

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]


def test_what_was_accepted_survives_every_kill(tmp_path: Path) -> None:
    killing = Killing(tmp_path / "data", Random(SEED))
    for number in range(KILL_ROUNDS):
        killing.round(number)
        if number % 10 == 9:
            print(f"\nsoak: {number + 1} kills, {len(killing.tokens)} accepted", end="", flush=True)
    killing.finish()
    strays = [path.name for path in (tmp_path / "data").glob(".*.json.*")]
    print(
        f"\nsoak: {KILL_ROUNDS} bridges and {killing.starts_killed} starts killed, none of"
        f" {len(killing.tokens)} identities lost; {len(strays)} files left by cut writes"
    )
