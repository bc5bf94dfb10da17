"""Whether one value satisfies one criterion of a query."""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable
from typing import Any

from tests.standin.aql_parser import Criterion
from tests.standin.patterns import aql_match

_TIMES = frozenset({"created", "modified", "updated", "props_modified", "stat.downloaded"})
_NUMBERS = frozenset({"size", "depth", "stat.downloads"})
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


def compares(where: Criterion, actual: str | float | None, *, now: float) -> bool:
    """Whether ``actual`` satisfies the criterion. Without a value only negations hold.

    Raises:
        ValueError: the criterion's value is no number, time or duration where one is needed.

    """
    if where.comparator in {"$match", "$nmatch"}:
        matched = aql_match(where.value).match(str(actual or "")) is not None
        return matched == (where.comparator == "$match")
    if actual is None:
        return where.comparator == "$ne"
    if where.comparator in {"$last", "$before"}:
        recent = float(actual) >= now - _duration(where.value)
        return recent == (where.comparator == "$last")
    if where.field in _TIMES | _NUMBERS:
        return _ORDER[where.comparator](float(actual), _number(where))
    return _ORDER[where.comparator](str(actual), where.value)


def _number(where: Criterion) -> float:
    if where.field not in _TIMES:
        return float(where.value)
    moment = datetime.datetime.fromisoformat(where.value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


def _duration(text: str) -> float:
    match = re.fullmatch(r"(\d+)\s*([a-z]+)", text)
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"not a relative time: {text}")
    return int(match[1]) * _UNITS[match[2]]
