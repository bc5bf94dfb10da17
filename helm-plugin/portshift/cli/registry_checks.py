"""The checks of a connection test: as a table, and as the exit code of a command."""

from __future__ import annotations

from portshift.cli.output import Column, Item, Listing, rows, say, write_list
from portshift.core.errors import NotVerified, Unreachable

_UNREACHABLE = frozenset({"name", "reachable", "tls"})


def _is_required(check: Item) -> bool:
    return check.get("required") is not False


CHECKS = Listing(
    columns=(
        Column("CHECK", lambda item: item["name"]),
        Column("STATUS", lambda item: item["status"]),
        Column("REQUIRED", lambda item: "yes" if _is_required(item) else "no"),
        Column("CAUSE", lambda item: item.get("cause") or "-"),
        Column("CURE", lambda item: item.get("cure") or "-"),
    ),
    name=lambda item: item["name"],
)


def write_checks(report: Item, output: str) -> None:
    """Write the checks of a connection test as a command's result."""
    write_list(rows(report["checks"]), CHECKS, output)


def say_checks(report: Item) -> None:
    """Tell a person the checks of a connection test, beside a result."""
    for check in report["checks"]:
        optional = "" if _is_required(check) else " (optional)"
        said = (check["name"], f"{check['status']}{optional}", check.get("cause"), check.get("cure"))
        say("  ".join(part for part in said if part))


def require_passed(report: Item, *, cure: str) -> None:
    """Turn the first required check that failed into an error.

    Raises:
        Unreachable: the registry could not be talked to.
        NotVerified: it could, and refuses or lacks something.

    """
    for check in report["checks"]:
        if check["status"] != "failed" or not _is_required(check):
            continue
        problem = f"the check {check['name']!r} failed: {check.get('cause')}"
        if check["name"] in _UNREACHABLE:
            raise Unreachable(problem, cure=check.get("cure") or cure)
        raise NotVerified(problem, step=check["name"], cure=check.get("cure") or cure)
