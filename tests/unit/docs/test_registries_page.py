"""docs/reference/registries.md is true: its table of references, its checks and its exit codes."""

from __future__ import annotations

import re

import pytest

from portshift.core.references import parse_reference
from portshift_bridge.registries.hosts import candidates
from portshift_bridge.registries.model import Registry
from portshift_bridge.registries.testing.checks import CHECKS, Check, Status
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "reference" / "registries.md").read_text()
URL = "https://acme.jfrog.io/artifactory"


def table(header: str) -> list[list[str]]:
    """The cells of the table with this header, row by row."""
    lines = PAGE[PAGE.index(header) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def code(cell: str) -> str:
    found = re.search(r"`([^`]+)`", cell)
    assert found, f"no code in {cell!r}"
    return found[1]


@pytest.mark.parametrize("row", table("| rule | reference |"), ids=lambda row: row[0])
def test_a_reference_means_what_the_page_says(row: list[str]) -> None:
    rule, reference, repository, image = row
    given = {}
    if rule.startswith(("host ", "mirror ")):
        given = {rule.split()[0] + "s": [code(rule)]}
    registry = Registry.from_json({"name": "acme", "url": URL, **given})
    found = candidates([registry], parse_reference(code(reference)))
    assert [(each.repository, each.image) for each in found] == [(code(repository), code(image))]


def test_the_page_lists_every_check_in_its_order_and_whether_it_is_required() -> None:
    listed = [(code(row[0]), row[1] == "yes") for row in table("| check | required |")]
    assert listed == [(name, Check(name, Status.PASSED).required) for name in CHECKS]


def test_every_field_of_a_registry_is_on_the_page() -> None:
    listed = {code(row[0]) for row in table("| field | meaning |")}
    stored = set(Registry.from_json({"name": "acme", "url": URL}).to_json())
    assert stored - listed == {"insecure"}
    assert "with `insecure`" in PAGE
