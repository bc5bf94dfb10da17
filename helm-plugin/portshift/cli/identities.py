"""``portshift identities``: what was registered, and whether a token holds."""

from __future__ import annotations

import os
from typing import Any

import click

from portshift.adapters.bridge import Bridge, segment
from portshift.cli.connection import with_bridge
from portshift.cli.examples import examples
from portshift.cli.output import (
    Column,
    Item,
    Listing,
    change_output,
    item_output,
    paged_output,
    say,
    shown_time,
    write_item,
    write_list,
)
from portshift.cli.verify import verify

_IDENTITIES = "/api/v1/identities"
_SHORT = 12


@click.group()
def identities() -> None:
    """List, show, verify, export, revoke and restore signed identities."""


identities.add_command(verify)


def _workload(item: Item) -> str:
    workload = item["workload"]
    name = f"{workload['name']}*" if workload.get("generated") else workload["name"]
    return f"{workload['kind']}/{name}"


def _images(item: Item) -> str:
    return ",".join(container["reference"] for container in item["containers"])


def _digests(item: Item) -> str:
    return ",".join((container["digest"] or "unknown")[:19] for container in item["containers"])


def _artifacts(item: Item) -> str:
    return ",".join(container["artifact"] or "-" for container in item["containers"])


def _known(item: Item) -> str:
    known = sum(container["digest"] is not None for container in item["containers"])
    return f"{known}/{len(item['containers'])}"


def _release(item: Item) -> str:
    return (item.get("release") or {}).get("name") or "-"


LISTING = Listing(
    columns=(
        Column("ID", lambda item: item["id"][:_SHORT], exact=lambda item: item["id"]),
        Column("STATUS", lambda item: item["status"]),
        Column("NAMESPACE", lambda item: item["workload"]["namespace"] or "-"),
        Column("WORKLOAD", _workload),
        Column("KNOWN", _known),
        Column("IMAGES", _images),
        # A moved tag gives two identities with one reference: the digests tell them apart.
        Column("DIGESTS", _digests),
        Column("ISSUED", lambda item: shown_time(item["issuedAt"])),
        Column("ARTIFACTS", _artifacts, wide=True),
        Column("CLUSTER", lambda item: item["workload"].get("cluster") or "-", wide=True),
        Column("ENVIRONMENT", lambda item: item["workload"].get("environment") or "-", wide=True),
        Column("RELEASE", _release, wide=True),
        Column("INTENT", lambda item: item.get("intent") or "-", wide=True),
    ),
    name=lambda item: item["id"],
)


@identities.command(
    "list",
    epilog=examples(
        "helm portshift identities list -n shop",
        "portshift identities list --in-namespace shop -o wide",
        "portshift identities list --digest sha256:4f53… -o name",
    ),
)
@click.option("--in-namespace", metavar="NAMESPACE", help="Only workloads of this namespace.")
@click.option("-A", "--all-namespaces", is_flag=True, help="All namespaces, whatever HELM_NAMESPACE says.")
@click.option("--name", help="Only workloads of this name.")
@click.option("--kind", help="Only workloads of this kind, such as Deployment.")
@click.option("--cluster", help="Only identities for this cluster.")
@click.option("--environment", help="Only identities for this environment.")
@click.option("--status", type=click.Choice(["active", "revoked"]), help="Only identities in this state.")
@click.option("--digest", help="Only identities with this image digest.")
@click.option("--reference", help="Only identities with this image reference.")
@paged_output
@with_bridge
def list_identities(
    bridge: Bridge,
    in_namespace: str | None,
    all_namespaces: bool,
    limit: int | None,
    output: str,
    **filters: str | None,
) -> None:
    """List identities, the newest first.

    The namespace is --in-namespace, else HELM_NAMESPACE, which Helm sets from -n or the kubeconfig; without
    either, and with -A, all namespaces are listed.
    """
    query = {**filters, "namespace": _namespace(in_namespace, all_namespaces=all_namespaces)}
    write_list(bridge.pages(_IDENTITIES, query, limit=limit), LISTING, output)


def _namespace(given: str | None, *, all_namespaces: bool) -> str | None:
    if all_namespaces and given:
        raise click.UsageError("--in-namespace and --all-namespaces exclude each other")
    if given or all_namespaces:
        return given
    namespace = os.environ.get("HELM_NAMESPACE") or None
    if namespace:
        say(f"namespace {namespace}, as HELM_NAMESPACE says; -A lists all")
    return namespace


@identities.command("show", epilog=examples("portshift identities show 3f9a1c20 -o json"))
@click.argument("identity")
@item_output
@with_bridge
def show(bridge: Bridge, identity: str, output: str) -> None:
    """Show one identity by its id, or by at least 8 characters of it."""
    item = find(bridge, identity)
    write_item(item, output, name=item["id"])


@identities.command("export", epilog=examples("portshift identities export 3f9a1c20 > web.dsse.json"))
@click.argument("identity")
@with_bridge
def export(bridge: Bridge, identity: str) -> None:
    """Write one identity as an in-toto Statement in a signed DSSE envelope."""
    write_item(bridge.call("GET", f"{_IDENTITIES}/{segment(identity)}/statement"), "json", name=identity)


@identities.command(
    "revoke", epilog=examples('portshift identities revoke 3f9a1c20 --reason "CVE-2026-1234"')
)
@click.argument("identity")
@click.option("--reason", required=True, help="Why; kept with the identity and in the audit log.")
@change_output
@with_bridge
def revoke(bridge: Bridge, identity: str, reason: str, output: str) -> None:
    """Withdraw an identity.

    The bridge then refuses to register it again, and `verify` and the lists call it revoked. There is no
    admission check yet: pods that carry its token keep running and may be started.
    """
    item = _change(bridge, identity, "revoke", {"reason": reason})
    say("revoked for the bridge, `identities verify` and lists; no cluster refuses it yet")
    write_item(item, output, name=item["id"])


@identities.command("restore", epilog=examples("portshift identities restore 3f9a1c20"))
@click.argument("identity")
@change_output
@with_bridge
def restore(bridge: Bridge, identity: str, output: str) -> None:
    """Make a revoked identity valid again, with the same token as ever."""
    item = _change(bridge, identity, "restore", None)
    write_item(item, output, name=item["id"])


def find(bridge: Bridge, identity: str) -> Item:
    """The identity of this id or prefix."""
    return bridge.call("GET", f"{_IDENTITIES}/{segment(identity)}")


def _change(bridge: Bridge, identity: str, action: str, body: dict[str, Any] | None) -> Item:
    return bridge.call("POST", f"{_IDENTITIES}/{segment(identity)}/{action}", body)
