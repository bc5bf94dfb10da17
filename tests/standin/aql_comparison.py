"""Whether a value satisfies one criterion of a query."""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable
from typing import Any

from tests.standin.aql_parser import Criterion
from tests.standin.patterns import aql_match

_TIMES = frozenset(
    {"created", "modified", "updated", "props_modified", "stat.downloaded", "stat.remote_downloaded"}
)
_NUMBERS = frozenset({"size", "depth", "stat.downloads", "stat.remote_downloads"})
_UNITS = {
    **dict.fromkeys(("ms", "millis"), 0.001),
    **dict.fromkeys(("s", "seconds"), 1.0),
    "minutes": 60.0,
    "h": 3600.0,
    **dict.fromkeys(("d", "days"), 86400.0),
    **dict.fromkeys(("w", "weeks"), 604800.0),
    **dict.fromkeys(("mo", "months"), 2592000.0),
    **dict.fromkeys(("y", "years"), 31536000.0),
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def comparison(where: Criterion, *, now: float) -> Callable[[Any], bool]:
    """A function that tells whether a value satisfies the criterion. Without a value only negations hold.

    Raises:
        ValueError: the criterion's value is no number, time or duration where one is needed.

    """
    comparator = where.comparator
    if where.null:
        return lambda actual: (actual is None) == (comparator == "$eq")
    if comparator in {"$match", "$nmatch"}:
        match, wanted = aql_match(where.value).match, comparator == "$match"
        return lambda actual: (match(str(actual or "")) is not None) == wanted
    if comparator in {"$last", "$before"}:
        since, recent = now - _duration(where.value), comparator == "$last"
        return lambda actual: actual is not None and (float(actual) >= since) == recent
    order, absent = _ORDER[comparator], comparator == "$ne"
    if where.field in _TIMES | _NUMBERS:
        bound = number_of(where)
        return lambda actual: absent if actual is None else order(float(actual), bound)
    value = where.value
    return lambda actual: absent if actual is None else order(str(actual), value)


def number_of(where: Criterion) -> float:
    """A criterion's value as a number; times are seconds since the epoch."""
    if where.field not in _TIMES:
        return float(where.value)
    moment = datetime.datetime.fromisoformat(where.value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


def _duration(text: str) -> float:
    match = re.fullmatch(r"(\d+)\s*([a-z]+)", text)
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"not a relative time: {text}")
    return int(match[1]) * _UNITS[match[2]]
