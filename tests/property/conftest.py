"""How many examples, and no deadline: on a loaded machine a slow one says nothing about the code."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("portshift", deadline=None)
settings.register_profile("soak", deadline=None, max_examples=20 * settings().max_examples)


def pytest_configure(config: pytest.Config) -> None:
    """Take our profile, unless ``--hypothesis-profile`` names one."""
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile("portshift")
