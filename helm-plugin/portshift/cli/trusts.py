"""``portshift access trusts``: whose CI jobs may log in with their own token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from portshift.adapters.bridge import Bridge, segment
from portshift.cli.connection import with_bridge
from portshift.cli.examples import examples
from portshift.cli.files import text_of
from portshift.cli.output import (
    Column,
    Item,
    Listing,
    change_output,
    paged_output,
    say,
    shown_time,
    write_item,
    write_list,
)
from portshift.core.errors import UsageFault

_TRUSTS = "/api/v1/access/trusts"


@click.group()
def trusts() -> None:
    """Say whose CI jobs may log in with their own token, and as what."""


def _claims(item: Item) -> str:
    return ",".join(f"{claim}={value}" for claim, values in item["claims"].items() for value in values)


LISTING = Listing(
    columns=(
        Column("NAME", lambda item: item["name"]),
        Column("ISSUER", lambda item: item["issuer"]),
        Column("CLAIMS", _claims),
        Column("CLUSTERS", lambda item: ",".join(item["clusters"])),
        Column("NAMESPACES", lambda item: ",".join(item["namespaces"])),
        Column("AUDIENCE", lambda item: item["audience"], wide=True),
        Column("LIFETIME", lambda item: f"{item['lifetimeSeconds']}s", wide=True),
        Column("CREATED", lambda item: shown_time(item.get("createdAt")), wide=True),
    ),
    name=lambda item: item["name"],
)


@trusts.command("list", epilog=examples("portshift access trusts list"))
@paged_output
@with_bridge
def list_trusts(bridge: Bridge, limit: int | None, cursor: str | None, output: str) -> None:
    """List whose jobs may log in."""
    write_list(bridge.pages(_TRUSTS, {"cursor": cursor}, limit=limit), LISTING, output)


@trusts.command(
    "add",
    epilog=examples(
        "portshift access trusts add shop --issuer https://token.actions.githubusercontent.com"
        " --audience https://portshift.example.com --claim repository=acme/shop"
        " --claim ref=refs/heads/main --for-namespace shop",
        "portshift access trusts add gitlab-shop --issuer https://gitlab.com"
        " --audience https://portshift.example.com --claim project_path=acme/shop"
        " --claim ref_protected=true --for-cluster 'prod-*'",
    ),
)
@click.argument("name")
@click.option("--issuer", required=True, metavar="URL", help="The CI service, as its tokens say it.")
@click.option("--audience", required=True, help="What the tokens must be for; best, the bridge's address.")
@click.option(
    "--claim",
    "claims",
    multiple=True,
    required=True,
    metavar="CLAIM=PATTERN",
    help="What the token must say; every claim, in one of its patterns.",
)
@click.option("--for-cluster", "clusters", multiple=True, metavar="PATTERN", help="Only these clusters.")
@click.option(
    "--for-namespace", "namespaces", multiple=True, metavar="PATTERN", help="Only these namespaces."
)
@click.option("--lifetime", type=click.IntRange(60, 3600), metavar="SECONDS", help="Of a login; 900.")
@click.option("--ca-file", type=click.Path(path_type=Path), help="PEM certificates of its authority.")
@click.option("--proxy", metavar="URL", help="The HTTP proxy between the bridge and the CI service.")
@change_output
@with_bridge
def add(
    bridge: Bridge,
    name: str,
    issuer: str,
    audience: str,
    claims: tuple[str, ...],
    clusters: tuple[str, ...],
    namespaces: tuple[str, ...],
    lifetime: int | None,
    ca_file: Path | None,
    proxy: str | None,
    output: str,
) -> None:
    """Let the jobs of a CI service log in whose tokens say this."""
    body: dict[str, Any] = {"name": name, "issuer": issuer, "audience": audience, "claims": _grouped(claims)}
    given = {
        "clusters": list(clusters),
        "namespaces": list(namespaces),
        "lifetimeSeconds": lifetime,
        "ca": None if ca_file is None else text_of(ca_file),
        "proxy": proxy,
    }
    item = bridge.call("POST", _TRUSTS, {**body, **{key: value for key, value in given.items() if value}})
    say(f"trust {name} added; its jobs log in with: portshift login --oidc --audience {audience}")
    write_item(item, output, name=name)


@trusts.command("remove", epilog=examples("portshift access trusts remove shop"))
@click.argument("name")
@with_bridge
def remove(bridge: Bridge, name: str) -> None:
    """Trust these jobs no longer, and end their logins at once."""
    bridge.call("DELETE", f"{_TRUSTS}/{segment(name)}")
    say(f"trust {name} removed; the logins of its jobs have ended")


def _grouped(claims: tuple[str, ...]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for claim in claims:
        name, equals, pattern = claim.partition("=")
        if not name or not equals or not pattern:
            raise UsageFault(f"--claim: found {claim!r}, expected CLAIM=PATTERN")
        grouped.setdefault(name, []).append(pattern)
    return grouped
