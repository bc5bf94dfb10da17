"""A seeded stand-in, and a client of it."""

from __future__ import annotations

import pytest

from tests.standin import Permission, Standin
from tests.unit.standin.client import Client


@pytest.fixture
def standin() -> Standin:
    server = Standin(clock=lambda: 1_700_000_000.0)
    server.add_repository("docker-local")
    server.add_repository("hub", "remote", remote_url="https://hub.example.com", library=True)
    server.add_repository(
        "docker", "virtual", members=["hub", "docker-local"], default_deployment_repo="docker-local"
    )
    server.add_user(
        "reader", "reads", permissions=[Permission.of("read", repo="docker-local", path="team/**")]
    )
    return server


@pytest.fixture
def client(standin: Standin) -> Client:
    return Client(standin)
