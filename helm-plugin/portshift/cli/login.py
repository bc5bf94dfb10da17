"""``portshift login``."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import click

from portshift.adapters.bridge import Bridge
from portshift.adapters.configuration import ConfigContext, load_configuration, save_configuration
from portshift.adapters.endpoint import make_endpoint
from portshift.adapters.places import configuration_file
from portshift.cli.examples import examples
from portshift.cli.output import say
from portshift.cli.registry_options import stdin_secret
from portshift.core.errors import UsageFault


@click.command(
    epilog=examples(
        "portshift login --url https://portshift.example.com --token-stdin < token",
        "portshift login --url https://portshift.example.com --name prod --cluster prod-eu-1",
    )
)
@click.option("--url", required=True, help="The bridge's address.")
@click.option("--token-stdin", is_flag=True, help="Read the access token from stdin; else it is asked for.")
@click.option("--name", help="The context's name; the bridge's host name without it.")
@click.option("--cluster", help="The cluster that tokens made in this context are for.")
@click.option("--environment", help="The environment that this context deploys to.")
@click.option("--ca-file", type=click.Path(exists=True, path_type=Path), help="PEM of its authority.")
def login(
    url: str,
    token_stdin: bool,
    name: str | None,
    cluster: str | None,
    environment: str | None,
    ca_file: Path | None,
) -> None:
    """Check an access token and keep it as the current context of the configuration file."""
    path = configuration_file(os.environ)
    configuration = load_configuration(path)
    token = stdin_secret() if token_stdin else _ask()
    ca = str(ca_file.resolve()) if ca_file else None
    endpoint = make_endpoint(url, token=token, ca_file=ca, environ=os.environ)
    holder = Bridge(endpoint).status()
    wanted = ConfigContext(name=name or urlsplit(url).netloc, bridge=endpoint.url, token=token, ca=ca)
    save_configuration(
        path, configuration.with_context(replace(wanted, cluster=cluster, environment=environment))
    )
    say(f"logged in as {holder['name']} ({holder['role']}); {path} now uses context {wanted.name}")


def _ask() -> str:
    if not sys.stdin.isatty():
        raise UsageFault("there is no terminal to ask for the token on", cure="give it by --token-stdin")
    return str(click.prompt("Access token", hide_input=True, err=True))
