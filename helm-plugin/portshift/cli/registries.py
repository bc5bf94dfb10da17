"""``portshift registries``: the Artifactories a bridge is connected to."""

from __future__ import annotations

from typing import Any

import click

from portshift.adapters.bridge import Bridge, segment
from portshift.cli.connection import with_bridge
from portshift.cli.examples import examples
from portshift.cli.output import (
    LIST_FORMATS,
    Column,
    Item,
    Listing,
    item_output,
    list_output,
    rows,
    say,
    write_item,
    write_list,
)
from portshift.cli.registry_options import login_options, read_login, read_registry, registry_options
from portshift.core.errors import NotVerified, Unreachable

_REGISTRIES = "/api/v1/registries"
_UNREACHABLE = frozenset({"name", "reachable", "tls"})


@click.group()
def registries() -> None:
    """Connect Artifactories to the bridge, test and list them."""


LISTING = Listing(
    columns=(
        Column("NAME", lambda item: item["name"]),
        Column("URL", lambda item: item["url"]),
        Column("HOSTS", lambda item: ",".join(item.get("hosts") or []) or "-"),
        Column("MIRRORS", lambda item: ",".join(item.get("mirrors") or []) or "-"),
        Column("LOGIN", lambda item: (item.get("login") or {}).get("kind") or "-", wide=True),
    ),
    name=lambda item: item["name"],
)
CHECKS = Listing(
    columns=(
        Column("CHECK", lambda item: item["name"]),
        Column("STATUS", lambda item: item["status"]),
        Column("CAUSE", lambda item: item.get("cause") or "-"),
        Column("CURE", lambda item: item.get("cure") or "-"),
    ),
    name=lambda item: item["name"],
)


@registries.command("list", epilog=examples("portshift registries list -o wide"))
@click.option("--limit", type=click.IntRange(min=1), help="At most so many; all of them without it.")
@click.option("--cursor", help="Go on where an earlier list with --limit ended.")
@list_output
@with_bridge
def list_registries(bridge: Bridge, limit: int | None, cursor: str | None, output: str) -> None:
    """List the connected registries."""
    write_list(bridge.pages(_REGISTRIES, {"cursor": cursor}, limit=limit), LISTING, output)


@registries.command("show", epilog=examples("portshift registries show acme"))
@click.argument("name")
@item_output
@with_bridge
def show(bridge: Bridge, name: str, output: str) -> None:
    """Show one registry; its login's secret is never shown."""
    write_item(bridge.call("GET", f"{_REGISTRIES}/{segment(name)}"), output, name=name)


@registries.command(
    "add",
    epilog=examples(
        "portshift registries add acme --url https://acme.jfrog.io --username ci --password-stdin < pw",
        "portshift registries add acme --url https://acme.jfrog.io --token-stdin "
        "--mirror docker.io=docker-remote < token",
    ),
)
@click.argument("name")
@click.option("--url", required=True, help="Artifactory's address, https://HOST/artifactory.")
@registry_options
@login_options
@click.option("--no-test", is_flag=True, help="Save it without testing the connection.")
@item_output
@with_bridge
def add(bridge: Bridge, name: str, url: str, no_test: bool, output: str, **options: Any) -> None:
    """Connect an Artifactory, after its connection was tested.

    Secrets are read from stdin, or asked for on a terminal; never given as arguments.
    """
    body = {"name": name, "url": url, **read_registry(**options), "login": read_login(**options)}
    if not no_test:
        report = bridge.call("POST", f"{_REGISTRIES}/test", body)
        write_checks(report, "table", err=True)
        require_passed(report, cure="put it right, or save it anyway with --no-test")
    write_item(bridge.call("POST", _REGISTRIES, body), output, name=name)


@registries.command(
    "update", epilog=examples("portshift registries update acme --mirror quay.io=quay-remote")
)
@click.argument("name")
@click.option("--url", help="Another address.")
@registry_options
@login_options
@item_output
@with_bridge
def update(bridge: Bridge, name: str, url: str | None, output: str, **options: Any) -> None:
    """Change what is given; a list that is given replaces the whole list."""
    body = {**({"url": url} if url else {}), **read_registry(**options)}
    login = read_login(**options)
    if login["kind"] != "anonymous":
        body["login"] = login
    if not body:
        raise click.UsageError("nothing to change")
    write_item(bridge.call("PATCH", f"{_REGISTRIES}/{segment(name)}", body), output, name=name)


@registries.command("test", epilog=examples("portshift registries test acme"))
@click.argument("name")
@click.option(
    "-o", "--output", type=click.Choice(LIST_FORMATS), default="table", show_default=True, help="The form."
)
@with_bridge
def test(bridge: Bridge, name: str, output: str) -> None:
    """Test the connection to a registry, check by check, each with its cure."""
    report = bridge.call("POST", f"{_REGISTRIES}/{segment(name)}/test")
    write_checks(report, output)
    require_passed(report, cure="do what the failed check says")


@registries.command("remove", epilog=examples("portshift registries remove acme"))
@click.argument("name")
@click.option("--force", is_flag=True, help="Even where identities name artifacts of it.")
@with_bridge
def remove(bridge: Bridge, name: str, force: bool) -> None:
    """Disconnect a registry; identities that were signed stay as they are."""
    bridge.call("DELETE", f"{_REGISTRIES}/{segment(name)}{'?force=true' if force else ''}")
    say(f"registry {name} removed")


def write_checks(report: Item, output: str, *, err: bool = False) -> None:
    """Show the checks of a connection test."""
    if not err:
        write_list(rows(report["checks"]), CHECKS, output)
        return
    for check in report["checks"]:
        say("  ".join(column.cell(check) for column in CHECKS.columns if column.cell(check) != "-"))


def require_passed(report: Item, *, cure: str) -> None:
    """Turn a failed check into an error.

    Raises:
        Unreachable: the registry could not be talked to.
        NotVerified: it could, and refuses or lacks something.

    """
    failed = [check for check in report["checks"] if check["status"] == "failed"]
    if not failed:
        return
    first = failed[0]
    problem = f"the check {first['name']!r} failed: {first.get('cause')}"
    if first["name"] in _UNREACHABLE:
        raise Unreachable(problem, cure=first.get("cure") or cure)
    raise NotVerified(problem, step=first["name"], cure=first.get("cure") or cure)
