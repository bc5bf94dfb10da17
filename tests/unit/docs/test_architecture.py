"""docs/architecture.md is true to the tree: it names every module of the shared core and of the bridge."""

from __future__ import annotations

import re

import pytest

from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "architecture.md").read_text()
NAMED = set(re.findall(r"`([a-z_/]+)`", PAGE))
FOLDERS = {
    "helm-plugin/portshift/core": "",
    "helm-plugin/portshift/adapters": "adapters/",
    "bridge/portshift_bridge": "",
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_module_is_named(folder: str) -> None:
    found = (REPOSITORY / folder).iterdir()
    modules = {
        path.stem if path.is_file() else f"{path.name}/"
        for path in found
        if not path.name.startswith("_") and (path.suffix == ".py" or path.is_dir())
    }
    missing = {name for name in modules if name not in NAMED and FOLDERS[folder] + name not in NAMED}
    assert missing == set()


def test_every_test_folder_is_named() -> None:
    named = set(re.findall(r"`tests/([a-z0-9_]+)`", PAGE))
    folders = {path.name for path in (REPOSITORY / "tests").iterdir() if path.is_dir()}
    assert {name for name in folders if not name.startswith(("_", "."))} - {"fakes", "wire"} <= named
