from __future__ import annotations

from pathlib import Path

from portshift.adapters.failures import MAX_BYTES, Failure, last_failure, record_failure
from portshift.adapters.places import configuration_file, failure_log

BOOM = Failure("2026-11-20T10:00:00Z", "portshift post-render", 4, "the bridge is away")


def test_the_last_failure_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "state" / "last-error.log"
    record_failure(path, Failure("2026-11-20T09:00:00Z", "portshift post-render", 1, "first"))
    record_failure(path, BOOM)
    assert last_failure(path) == BOOM
    assert path.stat().st_mode & 0o077 == 0


def test_nothing_failed_yet(tmp_path: Path) -> None:
    assert last_failure(tmp_path / "none") is None


def test_the_log_stays_bounded(tmp_path: Path) -> None:
    path = tmp_path / "last-error.log"
    for _ in range(80):
        record_failure(path, Failure("t", "c", 1, "x" * 4000))
    record_failure(path, BOOM)
    assert path.stat().st_size <= MAX_BYTES + 5000
    assert last_failure(path) == BOOM


def test_a_log_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    record_failure(tmp_path / "file" / "last-error.log", BOOM)
    assert (tmp_path / "file").read_text() == ""


def test_a_half_written_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "last-error.log"
    record_failure(path, BOOM)
    with path.open("a") as file:
        file.write('{"time": "2026')
    assert last_failure(path) == BOOM


def test_files_are_where_each_system_keeps_them() -> None:
    home = {"HOME": "/h"}
    assert configuration_file(home, platform="linux") == Path("/h/.config/portshift/config.yaml")
    assert configuration_file({**home, "XDG_CONFIG_HOME": "/c"}, platform="linux") == Path(
        "/c/portshift/config.yaml"
    )
    assert configuration_file({**home, "PORTSHIFT_CONFIG": "/x.yaml"}, platform="linux") == Path("/x.yaml")
    assert configuration_file({"APPDATA": "/roaming"}, platform="win32") == Path(
        "/roaming/portshift/config.yaml"
    )
    assert failure_log({**home, "XDG_STATE_HOME": "/s"}, platform="linux") == Path(
        "/s/portshift/last-error.log"
    )
    assert failure_log(home, platform="darwin") == Path("/h/Library/Logs/portshift/last-error.log")
    assert failure_log({"LOCALAPPDATA": "/local"}, platform="win32") == Path(
        "/local/portshift/last-error.log"
    )
