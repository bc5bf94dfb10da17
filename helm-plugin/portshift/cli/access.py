"""``portshift access``: the access tokens of people, pipelines and agents."""

from __future__ import annotations

import click

from portshift.adapters.bridge import Bridge, segment
from portshift.cli.connection import with_bridge
from portshift.cli.examples import examples
from portshift.cli.output import Column, Listing, paged_output, say, shown_time, write_item, write_list
from portshift.cli.trusts import trusts

_ACCESS = "/api/v1/access"
ROLES = ("deployer", "agent", "viewer", "admin")


@click.group()
def access() -> None:
    """Give, list and take away access to the bridge."""


access.add_command(trusts)

LISTING = Listing(
    columns=(
        Column("NAME", lambda item: item["name"]),
        Column("ROLE", lambda item: item["role"]),
        Column("CLUSTERS", lambda item: ",".join(item.get("clusters") or []) or "*"),
        Column("NAMESPACES", lambda item: ",".join(item.get("namespaces") or []) or "*"),
        Column("CREATED", lambda item: shown_time(item.get("createdAt"))),
    ),
    name=lambda item: item["name"],
)


@access.command("list", epilog=examples("portshift access list"))
@paged_output
@with_bridge
def list_access(bridge: Bridge, limit: int | None, cursor: str | None, output: str) -> None:
    """List who has access; tokens are never shown again."""
    write_list(bridge.pages(_ACCESS, {"cursor": cursor}, limit=limit), LISTING, output)


@access.command(
    "create",
    epilog=examples(
        "portshift access create ci-shop --role deployer --for-namespace shop --for-namespace 'team-*'",
        "portshift access create jane --role viewer -o json",
    ),
)
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What it may do.")
@click.option("--for-cluster", "clusters", multiple=True, metavar="PATTERN", help="Only these clusters.")
@click.option(
    "--for-namespace", "namespaces", multiple=True, metavar="PATTERN", help="Only these namespaces."
)
@click.option(
    "-o", "--output", type=click.Choice(["token", "json", "yaml"]), default="token", help="The form."
)
@with_bridge
def create(
    bridge: Bridge, name: str, role: str, clusters: tuple[str, ...], namespaces: tuple[str, ...], output: str
) -> None:
    """Create an access token and print it, this once."""
    body = {"name": name, "role": role}
    scope = {"clusters": list(clusters), "namespaces": list(namespaces)}
    item = bridge.call("POST", _ACCESS, {**body, **{key: value for key, value in scope.items() if value}})
    say(f"access {name} created; its token is shown only now")
    write_item(item, "name" if output == "token" else output, name=item["token"])


@access.command("revoke", epilog=examples("portshift access revoke ci-shop"))
@click.argument("name")
@with_bridge
def revoke(bridge: Bridge, name: str) -> None:
    """Take an access token away, at once."""
    bridge.call("DELETE", f"{_ACCESS}/{segment(name)}")
    say(f"access {name} revoked")
