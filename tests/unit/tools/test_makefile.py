"""The Makefile's own part: what `make` alone says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


def test_make_alone_lists_every_verb_with_a_line() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    said = subprocess.run(["make", "--no-print-directory"], cwd=REPOSITORY, capture_output=True, text=True)
    listed = [line.split(maxsplit=2) for line in said.stdout.splitlines()]
    assert [verb for _, verb, _ in listed] == phony[1].split()
    assert all(text for _, _, text in listed)
