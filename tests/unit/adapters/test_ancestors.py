from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from portshift.adapters.ancestors import MAX_DEPTH, PROC, from_proc, from_psutil


def process(proc: Path, pid: int, parent: int, *, name: str, line: bytes) -> None:
    """One process as proc(5) shows it."""
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "stat").write_text(f"{pid} ({name}) S {parent} {pid} {pid} 0 -1 4194304 100 0\n")
    (folder / "cmdline").write_bytes(line)


def test_each_process_up_to_the_first_is_told_with_its_arguments(tmp_path: Path) -> None:
    process(tmp_path, 1, 0, name="init", line=b"/sbin/init\0")
    process(tmp_path, 40, 1, name="my) shell (x", line=b"-bash\0")
    process(tmp_path, 50, 40, name="helm", line=b"helm\0upgrade\0web\0./my chart\0--set\0a=\xff\0--devel\0\0")
    helm = ("helm", "upgrade", "web", "./my chart", "--set", "a=\udcff", "--devel", "")
    assert from_proc(tmp_path, 50) == (helm, ("-bash",), ("/sbin/init",))


def test_a_process_without_arguments_does_not_hide_those_above_it(tmp_path: Path) -> None:
    process(tmp_path, 1, 0, name="init", line=b"init\0")
    process(tmp_path, 2, 1, name="zombie", line=b"")
    assert from_proc(tmp_path, 2) == ((), ("init",))


def test_a_process_that_is_hidden_or_gone_ends_the_list(tmp_path: Path) -> None:
    process(tmp_path, 9, 8, name="sh", line=b"sh\0")
    assert from_proc(tmp_path, 9) == (("sh",),)
    assert from_proc(tmp_path, 8) == ()


def test_the_list_is_bounded_even_where_a_process_is_its_own_ancestor(tmp_path: Path) -> None:
    process(tmp_path, 7, 7, name="loop", line=b"loop\0")
    assert len(from_proc(tmp_path, 7)) == MAX_DEPTH


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_both_ways_tell_the_same_of_this_process() -> None:
    assert from_proc(PROC, os.getpid())[0] == from_psutil(os.getpid())[0]


def test_a_process_that_never_was_has_no_ancestors() -> None:
    assert from_psutil(2**22 + 1) == ()
