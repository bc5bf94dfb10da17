"""No password, token or key shows in an answer, log line, traceback, process list, file, setting or crash."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.canaries import Canary, Traces
from tests.e2e.conftest import pointed_at
from tests.e2e.program import WEB, Portshift
from tests.integration.bridge_process import TOKEN, BridgeProcess, environment, running
from tests.integration.ci_service import running_ci_service
from tests.standin import Permission, Standin
from tests.vault.logins import private
from tests.vault.server import VaultServer, vault_server

pytestmark = pytest.mark.integration

# Not a secret: it has to be found, or the search finds nothing at all.
SHOWN = Canary("the user's name", "canary-user")
CHART = (
    b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n"
    b"    - name: web\n      image: %s\n" % WEB.encode()
)


@dataclass
class Planted:
    """The secrets of one bridge, and where each of them was used."""

    traces: Traces = field(default_factory=Traces)
    canaries: dict[str, Canary] = field(default_factory=dict)

    def plant(self, name: str, *, user: str = "") -> Canary:
        return self.canaries.setdefault(name, Canary.planted(name, user=user))

    def know(self, name: str, text: str) -> None:
        """A secret that the bridge made."""
        self.canaries[name] = Canary(name, text)


@dataclass(frozen=True)
class Scene:
    """A bridge, the program pointed at it, a registry, and what they leave behind."""

    planted: Planted
    bridge: BridgeProcess
    portshift: Portshift
    standin: Standin

    def ask(self, method: str, path: str, **arguments: Any) -> Any:
        """Ask the bridge, and keep the whole answer."""
        answer = self.bridge.call(method, path, **arguments)
        self.planted.traces.add(f"answer to {method} {path}", f"{answer.headers}\n{answer.text}")
        return answer

    def run(self, *arguments: str, stdin: str = "") -> None:
        """Run the program, and keep what it prints."""
        outcome = self.portshift.run(*arguments, stdin=stdin.encode())
        where = f"portshift {arguments[0]}"
        self.planted.traces.add(f"{where}: output", outcome.out)
        self.planted.traces.add(f"{where}: errors", outcome.err)


def _registries(scene: Scene) -> None:
    """Logins of every kind, right and wrong, through the program and the API."""
    planted, url = scene.planted, scene.standin.url
    password = planted.plant("registry password", user=SHOWN.text)
    scene.standin.add_user(SHOWN.text, password.text, permissions=[Permission.of("read")])
    add = ("registries", "add", "--url", url)
    named = ("acme", "--host", "acme.example.com")
    scene.run(*add, *named, "--username", SHOWN.text, "--password-stdin", stdin=password.text)
    wrong = planted.plant("wrong registry password", user=SHOWN.text)
    scene.run(*add, "wrong", "--username", SHOWN.text, "--password-stdin", stdin=wrong.text)
    token, key = planted.plant("registry token").text, planted.plant("registry api-key").text
    scene.standin.add_user("machine", "unused", token=token, api_key=key)
    for kind, secret in {"token": token, "api-key": key}.items():
        scene.run(*add, f"by-{kind}", f"--{kind}-stdin", "--no-test", stdin=secret)
        scene.run("registries", "test", f"by-{kind}")
    unreachable = {"name": "far", "url": "http://127.0.0.1:9/artifactory"}
    login = {"kind": "password", "username": "u", "secret": planted.plant("far password", user="u").text}
    scene.ask("POST", "registries", json={**unreachable, "login": login})
    refused = planted.plant("refused token")
    bad = {"kind": "token", "secret": f"{refused.text}\a"}
    scene.ask("POST", "registries", json={**unreachable, "name": "bad", "login": bad})
    scene.ask("PATCH", "registries/far", json={"url": "http://127.0.0.1:10/artifactory"})
    for name in ("acme", "by-token", "far"):
        scene.ask("GET", f"registries/{name}")
        scene.ask("POST", f"registries/{name}/test")
    scene.run("registries", "list", "-o", "json")
    scene.run("registries", "show", "acme", "-o", "yaml")


def _access(scene: Scene) -> None:
    """Access tokens, known and unknown, and a job's token."""
    made = scene.bridge.call("POST", "access", json={"name": "ci", "role": "deployer"})
    scene.planted.know("access token", made.json()["token"])
    scene.planted.know("administrator's token", TOKEN)
    scene.ask("GET", "status", token=made.json()["token"])
    scene.ask("GET", "access")
    scene.ask("GET", "status", token=scene.planted.plant("unknown access token").text)
    scene.ask("POST", "login/oidc", json={"token": scene.planted.plant("job token").text})
    scene.run("access", "list", "-o", "json")


def _deployments(scene: Scene) -> None:
    """A rendering that works, and the pages that show it."""
    outcome = scene.portshift.run("post-render", stdin=CHART)
    assert outcome.exit_code == 0, outcome.err
    scene.planted.traces.add("rendered manifests", outcome.out)
    scene.planted.traces.add("post-render: errors", outcome.err)
    for path in ("identities", "registries", "audit", "artifacts", "/metrics", "/readyz", "/openapi.json"):
        scene.ask("GET", path)
    scene.run("last-error")


def _garbage(scene: Scene) -> None:
    """What makes programs print what they hold."""
    secret = scene.planted.plant("secret in garbage").text
    scene.ask("POST", "registries", data=f'{{"login": "{secret}"')
    scene.ask("POST", "registries", json={"name": "x", "login": {"kind": "token", "secret": [secret]}})
    scene.ask("POST", "registries", json={"name": "x", "url": f"https://user:{secret}@host/artifactory"})
    scene.ask("POST", "login/oidc", json={"token": {"x": secret}})
    scene.ask("GET", "identities", headers={"Authorization": f"Basic {secret}"})
    scene.ask("POST", "registries/acme/events", headers={"X-JFrog-Event-Auth": secret}, data=secret)


def _webhooks(scene: Scene) -> None:
    """An administrator's token of Artifactory, used once, and the secret that the bridge makes."""
    planted, standin = scene.planted, scene.standin
    standin.switches.webhook_strict_urls = False
    admin = planted.plant("one-time administrator's token")
    standin.add_user("boss", token=admin.text, admin=True)
    wrong = planted.plant("refused administrator's token")
    scene.ask("PUT", "registries/acme/webhook", json={"adminToken": wrong.text, "url": scene.bridge.url})
    file = private(scene.portshift.home.parent / "admin.token", admin.text)
    where = ("--webhook-url", scene.bridge.url, "--admin-token-file", str(file))
    scene.run("registries", "update", "acme", "--webhook", *where)
    (handler,) = next(iter(standin.application.routes.webhooks.subscriptions.values()))["handlers"]
    planted.know("webhook secret", handler["secret"])
    standin.push_image("docker-local", "shop/told", "1.0")
    standin.wait_for_deliveries(10)
    headers = {"X-JFrog-Event-Auth": handler["secret"]}
    assert scene.ask("POST", "registries/acme/events", headers=headers, json={}).status_code == 202
    scene.ask("POST", "registries/acme/events", headers=headers, data="[")
    scene.ask("GET", "registries/acme/watch")
    scene.run("registries", "show", "acme", "-o", "json")
    assert "boss" in {request.user for request in standin.requests}, "the token was not used"


def _proxies(scene: Scene) -> None:
    """A login at a proxy, which is the stand-in here, and one at a proxy that is not there."""
    for name, proxy in {
        "proxied": scene.standin.url.removesuffix("/artifactory"),
        "lost": "http://127.0.0.1:9",
    }.items():
        password = scene.planted.plant(f"proxy password of {name}", user="p").text
        add = ("registries", "add", name, "--url", "http://127.0.0.1:11/artifactory", "--no-test")
        scene.run(*add, "--proxy", proxy, "--proxy-username", "p", "--proxy-password-stdin", stdin=password)
        scene.run("registries", "test", name)
        scene.ask("GET", f"registries/{name}")
        scene.ask("PATCH", f"registries/{name}", json={"proxy": "http://127.0.0.1:12"})


def _pipelines(scene: Scene) -> None:
    """A CI job's own token, and the token of the session that it is exchanged for."""
    folder, audience = scene.portshift.home.parent, "https://portshift.example.com"
    with running_ci_service(folder) as ci:
        trust = ("access", "trusts", "add", "ci", "--issuer", ci.url, "--audience", audience)
        scope = ("--claim", "repository=acme/shop", "--for-cluster", "*", "--for-namespace", "*")
        scene.run(*trust, *scope, "--ca-file", str(ci.ca))
        job = Portshift(folder / "job", {"PORTSHIFT_BRIDGE_URL": scene.bridge.url, **ci.github_job})
        job.home.mkdir()
        logged_in = replace(scene, portshift=job)
        logged_in.run("login", "--oidc", "--audience", audience)
        logged_in.run("login", "--oidc", "--audience", "another", "--name", "refused")
        logged_in.run("status")
    # Of a token that is signed, the signature alone is secret enough to look for.
    for number, token in enumerate(ci.tokens):
        scene.planted.know(f"job's own token {number}", token.rpartition(".")[2])
    context = yaml.safe_load((job.home / ".config" / "portshift" / "config.yaml").read_text())["contexts"][0]
    scene.planted.know("session's token", context["token"])
    scene.ask("GET", "status", token=context["token"])
    scene.ask("GET", "access/trusts")
    scene.planted.traces.add_folder(job.home, without=("config.yaml",))


ACTS: tuple[Callable[[Scene], None], ...] = (
    _registries,
    _access,
    _webhooks,
    _proxies,
    _pipelines,
    _deployments,
    _garbage,
)
_DUMP_SETTINGS = (
    "from portshift_bridge.settings import load_settings\n"
    "settings = load_settings(config=None, flags={})\n"
    "print(repr(settings), settings.model_dump_json(), sep='\\n')"
)


def _crash(scene: Scene, variables: dict[str, str], folder: Path) -> None:
    """End the bridge by a crash, and gather what is left of it."""
    traces = scene.planted.traces
    traces.add("settings", subprocess.check_output([sys.executable, "-c", _DUMP_SETTINGS], env=variables))
    scene.bridge.process.send_signal(signal.SIGABRT)
    scene.bridge.process.wait(timeout=30)
    traces.add("log of the bridge", "\n".join([*scene.bridge.lines, *scene.bridge.log]))
    # Where keys and logins are in Vault, the folder needs none.
    if (folder / "master.key").exists():
        scene.planted.know("master key", (folder / "master.key").read_text().strip())
    traces.add_folder(folder, without=("master.key",))
    # The configuration of `portshift login` is where a token is kept; nothing else in a home may hold one.
    traces.add_folder(scene.portshift.home, without=("config.yaml",))


def _played(planted: Planted, folder: Path, **settings: str) -> Planted:
    variables = environment(folder / "data", log_level="debug", poll_seconds="1", **settings)
    with Standin() as standin, running(variables) as bridge:
        standin.add_repository("docker-local")
        standin.push_image("docker-local", "shop/web", "1.0")
        scene = Scene(planted, bridge, pointed_at(bridge.url, folder / "home"), standin)
        with planted.traces.process_list():
            for act in ACTS:
                act(scene)
        _crash(scene, variables, folder / "data")
        assert {request.user for request in standin.requests} >= {SHOWN.text}, "the password was not used"
    return planted


@pytest.fixture(scope="module")
def with_files(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """What a bridge leaves behind that keeps its secrets in files."""
    return _played(Planted(), tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultServer]:
    with vault_server(tmp_path_factory.mktemp("vault")) as started:
        yield started


@pytest.fixture(scope="module")
def with_vault(vault: VaultServer, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """What a bridge leaves behind that keeps its secrets, and its signing key, in Vault."""
    folder, planted = tmp_path_factory.mktemp("with-vault"), Planted()
    vault.root().sys.enable_secrets_engine("transit")
    token = vault.token('path "*" { capabilities = ["create", "read", "update", "delete", "list"] }')
    planted.know("Vault token", token)
    return _played(
        planted,
        folder,
        secret_store="vault",
        signer="vault-transit",
        vault_address=vault.address,
        vault_token_file=str(private(folder / "vault.token", token)),
    )


@pytest.mark.parametrize("bridge", ["with_files", "with_vault"])
def test_no_secret_shows_anywhere(bridge: str, request: pytest.FixtureRequest) -> None:
    planted: Planted = request.getfixturevalue(bridge)
    shown = {name: planted.traces.places(canary) for name, canary in planted.canaries.items()}
    assert {name: places for name, places in shown.items() if places} == {}
    assert ("master key" in shown) == (bridge == "with_files")


@pytest.mark.parametrize("bridge", ["with_files", "with_vault"])
def test_the_search_finds_what_is_no_secret(bridge: str, request: pytest.FixtureRequest) -> None:
    """The user's name is looked for in the same way, and is in answers, output and the database."""
    planted: Planted = request.getfixturevalue(bridge)
    places = planted.traces.places(SHOWN)
    assert {"answer to GET registries/acme", "portshift registries: output"} <= places
    assert any(each.startswith("process list") for each in places)


def test_every_place_was_looked_at(with_files: Planted) -> None:
    """A log, a database, settings and a process list that have something in them."""
    sizes = {where: len(content) for where, content in with_files.traces.found}
    assert sizes["log of the bridge"] > 1_000
    assert sizes["data/portshift.db"] + sizes["data/portshift.db-wal"] > 100_000
    assert sizes["settings"] > 100
    assert sizes["process list"] > 100
