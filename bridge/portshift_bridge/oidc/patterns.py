"""How an administrator's pattern matches the claim of a job token.

``*`` stands for any text without ``/`` and ``:``, ``**`` for any text at all; everything else is literal
and the whole value must match, in its case. So no wildcard reaches out of the part of a name it stands in:
``repo:acme/*:ref:refs/heads/main`` is not fooled by a branch or an environment that is called like the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_PARTS = re.compile(r"\*\*|\*|[^*]+")
_SEPARATORS = "/:"


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value is one of those that the pattern means.

    All places that a prefix can end at are followed at once, so no value can make this slow.
    """
    ends = {0}
    for part in _PARTS.findall(pattern):
        if part == "**":
            ends = set(range(min(ends), len(value) + 1)) if ends else ends
        elif part == "*":
            ends = _within_segments(ends, value)
        else:
            ends = {end + len(part) for end in ends if value.startswith(part, end)}
    return len(value) in ends


def claim_matches(patterns: Iterable[str], found: object) -> bool:
    """Whether one of the patterns matches the claim: text, a whole number or a truth value.

    A list matches when one of its members does (a job's groups, say); anything else never does.
    """
    members = found if isinstance(found, list) else [found]
    texts = [text for member in members if (text := _text(member)) is not None]
    return any(matches(pattern, text) for pattern in patterns for text in texts)


def fixed_start(pattern: str) -> str:
    """The literal text that every match begins with."""
    return pattern.partition("*")[0]


def _within_segments(ends: set[int], value: str) -> set[int]:
    reached: set[int] = set()
    for end in sorted(ends):
        while end not in reached:
            reached.add(end)
            if end == len(value) or value[end] in _SEPARATORS:
                break
            end += 1  # noqa: PLW2901 walks on to the segment's end
    return reached


def _text(member: object) -> str | None:
    if isinstance(member, bool):
        return "true" if member else "false"
    if isinstance(member, str | int):
        return str(member)
    return None
