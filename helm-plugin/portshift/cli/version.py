"""``portshift version``."""

from __future__ import annotations

import click

from portshift import __version__
from portshift.cli.examples import examples


@click.command(epilog=examples("portshift version"))
def version() -> None:
    """Print the version of portshift."""
    click.echo(__version__)
