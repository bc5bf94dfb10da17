"""``portshift last-error``."""

from __future__ import annotations

import json
import os
from dataclasses import asdict

import click

from portshift.adapters.failures import last_failure
from portshift.adapters.places import failure_log
from portshift.cli.examples import examples
from portshift.core.errors import PortshiftError


@click.command("last-error", epilog=examples("helm portshift last-error"))
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="The form of the answer."
)
def last_error(output: str) -> None:
    """Print the last failed rendering: when, which command, and why.

    Helm 4 throws away what a post-renderer says; this is where it went.
    """
    path = failure_log(os.environ)
    try:
        failure = last_failure(path)
    except OSError as error:
        raise PortshiftError(f"cannot read {path}: {error}") from error
    if output == "json":
        click.echo(json.dumps(asdict(failure) if failure else None, indent=2))
    elif failure is None:
        click.echo("no rendering has failed here", err=True)
    else:
        click.echo(f"time:    {failure.time}\ncommand: {failure.command}\nexit:    {failure.exit_code}")
        click.echo(f"cause:   {failure.cause}")
        if failure.detail:
            click.echo(failure.detail)
