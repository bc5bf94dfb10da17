"""What the tests of job logins share: a trust in acme/shop's main branch, and logging in."""

from __future__ import annotations

from typing import Any

from tests.fakes.bridge_services import FakeBridge
from tests.fakes.issuer import AUDIENCE, GITHUB

SHOP: dict[str, Any] = {
    "name": "github",
    "issuer": GITHUB,
    "audience": AUDIENCE,
    "claims": {"repository": ["acme/shop"], "ref": ["refs/heads/main"]},
    "clusters": ["prod-*"],
    "namespaces": ["shop"],
}


def add_trust(bridge: FakeBridge, **changes: Any) -> None:
    answer = bridge.call("POST", "access/trusts", json={**SHOP, **changes})
    assert answer.status_code == 201, answer.text


def log_in(bridge: FakeBridge, token: str, **fields: Any) -> Any:
    """The answer to an exchange, which needs no access token."""
    return bridge.call("POST", "login/oidc", role=None, json={"token": token, **fields})
