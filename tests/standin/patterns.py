"""Ant patterns of permissions, and AQL's ``$match``."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=1024)
def _ant(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    forms = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(forms.get(part, re.escape(part)) for part in parts) + r"\Z", re.DOTALL)


def path_matches(pattern: str, path: str) -> bool:
    """Whether an Ant pattern covers ``path``."""
    return _ant(pattern).match(path) is not None


def folder_leads_to(pattern: str, folder: str) -> bool:
    """Whether something below ``folder`` could be covered: such a folder may be seen on the way."""
    if not folder:
        return True
    wanted, given = pattern.split("/"), folder.split("/")
    for index, segment in enumerate(given):
        if index >= len(wanted):
            return False
        if wanted[index] == "**":
            return True
        if not path_matches(wanted[index], segment):
            return False
    return True


@lru_cache(maxsize=4096)
def aql_match(pattern: str) -> re.Pattern[str]:
    """``$match``: ``*`` for any characters, ``/`` included, and ``?`` for one."""
    forms = {"*": ".*", "?": "."}
    parts = re.split(r"([*?])", pattern)
    return re.compile("".join(forms.get(part, re.escape(part)) for part in parts) + r"\Z", re.DOTALL)
