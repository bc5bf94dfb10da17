"""Rules for every test: no network outside loopback, and none at all unless the test is marked for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_socket

REPOSITORY = Path(__file__).resolve().parent.parent
CORPORA = REPOSITORY.parent / "shared" / "corpora"
_MAY_USE_LOOPBACK = {"integration", "cluster", "helm", "soak"}


@pytest.fixture(autouse=True)
def network_rules(request: pytest.FixtureRequest) -> Iterator[None]:
    """Sockets are off; tests that talk to real servers may reach loopback only."""
    if _MAY_USE_LOOPBACK & {marker.name for marker in request.node.iter_markers()}:
        pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    else:
        pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()
    pytest_socket._remove_restrictions()


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real manifests and charts; the test is skipped where it is not there."""
    if not CORPORA.is_dir():
        pytest.skip(f"no corpora: {CORPORA} is absent")
    return CORPORA
