"""A stand-in for Artifactory, a real bridge connected to it, and the real program pointed at both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.e2e.program import Portshift
from tests.integration.bridge_process import TOKEN, BridgeProcess, environment, running
from tests.sandbox import shop
from tests.standin import Standin

TOOLS = REPOSITORY / ".tools" / "bin"


@dataclass(frozen=True)
class Shop:
    """A stand-in with the demo shop's images, and the password of the bridge's login."""

    standin: Standin
    password: str = field(repr=False)

    def registry(self, **changes: Any) -> dict[str, Any]:
        """The body that connects a bridge to it."""
        login = {"kind": "password", "username": shop.BRIDGE_USER, "secret": self.password}
        return {
            "name": "acme",
            "url": self.standin.url,
            "hosts": [shop.HOST],
            "mirrors": [f"docker.io={shop.REMOTE}"],
            "login": login,
            **changes,
        }

    def connect(self, bridge: BridgeProcess, **changes: Any) -> None:
        answer = bridge.call("POST", "registries", json=self.registry(**changes))
        assert answer.ok, answer.text


@pytest.fixture(scope="session")
def artifactory() -> Iterator[Shop]:
    """One stand-in for all tests: they add to it, and change nothing that is there."""
    with Standin() as standin:
        yield Shop(standin, shop.fill(standin))


@pytest.fixture(scope="module")
def bridge(artifactory: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeProcess]:
    """A bridge for the tests of one file."""
    with running(environment(tmp_path_factory.mktemp("bridge") / "data")) as started:
        artifactory.connect(started)
        yield started


def pointed_at(url: str, home: Path) -> Portshift:
    """The program with the administrator's access token."""
    home.mkdir(exist_ok=True)
    return Portshift(home, {"PORTSHIFT_BRIDGE_URL": url, "PORTSHIFT_TOKEN": TOKEN})


@pytest.fixture
def portshift(bridge: BridgeProcess, tmp_path: Path) -> Portshift:
    """The program, pointed at the file's bridge."""
    return pointed_at(bridge.url, tmp_path / "home")


@pytest.fixture
def tool() -> Callable[[str], Path]:
    """A program that ``make tools`` builds; the test is skipped where it is not there."""

    def find(name: str) -> Path:
        path = TOOLS / name
        if not path.is_file():
            pytest.skip(f"no {path.relative_to(REPOSITORY)}; cure: make tools")
        return path

    return find
