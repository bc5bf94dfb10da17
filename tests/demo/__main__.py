"""``make demo``: a stand-in for Artifactory, a bridge, and a chart through each Helm; all ends with it."""

from __future__ import annotations

import difflib
import os
import shutil
import sys
from pathlib import Path

from tests.cluster.helm import REPOSITORY, isolated_environment
from tests.demo.helms import FoundHelm, find_helms
from tests.demo.terminal import DemoFailed, Terminal
from tests.sandbox import Sandbox, sandbox, shop

FOLDER = REPOSITORY / ".demo"
CHART = Path(__file__).resolve().parent / "chart"

FAREWELL = """
==> Done. The signed manifests are in .demo; everything that was started has ended.

  Try next:
    make sandbox                  the same bridge and stand-in, left running for your own charts
    docs/tutorial.md              the same way step by step
    helm plugin install .         helm portshift …, in your own Helm
"""


def main() -> int:
    """Walk the whole way; the first step that does not end as it should ends the demo with 1."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o700)
    try:
        helms = find_helms()
        if not helms:
            raise DemoFailed("no Helm could be had; install Helm 3.17 or newer, then: make demo")
        print("==> Starting a stand-in for Artifactory and a bridge, both on loopback", flush=True)
        with sandbox(FOLDER / "service", connected=False) as made:
            _walk(made, helms)
    except DemoFailed as failed:
        print(f"demo: {failed}", file=sys.stderr)
        return 1
    print(FAREWELL)
    return 0


def _walk(made: Sandbox, helms: list[FoundHelm]) -> None:
    shutil.copytree(CHART, FOLDER / "chart")
    terminal = Terminal(_environment(made, "home"), FOLDER)
    _connect(terminal, made)
    for helm in helms:
        _deploy(_with_helm(made, helm), helm)
    _look(terminal, helms[0])


def _connect(terminal: Terminal, made: Sandbox) -> None:
    terminal.title("Connect the Artifactory, with a login that may only read; the connection is tested first")
    terminal.run(
        *("portshift", "registries", "add", "acme", "--url", made.standin.url),
        *("--host", shop.HOST, "--mirror", f"docker.io={shop.REMOTE}"),
        *("--username", shop.BRIDGE_USER, "--password-stdin", "-o", "name"),
        stdin=made.bridge_password,
    )
    terminal.run("portshift", "registries", "test", "acme")


def _deploy(terminal: Terminal, helm: FoundHelm) -> None:
    terminal.title(f"A chart through Helm {helm.version}")
    terminal.run("helm", "plugin", "install", str(REPOSITORY), quiet=True)
    # Helm 3 never sends hooks to a post-renderer, so its output would hold one without a token.
    no_hooks = ["--no-hooks"] if helm.major == 3 else []
    chart = ["shop", "./chart", "--namespace", "shop", *no_hooks]
    plain = terminal.run("helm", "template", *chart, quiet=True)
    signed = terminal.run("helm", "portshift", "template", *chart, quiet=True)
    (FOLDER / f"helm{helm.major}.yaml").write_text(signed)
    its_own = "; the other changed lines are Helm 4's own re-indentation" if helm.major >= 4 else ""
    terminal.title(f"What changed: one annotation for each pod template, with its signed token{its_own}")
    terminal.show("\n".join(_changes(plain, signed)))
    if helm.major >= 4:
        # Helm 3 asks the API server even for a client-side dry run of an install.
        terminal.run("helm", "portshift", "install", *chart, "--dry-run=client", quiet=True)


def _look(terminal: Terminal, helm: FoundHelm) -> None:
    signed = FOLDER / f"helm{helm.major}.yaml"
    terminal.title("What was registered, and from which builds")
    terminal.run("portshift", "identities", "list")
    terminal.title("Anyone with the public keys can check the manifests")
    terminal.run("portshift", "identities", "verify", signed.name)
    terminal.title("An image that was changed afterwards no longer matches its token (exit code 5)")
    tampered = FOLDER / "tampered.yaml"
    tampered.write_text(signed.read_text().replace("shop/web:1.0", "shop/web:1.1"))
    terminal.run("portshift", "identities", "verify", tampered.name, expected=5)


def _changes(plain: str, signed: str) -> list[str]:
    lines = difflib.unified_diff(plain.splitlines(), signed.splitlines(), lineterm="", n=2)
    return list(lines)[2:]


def _environment(made: Sandbox, home: str) -> dict[str, str]:
    folder = FOLDER / home
    return isolated_environment(folder, folder / "kubeconfig") | made.environment


def _with_helm(made: Sandbox, helm: FoundHelm) -> Terminal:
    environment = _environment(made, f"home-helm{helm.major}")
    programs = Path(environment["HOME"]) / "bin"
    programs.mkdir(parents=True)
    (programs / "helm").symlink_to(helm.program)
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    return Terminal(environment, FOLDER)


if __name__ == "__main__":
    sys.exit(main())
