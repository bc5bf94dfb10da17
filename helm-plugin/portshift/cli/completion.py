"""``portshift completion``: scripts for shells, and the answers Helm asks for (plugin.complete)."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from portshift.cli.examples import examples

SHELLS = ("bash", "zsh", "fish")
_NO_FILES = 4
_FILES = 0


@click.command(
    epilog=examples(
        "portshift completion bash > /etc/bash_completion.d/portshift",
        "portshift completion zsh > ~/.zfunc/_portshift",
        "portshift completion fish > ~/.config/fish/completions/portshift.fish",
    ),
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a completion script for a shell. `helm portshift` completes by Helm's own script."""
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click has no completion for {shell}")
    script = found(_root(), {}, "portshift", "_PORTSHIFT_COMPLETE")
    click.echo(script.source())


def helm_completions(words: list[str]) -> list[str]:
    """Answer Helm's ``plugin.complete``: a candidate a line, then the directive (cobra's bits)."""
    *arguments, incomplete = words or [""]
    found = ShellComplete(_root(), {}, "portshift", "_PORTSHIFT_COMPLETE").get_completions(
        arguments, incomplete
    )
    plain = [
        f"{item.value}\t{item.help}" if item.help else item.value for item in found if item.type == "plain"
    ]
    files = any(item.type != "plain" for item in found)
    return [*plain, f":{_FILES if files else _NO_FILES}"]


def _root() -> click.Command:
    from portshift.cli.main import root

    return root


@click.command("__complete", hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def complete(words: tuple[str, ...]) -> None:
    """Answer Helm's plugin.complete."""
    click.echo("\n".join(helm_completions(list(words))))


def helm_command_tree(command: click.Command, name: str = "portshift") -> dict[str, object]:
    """The commands and flags as Helm's completion.yaml has them; tests hold the file to it."""
    ctx = click.Context(command, info_name=name)
    tree: dict[str, object] = {"name": name}
    flags = [
        option.lstrip("-")
        for parameter in command.get_params(ctx)
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    ]
    if flags:
        tree["flags"] = flags
    if isinstance(command, click.Group):
        children = [(child, command.get_command(ctx, child)) for child in command.list_commands(ctx)]
        tree["commands"] = [
            helm_command_tree(child, at) for at, child in children if child and not child.hidden
        ]
    for parameter in command.params:
        if isinstance(parameter, click.Argument) and isinstance(parameter.type, click.Choice):
            tree["validArgs"] = list(parameter.type.choices)
    return tree
