"""``portshift-bridge``: the process starter. Reads the command; other files do what it says."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

import portshift
from portshift.core.errors import PortshiftError
from portshift_bridge import listening
from portshift_bridge.app import create_app
from portshift_bridge.clock import system_clock
from portshift_bridge.dumps import forbid_core_dumps
from portshift_bridge.key_commands import keys
from portshift_bridge.logs import set_up_logging
from portshift_bridge.secret_commands import secrets
from portshift_bridge.settings import load_settings, settings_options
from portshift_bridge.starting import open_database, open_services

_log = logging.getLogger(__name__)


def main() -> None:
    """Run the command; a failure that is understood is one line on stderr and an exit code."""
    # The data folder's files are for the bridge's user only.
    os.umask(0o077)
    forbid_core_dumps()
    try:
        cli(prog_name="portshift-bridge")
    except PortshiftError as error:
        click.echo(f"portshift-bridge: {error}", err=True)
        sys.exit(error.exit_code)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(portshift.__version__)
def cli() -> None:
    """The service of portshift. Settings: flags, PORTSHIFT_BRIDGE_* variables, a YAML file."""


@cli.command()
@settings_options
@click.option("--host", "listen_host", help="IP address to listen on (default 127.0.0.1).")
@click.option("--port", "listen_port", type=int, help="Port to listen on (default 8480); 0 takes a free one.")
def serve(config: Path | None, **flags: Any) -> None:
    """Serve the API until SIGTERM or SIGINT."""
    settings = load_settings(config=config, flags=flags)
    set_up_logging(settings.log_level)
    bound = listening.bind(settings)
    if settings.plain_off_loopback:
        _log.warning("insecure_listen: access tokens cross the network readable, unless a proxy does TLS")
    with bound, open_services(settings, clock=system_clock) as opened:

        def announce() -> None:
            click.echo(f"listening {listening.address(bound, settings)}")
            if opened.first_token is not None:
                click.echo(f"admin access token (shown this once): {opened.first_token}")
            sys.stdout.flush()

        listening.serve(create_app(opened.services), bound, settings, announce=announce)


@cli.command()
@settings_options
def migrate(config: Path | None, **flags: Any) -> None:
    """Bring the data folder's database to this version's schema; serve does so too."""
    settings = load_settings(config=config, flags=flags)
    database, migrated = open_database(settings)
    database.close()
    if migrated.before == migrated.after:
        click.echo(f"{database.path} has schema {migrated.after} already")
    else:
        click.echo(f"{database.path}: schema {migrated.before or 'none'} to {migrated.after}")


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document of the API."""
    click.echo(json.dumps(create_app(None).openapi(), indent=2, sort_keys=True))


cli.add_command(keys)
cli.add_command(secrets)
