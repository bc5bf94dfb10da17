"""The flags of ``registries`` about webhooks, as a person or a script gives them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.fakes.bridge import FakeBridge, running_bridge
from tests.fakes.program import Program, program_for

pytestmark = pytest.mark.integration

WEBHOOK = {
    "url": "https://bridge.example",
    "keys": ["portshift-1-acme-docker"],
    "registryUrl": "https://acme.example/artifactory",
    "problem": None,
    "cure": None,
}
ACME = {"name": "acme", "url": "https://acme.example/artifactory"}
ADD = ["registries", "add", "acme", "--url", "https://acme.example", "--no-test"]


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    with running_bridge() as bridge:
        yield bridge


@pytest.fixture
def program(tmp_path: Path, bridge: FakeBridge) -> Program:
    return program_for(bridge, tmp_path)


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    path = tmp_path / "admin.token"
    path.write_text("the-admins-token\n")
    return str(path)


def test_a_registry_is_added_with_its_webhook(program: Program, bridge: FakeBridge, token_file: str) -> None:
    done = program.run(
        *ADD, "--token-stdin", "--webhook", "--admin-token-file", token_file, stdin=b"login-token\n"
    )

    assert done.exit_code == 0, done.err
    assert bridge.registries["acme"]["login"]["secret"] == "login-token"
    assert bridge.admin_tokens == ["the-admins-token"]
    assert "urlStrictPolicy: false" in done.err
    assert "the-admins-token" not in done.err + done.out.decode()


def test_without_a_terminal_the_administrators_token_comes_from_a_file(
    program: Program, bridge: FakeBridge
) -> None:
    done = program.run(*ADD, "--webhook")

    assert done.exit_code == 2
    assert "--admin-token-file" in done.err
    assert bridge.registries == {}


@pytest.mark.parametrize(
    "flags", [["--webhook-url", "https://x.example"], ["--admin-token-file", "admin.token"]]
)
def test_flags_of_a_webhook_need_the_webhook(program: Program, bridge: FakeBridge, flags: list[str]) -> None:
    assert program.run(*ADD, *flags).exit_code == 2
    assert bridge.registries == {}


def test_a_connected_registry_gets_its_webhook_and_loses_it(
    program: Program, bridge: FakeBridge, token_file: str
) -> None:
    bridge.registries["acme"] = dict(ACME)
    update = ["registries", "update", "acme", "--admin-token-file", token_file]

    made = program.run(*update, "--webhook", "--webhook-url", "https://bridge.acme.example")
    shown = yaml.safe_load(program.run("registries", "show", "acme").out)
    removed = program.run(*update, "--no-webhook")

    assert (made.exit_code, removed.exit_code) == (0, 0), made.err + removed.err
    assert shown["watch"]["webhook"]["url"] == "https://bridge.acme.example"
    assert bridge.webhooks == {}


def test_removing_a_registry_says_what_an_administrator_has_to_remove(
    program: Program, bridge: FakeBridge, token_file: str
) -> None:
    bridge.registries["acme"] = dict(ACME)
    bridge.webhooks["acme"] = WEBHOOK

    left = program.run("registries", "remove", "acme")
    clean = program.run("registries", "remove", "acme", "--admin-token-file", token_file)

    assert "https://acme.example/event/api/v1/subscriptions/portshift-1-acme-docker" in left.err
    assert "subscriptions" not in clean.err
    assert bridge.webhooks == {}


def test_a_removal_that_is_refused_leaves_the_webhook(
    program: Program, bridge: FakeBridge, token_file: str
) -> None:
    bridge.registries["acme"], bridge.webhooks["acme"], bridge.in_use = dict(ACME), WEBHOOK, True
    remove = ["registries", "remove", "acme", "--admin-token-file", token_file]

    refused = program.run(*remove)

    assert (refused.exit_code, "12 identities" in refused.err) == (1, True)
    assert bridge.webhooks == {"acme": WEBHOOK}
    assert program.run(*remove, "--force").exit_code == 0
    assert bridge.webhooks == {}


def test_who_moves_a_registry_is_told_to_make_its_webhook_again(program: Program, bridge: FakeBridge) -> None:
    bridge.registries["acme"] = dict(ACME)
    bridge.webhooks["acme"] = {**WEBHOOK, "problem": "it was made elsewhere", "cure": "make it again"}

    done = program.run("registries", "update", "acme", "--url", "https://new.example")

    assert "webhook: it was made elsewhere; make it again" in done.err
