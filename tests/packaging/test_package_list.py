"""setup.cfg lists packages by hand, because there are two roots; this is what keeps the list whole."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from setuptools import find_packages  # type: ignore[import-untyped]

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def _pins(lock: str) -> dict[str, str]:
    text = (REPOSITORY / "requirements" / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))


def test_every_package_of_both_roots_is_listed() -> None:
    setup = configparser.ConfigParser()
    setup.read(REPOSITORY / "setup.cfg")
    listed = setup["options"]["packages"].split()
    found = find_packages(str(REPOSITORY / "helm-plugin")) + find_packages(str(REPOSITORY / "bridge"))
    assert sorted(listed) == sorted(found)


def test_what_users_install_is_what_the_tests_ran_on() -> None:
    base, development = _pins("base.lock"), _pins("dev.lock")
    assert base
    assert {name: development.get(name) for name in base} == base
