"""Small files are replaced whole, and a crash leaves no heap of half-written ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from portshift.core.errors import PortshiftError
from portshift_bridge.durable import locked, replace_file


def test_a_file_is_replaced_whole_and_only_for_its_owner(tmp_path: Path) -> None:
    for data in (b"old", b"new"):
        with locked(tmp_path):
            replace_file(tmp_path / "keys.json", data)
    assert (tmp_path / "keys.json").read_bytes() == b"new"
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_what_a_crashed_writer_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".keys.json.new").write_bytes(b"half a ke")
    with locked(tmp_path):
        replace_file(tmp_path / "keys.json", b"whole")
    assert (tmp_path / "keys.json").read_bytes() == b"whole"
    assert {path.name for path in tmp_path.iterdir()} == {"keys.json", ".lock"}


def test_a_link_in_the_new_files_place_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"untouched")
    (tmp_path / ".keys.json.new").symlink_to(other)
    with locked(tmp_path):
        replace_file(tmp_path / "keys.json", b"whole")
    assert other.read_bytes() == b"untouched"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PortshiftError, match="cannot write"):
        replace_file(tmp_path / "gone" / "keys.json", b"x")
