"""``portshift status``: what portshift sees from here, and where each value comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from portshift import __version__
from portshift.adapters.bridge import Bridge
from portshift.adapters.configuration import load_configuration
from portshift.adapters.helm import find_helm
from portshift.adapters.places import configuration_file, failure_log
from portshift.cli.connection import Connection, find_connection
from portshift.cli.discovery import Said, discover, explicit
from portshift.cli.examples import examples
from portshift.cli.output import Item, write_item
from portshift.core.errors import PortshiftError, Unreachable


@click.command(epilog=examples("helm portshift status", "portshift status -o json"))
@click.option("--bridge", "bridge_url", metavar="URL", help="The bridge.  [env: PORTSHIFT_BRIDGE_URL]")
@click.option("--context", "context_name", metavar="NAME", help="A context of the configuration file.")
@click.option("-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", help="The form.")
def status(bridge_url: str | None, context_name: str | None, output: str) -> int:
    """Show version, configuration, bridge, Helm, and what a rendering started here would find.

    Ends with exit code 4 when the bridge gives no answer.
    """
    path = configuration_file(os.environ)
    connection = find_connection(
        load_configuration(path), os.environ, bridge_url=bridge_url, context_name=context_name
    )
    said = explicit(Said(), Said(), os.environ, connection.context)
    bridge, exit_code = _bridge(connection)
    report = {
        "version": __version__,
        "configuration": {
            "file": str(path),
            "exists": path.exists(),
            "failureLog": str(failure_log(os.environ)),
        },
        "bridge": bridge,
        "helm": _helm(os.environ),
        "rendering": {name: found._asdict() for name, found in discover(said, os.environ)._asdict().items()},
    }
    if output == "text":
        _write_text(report)
    else:
        write_item(report, output, name="")
    return exit_code


def _bridge(connection: Connection) -> tuple[Item, int]:
    found: Item = {
        "url": connection.bridge._asdict(),
        "token": {"value": "given" if connection.token.value else None, "source": connection.token.source},
    }
    try:
        answer = Bridge(connection.endpoint(os.environ)).status()
    except PortshiftError as error:
        return {
            **found,
            "reachable": not isinstance(error, Unreachable),
            "error": str(error),
        }, error.exit_code
    return {**found, "reachable": True, **answer}, 0


def _helm(environ: Mapping[str, str]) -> Item:
    try:
        return asdict(find_helm(environ))
    except PortshiftError as error:
        return {"error": str(error)}


def _write_text(report: Item) -> None:
    click.echo(f"portshift {report['version']}")
    for part in ("configuration", "bridge", "helm", "rendering"):
        click.echo(f"{part}:")
        for name, value in report[part].items():
            click.echo(f"  {name + ':':<13}{_text(value)}")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['value'] or '-'}  ({value['source']})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
