from __future__ import annotations

import json
import stat
import threading
from pathlib import Path

import pytest

from portshift.core.errors import PortshiftError
from portshift_bridge.durable import replace_file
from portshift_bridge.master_key import MasterKey
from portshift_bridge.secrets import FileSecretStore, SecretUnavailable

PASSWORD = "correct horse battery staple"


def test_values_are_not_readable_in_the_file_nor_is_the_file_by_others(tmp_path: Path) -> None:
    FileSecretStore.open(tmp_path).put("registries/acme", {"password": PASSWORD})
    path = tmp_path / "secrets.json"
    assert PASSWORD not in path.read_text()
    assert "password" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_one_process_puts_another_reads(tmp_path: Path) -> None:
    ours, theirs = FileSecretStore.open(tmp_path), FileSecretStore.open(tmp_path)
    ours.put("a", {"x": "1"})
    assert theirs.get("a") == {"x": "1"}


def test_threads_that_put_at_once_lose_nothing(tmp_path: Path) -> None:
    store = FileSecretStore.open(tmp_path)
    threads = [
        threading.Thread(target=store.put, args=(f"r{number}", {"n": str(number)})) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.get(f"r{number}") for number in range(8)] == [{"n": str(number)} for number in range(8)]


def test_entries_cannot_be_swapped(tmp_path: Path) -> None:
    store = FileSecretStore.open(tmp_path)
    store.put("a", {"x": "1"})
    store.put("b", {"x": "2"})
    document = json.loads((tmp_path / "secrets.json").read_text())
    document["secrets"]["a"] = document["secrets"]["b"]
    replace_file(tmp_path / "secrets.json", json.dumps(document).encode())
    with pytest.raises(SecretUnavailable, match="does not open the secret 'a'"):
        store.get("a")
    assert store.get("b") == {"x": "2"}


@pytest.mark.parametrize("entry", ["", "AAAA", "not base64!", "é", "A" * 64])
def test_a_damaged_entry_is_told_as_such(tmp_path: Path, entry: str) -> None:
    store = FileSecretStore.open(tmp_path)
    replace_file(tmp_path / "secrets.json", json.dumps({"format": 1, "secrets": {"a": entry}}).encode())
    with pytest.raises(SecretUnavailable, match="'a'"):
        store.get("a")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"secrets": 5}', '{"secrets": {"a": 5}}'])
def test_a_damaged_file_is_told_as_such(tmp_path: Path, text: str) -> None:
    store = FileSecretStore.open(tmp_path)
    replace_file(tmp_path / "secrets.json", text.encode())
    with pytest.raises(SecretUnavailable):
        store.get("a")


def test_another_folders_master_key_opens_nothing(tmp_path: Path) -> None:
    FileSecretStore.open(tmp_path).put("a", {"x": "1"})
    with pytest.raises(SecretUnavailable, match="master key does not open"):
        FileSecretStore(tmp_path, MasterKey(b"x" * 32)).get("a")


def test_a_missing_master_key_is_not_made_anew_beside_secrets(tmp_path: Path) -> None:
    FileSecretStore.open(tmp_path).put("a", {"x": "1"})
    (tmp_path / "master.key").unlink()
    with pytest.raises(PortshiftError, match=r"missing.*secrets.json"):
        FileSecretStore.open(tmp_path)


def test_an_error_holds_no_value(tmp_path: Path) -> None:
    store = FileSecretStore.open(tmp_path)
    store.put("a", {"password": PASSWORD})
    with pytest.raises(PortshiftError) as failure:
        store.put("b" * 300, {"password": PASSWORD})
    assert PASSWORD not in str(failure.value)
