"""Start a stand-in and a bridge that is connected to it; end both, whatever happens."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.bridge import RunningBridge, running_bridge
from tests.sandbox import shop
from tests.standin import Standin

ARTIFACTORY_USER = "admin"
_ANY_HOST = "docker-any"


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """Where to find both, and how to log in: a person as administrator, the bridge with a reading login."""

    bridge: RunningBridge
    standin: Standin
    artifactory_password: str = field(repr=False)
    bridge_password: str = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point portshift, and a person's own tools, at the sandbox."""
        return {
            **self.bridge.environment,
            "ARTIFACTORY_URL": self.standin.url,
            "ARTIFACTORY_USER": ARTIFACTORY_USER,
            "ARTIFACTORY_PASSWORD": self.artifactory_password,
        }


@contextmanager
def sandbox(folder: Path, *, conjure: bool = False, connected: bool = True) -> Iterator[Sandbox]:
    """Run both for the length of the block, with all that they write below ``folder``.

    Args:
        folder: made where it is not there.
        conjure: the stand-in makes up every image it is asked for, and the bridge sends it every host.
        connected: whether the bridge knows the stand-in as the registry ``acme`` from the start.

    """
    with Standin(conjure=conjure) as standin, running_bridge(folder) as bridge:
        password = secrets.token_urlsafe(24)
        # The password is an access token too, and the bridge on loopback a target for webhooks.
        standin.add_user(ARTIFACTORY_USER, password, admin=True, token=password)
        standin.switches.webhook_strict_urls = False
        made = Sandbox(
            bridge=bridge,
            standin=standin,
            artifactory_password=password,
            bridge_password=shop.fill(standin),
        )
        if conjure:
            standin.add_repository(_ANY_HOST)
        if connected:
            _connect(made, conjure=conjure)
        yield made


def _connect(made: Sandbox, *, conjure: bool) -> None:
    made.bridge.connect(
        "acme",
        made.standin.url,
        user=(shop.BRIDGE_USER, made.bridge_password),
        hosts=[shop.HOST],
        mirrors=[f"docker.io={shop.REMOTE}", *([f"*={_ANY_HOST}"] if conjure else [])],
    )
