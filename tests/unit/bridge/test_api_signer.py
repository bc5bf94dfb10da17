"""The API on a Vault signer: what goes on while Vault is down, and what is refused whole."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from portshift.core.statement import pae
from portshift_bridge.access import Role
from portshift_bridge.vault.errors import VaultSealed
from portshift_bridge.vault.transit_keys import TransitKeys
from tests.fakes.bridge_services import FakeBridge, fake_bridge, rendering
from tests.fakes.resolver import resolved
from tests.fakes.transit import FakeTransit

SEALED = VaultSealed("Vault at http://127.0.0.1:1 is sealed", cure="unseal it")


@pytest.fixture
def vault() -> FakeTransit:
    return FakeTransit()


@pytest.fixture
def bridge(tmp_path: Path, vault: FakeTransit) -> Iterator[FakeBridge]:
    """A bridge that signs in Vault and knows one image."""
    with fake_bridge(tmp_path, home=TransitKeys(vault, mount="transit", key="portshift")) as running:
        running.resolver.images["app:1"] = resolved("a")
        yield running


def register(bridge: FakeBridge, *names: str) -> Any:
    body = rendering("app:1")
    body["workloads"] = [rendering("app:1", name=name)["workloads"][0] for name in names]
    return bridge.call("POST", "registrations", json=body)


def test_the_new_identities_of_a_registration_are_signed_in_one_request(
    bridge: FakeBridge, vault: FakeTransit
) -> None:
    register(bridge, "old")
    vault.asked.clear()
    answer = register(bridge, "old", "one", "two", "three")
    assert answer.status_code == 200
    assert vault.asked == ["sign"]


def test_known_identities_need_no_signer(bridge: FakeBridge, vault: FakeTransit) -> None:
    first = register(bridge, "one", "two").json()["workloads"]
    vault.failure = SEALED
    answer = register(bridge, "two", "one")
    assert answer.status_code == 200
    assert answer.json()["workloads"] == first[::-1]


def test_a_registration_with_one_new_identity_is_refused_whole(
    bridge: FakeBridge, vault: FakeTransit
) -> None:
    (known,) = register(bridge, "known").json()["workloads"]
    vault.failure = SEALED

    answer = register(bridge, "known", "new")

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:portshift:problem:signer-unavailable")
    assert answer.json()["detail"].endswith("is sealed")
    assert answer.json()["cure"] == "unseal it"
    (item,) = bridge.call("GET", "identities").json()["items"]
    assert (item["id"], item["lastRegisteredAt"]) == (known["id"], item["issuedAt"])
    vault.failure = None
    assert register(bridge, "known", "new").status_code == 200


def test_one_bad_signature_of_many_stores_none_of_them(bridge: FakeBridge, vault: FakeTransit) -> None:
    vault.spoil = lambda results: [*results[:-1], {"error": "out of entropy"}]
    assert register(bridge, "one", "two", "three").status_code == 503
    assert bridge.call("GET", "identities").json()["items"] == []


def test_keys_lists_and_readiness_do_not_need_vault(bridge: FakeBridge, vault: FakeTransit) -> None:
    (known,) = register(bridge, "known").json()["workloads"]
    vault.failure = SEALED
    keys = bridge.call("GET", "/.well-known/jwks.json", role=None).json()["keys"]
    assert [key["kid"] for key in keys] == [bridge.keys.signing_kid]
    assert bridge.call("GET", f"identities/{known['id']}", role=Role.VIEWER).status_code == 200
    assert bridge.call("GET", "/readyz", role=None).status_code == 200


def test_an_export_is_signed_in_vault_too_and_in_der(bridge: FakeBridge, vault: FakeTransit) -> None:
    (known,) = register(bridge, "known").json()["workloads"]
    path = f"identities/{known['id']}/statement"

    envelope = bridge.call("GET", path).json()

    (signature,) = envelope["signatures"]
    assert signature["keyid"] == bridge.keys.signing_kid
    text = pae(envelope["payloadType"], base64.b64decode(envelope["payload"]))
    der = base64.b64decode(signature["sig"])
    vault.versions[0].public_key().verify(der, text, ec.ECDSA(hashes.SHA256()))
    vault.failure = SEALED
    answer = bridge.call("GET", path)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:portshift:problem:signer-unavailable")
