"""The stand-in knows nothing of portshift, and portshift nothing of the stand-in."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
OWN = sorted((ROOT / "tests" / "standin").glob("*.py"))
ALLOWED = sys.stdlib_module_names | {"uvicorn", "tests"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_it_imports_the_standard_library_its_server_and_itself(path: Path) -> None:
    found = set(imports(path))

    assert {name.partition(".")[0] for name in found} <= ALLOWED
    assert all(name.startswith("tests.standin") for name in found if name.startswith("tests"))


@pytest.mark.parametrize("package", ["helm-plugin/portshift", "bridge/portshift_bridge"])
def test_no_source_imports_tests(package: str) -> None:
    sources = list((ROOT / package).rglob("*.py"))

    assert sources
    assert not [path for path in sources for name in imports(path) if name.partition(".")[0] == "tests"]
