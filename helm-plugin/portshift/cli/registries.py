"""``portshift registries``: the Artifactories a bridge is connected to."""

from __future__ import annotations

from pathlib import Path
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
    paged_output,
    say,
    write_item,
    write_list,
)
from portshift.cli.registry_checks import require_passed, say_checks, write_checks
from portshift.cli.registry_options import (
    login_options,
    read_login,
    read_proxy_login,
    read_registry,
    registry_options,
)
from portshift.cli.webhook_options import (
    add_webhook_options,
    admin_token_option,
    drop_webhook,
    make_webhook,
    read_admin_token,
    say_webhook_problem,
    say_what_is_left,
    token_of,
    update_webhook_options,
    watch_of,
)

_REGISTRIES = "/api/v1/registries"
# What can be put back to its default, by the names of the API.
_CLEARABLE = {
    "ca": "ca",
    "proxy": "proxy",
    "proxy-login": "proxyLogin",
    "hosts": "hosts",
    "mirrors": "mirrors",
    "repositories": "repositories",
    "insecure": "insecure",
    "login": "login",
}


def _login(item: Item) -> str:
    login = item.get("login") or {}
    state = login.get("state") or "available"
    return login.get("kind") or "-" if state == "available" else f"unavailable ({state})"


@click.group()
def registries() -> None:
    """Connect Artifactories to the bridge, test and list them."""


LISTING = Listing(
    columns=(
        Column("NAME", lambda item: item["name"]),
        Column("URL", lambda item: item["url"]),
        Column("HOSTS", lambda item: ",".join(item.get("hosts") or []) or "-"),
        Column("MIRRORS", lambda item: ",".join(item.get("mirrors") or []) or "-"),
        Column("LOGIN", _login),
        Column("PROXY", lambda item: item.get("proxy") or "-", wide=True),
    ),
    name=lambda item: item["name"],
)


@registries.command("list", epilog=examples("portshift registries list -o wide"))
@paged_output
@with_bridge
def list_registries(bridge: Bridge, limit: int | None, cursor: str | None, output: str) -> None:
    """List the connected registries."""
    write_list(bridge.pages(_REGISTRIES, {"cursor": cursor}, limit=limit), LISTING, output)


@registries.command("show", epilog=examples("portshift registries show acme"))
@click.argument("name")
@item_output
@with_bridge
def show(bridge: Bridge, name: str, output: str) -> None:
    """Show one registry, its webhook and how far it was read; its login's secret is never shown."""
    item = bridge.call("GET", f"{_REGISTRIES}/{segment(name)}")
    write_item({**item, "watch": watch_of(bridge, name)}, output, name=name)


@registries.command(
    "add",
    epilog=examples(
        "portshift registries add acme --url https://acme.jfrog.io --username ci --password-stdin < pw",
        "portshift registries add acme --url https://acme.jfrog.io --token-stdin "
        "--mirror docker.io=docker-remote < token",
        "portshift registries add acme --url https://acme.jfrog.io --token-stdin "
        "--webhook --admin-token-file admin.token < token",
        "portshift registries add acme --url https://acme.jfrog.io --token-stdin --dry-run < token",
    ),
)
@click.argument("name")
@click.option("--url", required=True, help="Artifactory's address, https://HOST/artifactory.")
@registry_options
@login_options
@add_webhook_options
@click.option("--no-test", is_flag=True, help="Save it without testing the connection.")
@click.option("--dry-run", is_flag=True, help="Test the connection and save nothing.")
@item_output
@with_bridge
def add(
    bridge: Bridge,
    name: str,
    url: str,
    no_test: bool,
    dry_run: bool,
    output: str,
    webhook: bool,
    webhook_url: str | None,
    admin_token_file: Path | None,
    **options: Any,
) -> None:
    """Connect an Artifactory, after its connection was tested.

    Secrets are read from stdin, or asked for on a terminal; never given as arguments.
    """
    admin_token = read_admin_token(webhook or None, webhook_url, admin_token_file)
    if no_test and dry_run:
        raise click.UsageError("--dry-run only tests, --no-test does not: choose one")
    body = {"name": name, "url": url, **read_registry(**options), "login": read_login(**options)}
    body |= read_proxy_login(**options)
    if not no_test:
        report = bridge.call("POST", f"{_REGISTRIES}/test", body)
        say_checks(report)
        require_passed(report, cure="put it right, or save it anyway with --no-test")
    if dry_run:
        say(f"registry {name} could be connected; nothing was saved")
        return
    added = bridge.call("POST", _REGISTRIES, body)
    if admin_token is not None:
        make_webhook(bridge, name, admin_token=admin_token, url=webhook_url)
    write_item(added, output, name=name)


@registries.command(
    "update",
    epilog=examples(
        "portshift registries update acme --mirror quay.io=quay-remote",
        "portshift registries update acme --clear proxy --clear mirrors",
    ),
)
@click.argument("name")
@click.option("--url", help="Another address.")
@click.option(
    "--clear",
    multiple=True,
    type=click.Choice(list(_CLEARABLE)),
    help="Put this back to its default: none, and for the login anonymous.",
)
@registry_options
@login_options
@update_webhook_options
@item_output
@with_bridge
def update(
    bridge: Bridge,
    name: str,
    url: str | None,
    clear: tuple[str, ...],
    output: str,
    webhook: bool | None,
    webhook_url: str | None,
    admin_token_file: Path | None,
    **options: Any,
) -> None:
    """Change what is given; a list that is given replaces the whole list."""
    admin_token = read_admin_token(webhook, webhook_url, admin_token_file)
    body = {**({"url": url} if url else {}), **read_registry(**options)}
    login = read_login(**options)
    if login["kind"] != "anonymous":
        body["login"] = login
    body |= read_proxy_login(**options)
    cleared = {_CLEARABLE[part]: None for part in clear}
    if both := sorted(cleared.keys() & body.keys()):
        raise click.UsageError(f"{both[0]} is both given and cleared")
    body |= cleared
    if not body and admin_token is None:
        raise click.UsageError("nothing to change")
    path = f"{_REGISTRIES}/{segment(name)}"
    item = bridge.call("PATCH", path, body) if body else bridge.call("GET", path)
    if admin_token is not None and webhook:
        make_webhook(bridge, name, admin_token=admin_token, url=webhook_url)
    elif admin_token is not None:
        drop_webhook(bridge, name, admin_token=admin_token)
    elif url:
        say_webhook_problem(bridge, name)
    write_item(item, output, name=name)


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


@registries.command(
    "remove",
    epilog=examples(
        "portshift registries remove acme", "portshift registries remove acme --admin-token-file admin.token"
    ),
)
@click.argument("name")
@click.option("--force", is_flag=True, help="Even where it is in use.")
@admin_token_option
@with_bridge
def remove(bridge: Bridge, name: str, force: bool, admin_token_file: Path | None) -> None:
    """Disconnect a registry; identities that were signed stay as they are.

    One that is in use is removed with --force only: without it, what would be cut off is told.
    """
    path = f"{_REGISTRIES}/{segment(name)}"
    webhook = None
    if admin_token_file is not None:
        body = {"adminToken": token_of(admin_token_file), "force": force}
        removed = bridge.call("POST", f"{path}/removal", body)
    else:
        webhook = watch_of(bridge, name).get("webhook")
        removed = bridge.call("DELETE", f"{path}{'?force=true' if force else ''}")
    say(
        f"registry {name} removed; {removed.get('identities', 0)} identities name artifacts of it,"
        f" {removed.get('paths', 0)} paths of its artifacts are forgotten"
    )
    for secret in removed.get("secretsLeft") or ():
        say(f"the secret store did not let go of {secret}; delete it there")
    say_what_is_left(webhook)
