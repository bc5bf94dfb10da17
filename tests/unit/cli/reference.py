"""Makes what is generated from the commands: ``python -m tests.unit.cli.reference`` writes it anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import yaml

from portshift.cli.completion import helm_command_tree
from portshift.cli.main import root

REPOSITORY = Path(__file__).resolve().parents[3]
REFERENCE = REPOSITORY / "docs" / "reference" / "cli.md"
COMPLETION = REPOSITORY / "completion.yaml"
MARK = "<!-- Below: generated from the commands by `python -m tests.unit.cli.reference`. -->\n"


def reference() -> str:
    """The generated half of docs/reference/cli.md."""
    parts = [_section(path, command) for path, command in commands()]
    return MARK + "\n" + "\n".join(parts)


def completion() -> str:
    """completion.yaml as Helm reads it."""
    return yaml.safe_dump(helm_command_tree(root), sort_keys=False, default_flow_style=None, width=110)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its whole name."""
    yield from _below("portshift", root)


def _below(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    ctx = click.Context(command, info_name=path)
    for name in command.list_commands(ctx):
        child = command.get_command(ctx, name)
        if child is not None and not child.hidden:
            yield from _below(f"{path} {name}", child)


def _section(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path, max_content_width=100, terminal_width=100)
    text = command.get_help(context)
    return f"## {path}\n\n```text\n{text.rstrip()}\n```\n"


if __name__ == "__main__":
    REFERENCE.write_text(
        REFERENCE.read_text(encoding="utf-8").partition(MARK)[0] + reference(), encoding="utf-8"
    )
    COMPLETION.write_text(completion(), encoding="utf-8")
