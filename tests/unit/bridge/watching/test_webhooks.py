"""Making and removing a webhook in Artifactory: what is asked of it, and what becomes of the token."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portshift.core.errors import InvalidMessage, PortshiftError, Unreachable
from portshift_bridge.clock import SECOND, rfc3339
from portshift_bridge.errors import Conflict, Unauthenticated
from portshift_bridge.registries.model import Login, Registry, UnavailableLogin
from portshift_bridge.registries.session import Session, open_session
from portshift_bridge.secrets import FileSecretStore, SecretUnavailable
from portshift_bridge.store.registries import ConnectedRegistry
from portshift_bridge.watching.webhooks import Webhook, Webhooks
from tests.fakes.bridge_services import FakeBridge
from tests.fakes.connected import connected
from tests.fakes.secrets import MemorySecretStore
from tests.standin import OLD
from tests.unit.bridge.watching.registry import READER, FakeRegistry

TOKEN = "canary-of-the-administrator"
PUBLIC = "https://bridge.acme.example"
TARGET = f"{PUBLIC}/api/v1/registries/acme/events"
KEYS = ("portshift-0f1e2d3c-acme-docker", "portshift-0f1e2d3c-acme-artifact_property")
SECRET_NAME = "registries/acme/webhook"


class Made:
    """Webhooks of a bridge, and the registry that they are made in."""

    def __init__(self, bridge: FakeBridge) -> None:
        self.bridge = bridge
        connected(bridge.services.database, "acme")
        self.registry = FakeRegistry()
        self.registry.standin.add_user("boss", token=TOKEN, admin=True)
        self.registry.standin.add_user("bob", token="bobs-token")
        self.connected = ConnectedRegistry(self.registry.registry, READER)
        self.secrets = MemorySecretStore()
        self.webhooks = Webhooks(
            progress=bridge.services.progress,
            secrets=self.secrets,
            watcher=bridge.services.watcher,
            issuer="0f1e2d3c-4b5a-6978",
            public_url=PUBLIC,
            connect=self._connect,
        )

    def create(self, token: str = TOKEN, url: str | None = None) -> Webhook:
        return self.webhooks.create(self.connected, admin_token=token, url=url, actor="test")

    def told(self) -> tuple[str | None, str | None]:
        """What is told of the webhook: its problem and the cure."""
        webhook = self.webhooks.get(self.connected)
        assert webhook is not None
        return webhook.problem, webhook.cure

    def remove(self) -> None:
        self.webhooks.remove(self.connected, admin_token=TOKEN, actor="test")

    @property
    def subscriptions(self) -> dict[str, dict[str, Any]]:
        return self.registry.standin.application.routes.webhooks.subscriptions

    @property
    def secret(self) -> str:
        return self.secrets.get(SECRET_NAME)["secret"]

    def receive(self, secret: str) -> None:
        self.bridge.services.watcher.receive("acme", authentication=secret, body=b"{}")

    def _connect(self, registry: Registry, login: Login) -> Session:
        return open_session(registry, login, adapter=self.registry.adapter, sleep=lambda _: None)


@pytest.fixture
def made(bridge: FakeBridge) -> Made:
    return Made(bridge)


def test_both_domains_are_subscribed_signed_and_enabled(made: Made) -> None:
    webhook = made.create()

    assert (webhook.url, webhook.keys) == (TARGET, KEYS)
    assert tuple(made.subscriptions) == KEYS
    for document, domain in zip(made.subscriptions.values(), ("docker", "artifact_property"), strict=True):
        (handler,) = document["handlers"]
        assert document["enabled"]
        assert document["event_filter"]["domain"] == domain
        assert (handler["url"], handler["secret"]) == (TARGET, made.secret)
        assert handler["use_secret_for_signing"]
    made.receive(made.secret)


def test_making_it_again_puts_it_right_and_keeps_the_secret(made: Made) -> None:
    made.create()
    before = made.secret
    made.subscriptions[KEYS[0]]["enabled"] = False
    del made.subscriptions[KEYS[1]]
    webhook = made.create(url="https://elsewhere.example/bridge/")

    assert made.secret == before
    assert made.subscriptions[KEYS[0]]["enabled"]
    assert made.subscriptions[KEYS[1]]["handlers"][0]["url"] == webhook.url
    assert webhook.url == "https://elsewhere.example/bridge/api/v1/registries/acme/events"


def test_a_removed_webhook_is_gone_with_its_secret(made: Made) -> None:
    made.create()
    secret = made.secret
    made.remove()

    assert made.subscriptions == {}
    with pytest.raises(SecretUnavailable):
        made.secrets.get(SECRET_NAME)
    with pytest.raises(Unauthenticated):
        made.receive(secret)
    made.remove()


def test_a_webhook_that_was_made_is_shown_without_a_problem(made: Made) -> None:
    assert made.webhooks.get(made.connected) is None
    webhook = made.create()

    assert made.webhooks.get(made.connected) == webhook
    assert made.told() == (None, None)


def test_a_registry_at_another_url_needs_its_webhook_again_with_another_secret(made: Made) -> None:
    made.create()
    secret = made.secret
    made.connected = replace(made.connected, registry=replace(made.registry.registry, url="https://new.test"))
    problem, cure = made.told()

    assert (
        problem
        == "it was made at http://standin.test/artifactory, and the registry is at https://new.test now"
    )
    assert cure == "make it again with: portshift registries update acme --webhook"
    made.create()
    assert made.told() == (None, None)
    assert made.secret != secret


def test_a_webhook_whose_secret_is_gone_is_told_and_made_again(made: Made) -> None:
    made.create()
    made.secrets.delete(SECRET_NAME)
    problem, cure = made.told()

    assert problem == f"its events are refused: there is no secret '{SECRET_NAME}'"
    assert str(cure).startswith("make it again")
    made.create()
    made.receive(made.secret)


def test_a_webhook_that_is_silent_about_a_push_is_told(made: Made) -> None:
    created_at = made.create().created_at
    progress = made.bridge.services.progress
    progress.lease("acme", holder="a", seconds=60)
    progress.polled("acme", holder="a", modified_until=created_at + 600 * SECOND)
    assert made.told() == (None, None)
    progress.polled("acme", holder="a", modified_until=created_at + 1_000 * SECOND)
    problem, cure = made.told()

    assert f"no event came since {rfc3339(created_at)}" in str(problem)
    assert "ask an administrator of Artifactory" in str(cure)
    made.bridge.clock.now += 1_000 * SECOND
    progress.event_received("acme")
    assert made.told() == (None, None)


def test_another_process_learns_the_secret_by_itself(made: Made, tmp_path: Path) -> None:
    made.bridge.call("POST", "registries", json={"name": "acme", "url": "https://acme.example"})
    watcher = made.bridge.services.watcher
    made.create()
    watcher.forget_webhook("acme")
    FileSecretStore.open(tmp_path).put(SECRET_NAME, {"secret": made.secret})
    watcher.refresh()
    watcher.stop()

    made.receive(made.secret)


def test_a_secret_that_cannot_be_had_is_told_once_for_each_time_it_is_lost(
    made: Made, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made.bridge.call("POST", "registries", json={"name": "acme", "url": "https://acme.example"})
    watcher, secrets = made.bridge.services.watcher, FileSecretStore.open(tmp_path)
    made.create()
    for times in (1, 2):
        secrets.delete(SECRET_NAME)
        watcher.forget_webhook("acme")
        for _ in range(3):
            watcher.refresh()
        assert caplog.text.count("webhook secret failed registry=acme") == times
        secrets.put(SECRET_NAME, {"secret": made.secret})
        watcher.refresh()
    watcher.stop()


@pytest.mark.parametrize("token", ["bobs-token", "unknown", "with space ", "line\nbreak", "ümlaut"])
def test_who_is_no_administrator_is_told_so(made: Made, token: str) -> None:
    with pytest.raises(InvalidMessage, match="adminToken") as refusal:
        made.create(token)

    assert token not in str(refusal.value)
    assert made.bridge.services.progress.get("acme").webhook_url is None


def test_a_private_target_that_artifactory_refuses_comes_with_the_setting(made: Made) -> None:
    with pytest.raises(Unreachable, match="urlStrictPolicy: false") as refusal:
        made.create(url="http://10.0.0.5:8480")

    assert "unable to validate subscription" in refusal.value.problem


def test_an_artifactory_without_webhooks_is_named(made: Made) -> None:
    made.registry.standin.switches.version = OLD

    with pytest.raises(Conflict, match="has no webhooks"):
        made.create()


def test_a_registry_without_its_login_is_not_asked(made: Made) -> None:
    made.connected = ConnectedRegistry(made.registry.registry, UnavailableLogin("Vault is sealed"))

    with pytest.raises(Conflict, match="Vault is sealed"):
        made.create()


def test_the_token_is_nowhere_afterwards(
    made: Made, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made.create()
    made.registry.adapter.down = True
    with pytest.raises(PortshiftError) as failure:
        made.create()
    made.bridge.services.database.close()

    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert TOKEN.encode() not in kept
    assert TOKEN not in caplog.text + str(failure.value)
    assert made.secret.encode() not in kept
