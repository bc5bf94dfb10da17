"""``portshift install|upgrade|template``: Helm's own commands, with the post-renderer wired for this Helm."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from portshift.adapters.helm import Helm, ask_helm, find_helm, run_helm
from portshift.cli.aftermath import NOTE_VARIABLE, Note, read_notes
from portshift.cli.discovery import Said, discover_from, explicit
from portshift.cli.examples import examples
from portshift.cli.output import say
from portshift.core.errors import UsageFault
from portshift.core.helm_command import parse_helm_command, post_renderer_flags

# Read by Helm's own expansion, which keeps a path with spaces whole.
_EXECUTABLE = "PORTSHIFT_EXECUTABLE"
_POST_RENDER = ("-P", "-m", "portshift", "post-render")
_OWN = (
    ("--environment", "PORTSHIFT_ENVIRONMENT", "Where this goes, such as prod."),
    ("--cluster", "PORTSHIFT_CLUSTER", "The one cluster the tokens are for."),
    ("--intent", "PORTSHIFT_INTENT", "deploy, render or unknown, where Helm's command does not say it."),
    ("--on-unreachable", "PORTSHIFT_ON_UNREACHABLE", "fail or warn, when bridge or registry give no answer."),
    ("--kinds", "PORTSHIFT_KINDS", "A file with more kinds that hold images."),
    ("--bridge", "PORTSHIFT_BRIDGE_URL", "The bridge."),
    ("--context", "PORTSHIFT_CONTEXT", "A context of the configuration file."),
)


def _command(name: str) -> click.Command:
    """One of Helm's commands: our own flags are taken out, everything else reaches Helm as it is."""

    @click.command(
        name,
        context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
        epilog=examples(
            f"helm portshift {name} web ./chart --environment prod", f"portshift {name} web ./chart"
        ),
        help=f"""Run `helm {name}` with portshift's post-renderer, on Helm 3 and Helm 4 alike.

        All of Helm's own arguments are passed on; `helm {name} --help` lists them. Helm's exit code is
        passed back, or the post-renderer's own where that is what failed.
        """,
        short_help=f"Run `helm {name}` with the post-renderer.",
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...], pin: bool | None, **own: str | None) -> int:
        given = {variable: value for _, variable, _ in _OWN if (value := own[variable.lower()])}
        if pin is not None:
            given["PORTSHIFT_PIN"] = "1" if pin else "0"
        return _run((name, *arguments), {**os.environ, **given})

    wrapped: Callable[..., Any] = click.option("--pin/--no-pin", default=None, help="Write digests too.")(
        command
    )
    for flag, variable, text in reversed(_OWN):
        wrapped = click.option(flag, variable.lower(), help=f"{text}  [env: {variable}]")(wrapped)
    return command


install = _command("install")
upgrade = _command("upgrade")
template = _command("template")


def _run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    if flags := post_renderer_flags(arguments):
        raise UsageFault(
            f"found {flags[0]}, but `portshift {arguments[0]}` brings its own post-renderer",
            cure="run helm itself and chain `portshift post-render` at the end of yours",
        )
    helm = find_helm(environ)
    with tempfile.TemporaryDirectory(prefix="portshift-") as name:
        folder = Path(name)
        note = folder / "note"
        note.touch(mode=0o600)
        child = {**_context(arguments, environ), NOTE_VARIABLE: str(note), _EXECUTABLE: sys.executable}
        wire = _wire_plugin if helm.major >= 4 else _wire_executable
        extra, child = wire(helm, folder, child)
        exit_code = run_helm(helm.path, [*arguments, *extra], child)
        return _outcome(read_notes(note), exit_code, helm)


def _context(arguments: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Our environment, and in it what the arguments say about the release."""
    command = parse_helm_command(arguments)
    found = discover_from(explicit(Said(), Said(), environ, None), environ, command)
    said = {
        "PORTSHIFT_RELEASE": found.release.value,
        "PORTSHIFT_RELEASE_NAMESPACE": found.namespace.value,
        "PORTSHIFT_INTENT": found.intent.value,
    }
    return {**environ, **{variable: value for variable, value in said.items() if value}}


def _wire_executable(helm: Helm, folder: Path, environ: dict[str, str]) -> tuple[list[str], dict[str, str]]:  # noqa: ARG001 the two have one form
    """Helm 3 runs any program; it looks the value up whole, so spaces in it are no matter."""
    flags = [f"--post-renderer={sys.executable}"]
    return [*flags, *(f"--post-renderer-args={argument}" for argument in _POST_RENDER)], environ


def _wire_plugin(helm: Helm, folder: Path, environ: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Helm 4 runs plugins only: one of a name that nobody has, since two of one name disable all plugins."""
    name = folder.name.replace("_", "-")
    plugin = folder / "plugins" / name
    plugin.mkdir(parents=True)
    arguments = "\n".join(f"        - {argument!r}" for argument in _POST_RENDER)
    (plugin / "plugin.yaml").write_text(_PLUGIN.format(name=name, arguments=arguments), encoding="utf-8")
    installed = environ.get("HELM_PLUGINS") or ask_helm(helm.path, ["env", "HELM_PLUGINS"], environ)
    path = os.pathsep.join(part for part in (installed, str(plugin.parent)) if part)
    return [f"--post-renderer={name}"], {**environ, "HELM_PLUGINS": path}


_PLUGIN = """\
apiVersion: v1
type: postrenderer/v1
name: {name}
version: 0.0.0
runtime: subprocess
runtimeConfig:
  platformCommand:
    - command: $PORTSHIFT_EXECUTABLE
      args:
{arguments}
"""


def _outcome(note: Note, exit_code: int, helm: Helm) -> int:
    """Say what Helm kept to itself; the post-renderer's exit code says more than Helm's 1."""
    if note.error and helm.major >= 4:
        say(f"Error: {note.error}")
    if helm.major >= 4 or not note.error:  # Helm 3 repeats what a post-renderer said only when that failed
        for warning in note.warnings:
            say(f"Warning: {warning}")
    return note.exit_code if exit_code and note.exit_code else exit_code
