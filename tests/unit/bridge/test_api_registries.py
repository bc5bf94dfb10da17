"""The registries of the API; Artifactory itself is behind a fake here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portshift_bridge.access import Role
from portshift_bridge.registries.model import Login, LoginKind, ProxyLogin, UnavailableLogin
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.testing.checks import Check, Status
from portshift_bridge.secrets import FileSecretStore, SecretUnavailable
from portshift_bridge.store.artifacts import ArtifactStore
from portshift_bridge.store.progress import Progress
from tests.fakes.bridge_services import FakeBridge, rendering
from tests.fakes.resolver import resolved

LOGIN = {"kind": "password", "username": "reader", "secret": "hunter2-hunter2"}
ACME: dict[str, Any] = {
    "name": "acme",
    "url": "https://acme.example/artifactory",
    "mirrors": ["docker.io=docker-remote"],
    "login": LOGIN,
}


def add(bridge: FakeBridge, **changes: Any) -> dict[str, Any]:
    answer = bridge.call("POST", "registries", json={**ACME, **changes})
    assert answer.status_code == 201, answer.text
    item: dict[str, Any] = answer.json()
    return item


def stored_login(bridge: FakeBridge) -> Login:
    login = bridge.services.registries.get("acme").login
    assert isinstance(login, Login)
    return login


def test_a_registry_is_shown_without_its_secret(bridge: FakeBridge) -> None:
    made = add(bridge)
    shown = bridge.call("GET", "registries/acme", role=Role.VIEWER)
    listed = bridge.call("GET", "registries", role=Role.VIEWER)

    assert made == shown.json() == listed.json()["items"][0]
    available = {"state": "available", "problem": None, "cure": None}
    assert made["login"] == {"kind": "password", "username": "reader", **available}
    assert "hunter2" not in shown.text + listed.text


def test_the_resolver_sees_registry_and_login(bridge: FakeBridge) -> None:
    add(bridge)

    (connected,) = bridge.services.registries.all()

    assert connected.registry.url == ACME["url"]
    assert connected.login == Login(LoginKind.PASSWORD, "reader", LOGIN["secret"])


def test_a_change_keeps_what_it_does_not_name(bridge: FakeBridge) -> None:
    add(bridge)

    changed = bridge.call("PATCH", "registries/acme", json={"hosts": ["docker.acme.example"]}).json()

    assert changed["hosts"] == ["docker.acme.example"]
    assert changed["mirrors"] == ["docker.io=docker-remote"]
    assert stored_login(bridge).secret == LOGIN["secret"]


def test_null_puts_back_the_default(bridge: FakeBridge) -> None:
    add(bridge)

    changed = bridge.call("PATCH", "registries/acme", json={"mirrors": None, "login": None}).json()

    assert (changed["mirrors"], changed["login"]["kind"]) == ([], "anonymous")


def test_a_stored_secret_does_not_follow_to_another_host(bridge: FakeBridge) -> None:
    add(bridge)
    elsewhere = {"url": "https://evil.example/artifactory"}

    refused = bridge.call("PATCH", "registries/acme", json=elsewhere)
    taken = bridge.call("PATCH", "registries/acme", json={**elsewhere, "login": LOGIN})

    assert refused.status_code == 400
    assert "not sent to another host" in refused.json()["detail"]
    assert taken.json()["url"] == elsewhere["url"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "A b"},
        {"url": "ftp://x"},
        {"url": "http://169.254.169.254/"},
        {"login": {"kind": "password"}},
        {"mirrors": "docker.io"},
        {"colour": "red"},
    ],
)
def test_a_registry_that_cannot_be_is_refused(bridge: FakeBridge, changes: dict[str, Any]) -> None:
    answer = bridge.call("POST", "registries", json={**ACME, **changes})

    assert answer.status_code == 400
    assert "hunter2" not in answer.text
    assert bridge.call("GET", "registries").json()["items"] == []


def test_a_name_is_taken_once(bridge: FakeBridge) -> None:
    add(bridge)

    assert bridge.call("POST", "registries", json=ACME).status_code == 409


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "none"), ("PATCH", "none"), ("DELETE", "none"), ("POST", "none/test")],
)
def test_a_registry_that_is_not_there(bridge: FakeBridge, method: str, path: str) -> None:
    answer = bridge.call(method, f"registries/{path}", content=b"" if method == "GET" else b"{}")

    assert (answer.status_code, answer.json()["type"]) == (404, "urn:portshift:problem:not-found")


def test_a_registry_in_use_is_removed_only_by_force(bridge: FakeBridge) -> None:
    add(bridge)
    add(bridge, name="acme-two")
    bridge.resolver.images["app:1"] = resolved("a", artifact="acme/docker-local/app/1/manifest.json")
    bridge.call("POST", "registrations", json=rendering("app:1"))

    refused = bridge.call("DELETE", "registries/acme")

    assert refused.status_code == 409
    assert "acme is in use: 1 identities name artifacts of it" in refused.json()["detail"]
    assert bridge.call("DELETE", "registries/acme-two").json() == removal("acme-two")
    assert bridge.call("DELETE", "registries/acme?force=true").json() == removal("acme", identities=1)
    assert bridge.call("GET", "registries").json()["items"] == []


def removal(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "identities": 0, "paths": 0, "secretsLeft": [], **changes}


def test_a_removed_registry_takes_its_own_paths_along(bridge: FakeBridge) -> None:
    add(bridge)
    add(bridge, name="acme-two")
    catalogue = ArtifactStore(bridge.services.database, bridge.clock)
    paths = [
        ManifestPath("docker-local", f"app/{tag}", "manifest.json", "sha256:" + "a" * 64) for tag in "12"
    ]
    for name in ("acme", "acme-two"):
        catalogue.record(name, paths)

    removed = bridge.call("DELETE", "registries/acme")

    assert removed.json() == removal("acme", paths=2)
    assert list(catalogue.places("acme", repository="docker-local")) == []
    assert len(list(catalogue.places("acme-two", repository="docker-local"))) == 2


def test_a_registry_in_use_keeps_its_webhook_with_itself(bridge: FakeBridge) -> None:
    add(bridge)
    bridge.resolver.images["app:1"] = resolved("a", artifact="acme/docker-local/app/1/manifest.json")
    bridge.call("POST", "registrations", json=rendering("app:1"))
    made_in = {"registry_url": ACME["url"], "actor": "test"}
    bridge.services.progress.webhook_created("acme", url="https://bridge.example", **made_in)

    refused = bridge.call("POST", "registries/acme/removal", json={"adminToken": "boss"})

    assert (refused.status_code, "is in use" in refused.json()["detail"]) == (409, True)
    assert bridge.call("GET", "registries/acme/watch").json()["webhook"] is not None


def test_a_webhook_that_cannot_be_removed_keeps_its_registry(bridge: FakeBridge) -> None:
    add(bridge)

    refused = bridge.call("POST", "registries/acme/removal", json={"adminToken": "boss", "force": True})

    assert refused.status_code >= 500
    assert bridge.call("GET", "registries/acme").status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"adminToken": ""}, {"adminToken": "x", "force": "yes"}, {"force": True}]
)
def test_a_removal_with_the_webhook_needs_the_token(bridge: FakeBridge, body: dict[str, Any]) -> None:
    add(bridge)

    assert bridge.call("POST", "registries/acme/removal", json=body).status_code == 400


def test_a_registry_at_another_url_is_read_from_the_start_by_who_takes_the_lease(bridge: FakeBridge) -> None:
    add(bridge)
    progress = bridge.services.progress
    progress.lease("acme", holder="a", seconds=60)
    progress.polled("acme", holder="a", modified_until=7, properties_until=8)
    progress.compared("acme", holder="a")
    bridge.call("PATCH", "registries/acme", json={"hosts": ["docker.acme.example"]})
    assert progress.get("acme").modified_until == 7
    bridge.call("PATCH", "registries/acme", json={"url": "https://new.example/artifactory", "login": LOGIN})

    progress.polled("acme", holder="a", modified_until=9)
    assert progress.get("acme") == Progress()
    assert progress.lease("acme", holder="b", seconds=60)


def test_removing_forgets_login_and_webhook_secret(bridge: FakeBridge, tmp_path: Path) -> None:
    add(bridge)
    secrets = FileSecretStore.open(tmp_path)
    secrets.put("registries/acme/webhook", {"secret": "x"})

    bridge.call("DELETE", "registries/acme")

    for name in ("registries/acme", "registries/acme/webhook"):
        with pytest.raises(SecretUnavailable):
            secrets.get(name)


def test_a_login_that_is_gone_takes_down_nothing_but_itself(bridge: FakeBridge, tmp_path: Path) -> None:
    add(bridge)
    add(bridge, name="other")
    FileSecretStore.open(tmp_path).delete("registries/acme")

    gone, other = bridge.call("GET", "registries").json()["items"]

    assert other["login"]["state"] == "available"
    assert (gone["login"]["kind"], gone["login"]["state"]) == (None, "missing")
    assert "there is no secret 'registries/acme'" in gone["login"]["problem"]
    assert gone["login"]["cure"] == "enter it again"
    assert bridge.call("POST", "registries/acme/test").status_code == 200
    assert isinstance(bridge.connection_test.tried[0].login, UnavailableLogin)


def test_a_registry_without_its_login_can_be_changed_repaired_and_removed(
    bridge: FakeBridge, tmp_path: Path
) -> None:
    add(bridge)
    FileSecretStore.open(tmp_path).delete("registries/acme")
    change = {"hosts": ["docker.acme.example"]}
    elsewhere = {"url": "https://other.example/artifactory"}

    assert bridge.call("PATCH", "registries/acme", json=change).json()["hosts"] == change["hosts"]
    assert bridge.call("PATCH", "registries/acme", json=elsewhere).status_code == 400
    repaired = bridge.call("PATCH", "registries/acme", json={**elsewhere, "login": LOGIN}).json()
    assert repaired["login"]["state"] == "available"
    FileSecretStore.open(tmp_path).delete("registries/acme")
    assert bridge.call("DELETE", "registries/acme").status_code == 200


PROXIED = {"proxy": "http://proxy.example:3128", "proxyLogin": {"username": "bob", "secret": "sesame-sesame"}}


def test_a_proxy_is_shown_and_its_secret_is_not(bridge: FakeBridge) -> None:
    add(bridge, **PROXIED)

    shown = bridge.call("GET", "registries/acme")

    assert (shown.json()["proxy"], shown.json()["proxyLogin"]) == (PROXIED["proxy"], {"username": "bob"})
    assert "sesame" not in shown.text
    assert stored_login(bridge).proxy == ProxyLogin("bob", "sesame-sesame")


def test_the_proxy_s_login_outlives_the_registry_s_and_goes_with_the_proxy(bridge: FakeBridge) -> None:
    add(bridge, **PROXIED)

    bridge.call("PATCH", "registries/acme", json={"login": {"kind": "token", "secret": "t"}})
    assert stored_login(bridge).proxy == ProxyLogin("bob", "sesame-sesame")
    bridge.call("PATCH", "registries/acme", json={"proxy": None})
    assert stored_login(bridge) == Login(LoginKind.TOKEN, secret="t")


def test_the_proxy_s_secret_does_not_follow_to_another_proxy(bridge: FakeBridge) -> None:
    add(bridge, **PROXIED)
    elsewhere = {"proxy": "http://evil.example:3128"}

    refused = bridge.call("PATCH", "registries/acme", json=elsewhere)
    taken = bridge.call("PATCH", "registries/acme", json={**elsewhere, "proxyLogin": None})

    assert "not sent to another host" in refused.json()["detail"]
    assert (taken.json()["proxy"], taken.json()["proxyLogin"]) == (elsewhere["proxy"], None)


def test_a_login_at_no_proxy_is_refused(bridge: FakeBridge) -> None:
    answer = bridge.call("POST", "registries", json={**ACME, "proxyLogin": PROXIED["proxyLogin"]})

    assert (answer.status_code, "sesame" in answer.text) == (400, False)


def test_testing_before_connecting_keeps_nothing(bridge: FakeBridge) -> None:
    answer = bridge.call("POST", "registries/test", json=ACME).json()

    assert answer == {
        "checks": [{"name": "reachable", "status": "passed", "required": True, "cause": None, "cure": None}],
        "status": "passed",
    }
    assert bridge.connection_test.tried[0].login == Login(LoginKind.PASSWORD, "reader", LOGIN["secret"])
    assert bridge.call("GET", "registries").json()["items"] == []


def test_one_failed_check_fails_the_test_of_a_connected_registry(bridge: FakeBridge) -> None:
    add(bridge)
    bridge.connection_test.checks = [
        Check("reachable", Status.PASSED),
        Check("login", Status.FAILED, "refused", "give another"),
        Check("aql", Status.NOT_APPLICABLE),
    ]

    answer = bridge.call("POST", "registries/acme/test").json()

    assert answer["status"] == "failed"
    assert [check["status"] for check in answer["checks"]] == ["passed", "failed", "not-applicable"]


def test_an_optional_check_does_not_fail_the_test(bridge: FakeBridge) -> None:
    add(bridge)
    bridge.connection_test.checks = [Check("properties-writable", Status.FAILED, "refused", "annotate")]

    answer = bridge.call("POST", "registries/acme/test").json()

    assert (answer["status"], answer["checks"][0]["required"]) == ("passed", False)
