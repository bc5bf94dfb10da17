"""``make bench``: every row by itself; one that cannot be measured says why and the others go on."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import Final

from tests.bench.measure import Row, Unavailable
from tests.cluster.processes import NotReady

ROWS: Final = (
    "rendering.beside_pyyaml",
    "rendering.beside_kustomize",
    "process.beside_kustomize",
    "process.beside_bare_python",
    "tokens.verify_rate",
    "resolution.first_time",
    "resolution.again",
    "registries.tags",
    "registries.properties",
)


def measured(name: str) -> Row:
    """Measure one row by its module and function.

    Raises:
        Unavailable: something that it needs is not here.
    """
    module, _, function = name.partition(".")
    try:
        row: Row = getattr(importlib.import_module(f"tests.bench.{module}"), function)()
    except (NotReady, subprocess.CalledProcessError) as error:
        raise Unavailable(str(error)) from error
    return row


def _line(row: Row) -> str:
    verdict = "met" if row.met else "NOT MET"
    bound = ">=" if row.at_least else "<="
    form = "{:.0f} {}" if row.unit else "{:.3f}{}"
    value, limit = form.format(row.value, row.unit), form.format(row.limit, row.unit)
    return f"{row.work}\n    {row.ours} beside {row.reference}: {value}, target {bound} {limit}: {verdict}"


def main(names: list[str]) -> int:
    """Print the rows that are named, by default all; targets that are missed do not fail the run."""
    for name in names or ROWS:
        try:
            print(_line(measured(name)), flush=True)
        except Unavailable as reason:
            print(f"{name}\n    not measured: {reason}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
