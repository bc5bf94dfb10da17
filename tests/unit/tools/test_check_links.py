"""Links that lead nowhere are found, and nothing else is called one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.check_links import dead_links


@pytest.mark.parametrize(
    "text",
    [
        "[here](page.md)",
        "[a part of it](page.md#part)",
        "[above](#part)",
        "[elsewhere](https://example.test/page.md)",
        "`[not a link](gone.md)`",
        "```\n[not a link](gone.md)\n```",
    ],
)
def test_a_link_that_leads_somewhere_is_left_alone(text: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").touch()
    assert list(dead_links(text, tmp_path)) == []


def test_a_link_to_a_file_that_is_not_there_is_found(tmp_path: Path) -> None:
    assert list(dead_links("see [this](sub/gone.md#part), please", tmp_path)) == ["sub/gone.md#part"]
