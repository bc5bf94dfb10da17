"""Examples have no deadline: on a loaded machine a slow one says nothing about the code."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("portshift", deadline=None)
settings.load_profile("portshift")
