"""The flags about a registry's webhook, and what an administrator is told about it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from portshift.adapters.bridge import Bridge, segment
from portshift.cli.output import Item, say
from portshift.core.errors import PortshiftError, UsageFault

_PATH = "/api/v1/registries"
_TOKEN_FILE = click.option(
    "--admin-token-file",
    type=click.Path(path_type=Path),
    help="File with an access token of an administrator of Artifactory, used once; asked for without it.",
)
_URL = click.option("--webhook-url", metavar="URL", help="Where Artifactory reaches the bridge.")


def add_webhook_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags that make a webhook with a new registry."""
    flag = click.option("--webhook", is_flag=True, help="Have Artifactory tell the bridge what is pushed.")
    return flag(_URL(_TOKEN_FILE(function)))


def update_webhook_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags that make or remove the webhook of a connected registry."""
    flag = click.option(
        "--webhook/--no-webhook",
        default=None,
        help="Have Artifactory tell the bridge what is pushed, or no longer.",
    )
    return flag(_URL(_TOKEN_FILE(function)))


def admin_token_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flag that also removes the webhook with its registry."""
    return _TOKEN_FILE(function)


def read_admin_token(webhook: bool | None, url: str | None, file: Path | None) -> str | None:
    """The administrator's token where the flags ask for a change of the webhook, else None.

    Stdin is left to the login.

    Raises:
        UsageFault: flags that contradict each other, an empty file, or no terminal to ask on.
        PortshiftError: the file cannot be read.

    """
    if webhook is None:
        if url is not None or file is not None:
            raise UsageFault("found a flag about the webhook without --webhook")
        return None
    if webhook is False and url is not None:
        raise UsageFault("found --webhook-url, which --no-webhook does not need")
    return token_of(file) if file is not None else _asked()


def token_of(file: Path) -> str:
    """The token in a file, without the line break at its end.

    Raises:
        UsageFault: the file is empty.
        PortshiftError: it cannot be read.

    """
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PortshiftError(f"cannot read {file}: {error}") from error
    if not token:
        raise UsageFault(f"{file} is empty, expected an administrator's access token")
    return token


def _asked() -> str:
    if not sys.stdin.isatty():
        raise UsageFault(
            "there is no terminal to ask for the administrator's token on", cure="give --admin-token-file"
        )
    return str(click.prompt("Access token of an administrator of Artifactory", hide_input=True, err=True))


def make_webhook(bridge: Bridge, name: str, *, admin_token: str, url: str | None) -> None:
    """Have the registry send its events, and say what Artifactory may need for it."""
    body = {"adminToken": admin_token, **({} if url is None else {"url": url})}
    made = bridge.call("PUT", f"{_PATH}/{segment(name)}/webhook", body)
    say(f"Artifactory tells {made['url']} what is pushed")
    say(f"if that is in a private network, its system.yaml needs: {made['privateNetwork']}")


def drop_webhook(bridge: Bridge, name: str, *, admin_token: str) -> None:
    """Have the registry send no more events."""
    bridge.call("POST", f"{_PATH}/{segment(name)}/webhook/removal", {"adminToken": admin_token})
    say(f"Artifactory tells nothing more about {name}")


def watch_of(bridge: Bridge, name: str) -> Item:
    """How far the registry was read, and its webhook."""
    return bridge.call("GET", f"{_PATH}/{segment(name)}/watch")


def say_webhook_problem(bridge: Bridge, name: str) -> None:
    """After a registry was changed: its webhook may have to be made again."""
    webhook = watch_of(bridge, name).get("webhook") or {}
    if webhook.get("problem"):
        say(f"webhook: {webhook['problem']}; {webhook['cure']}")


def say_what_is_left(webhook: Item | None) -> None:
    """After a registry was removed without an administrator's token: its subscriptions are still there."""
    if not webhook:
        return
    platform = webhook["registryUrl"].removesuffix("/artifactory")
    say(
        "Artifactory still sends events, which the bridge refuses; an administrator removes the webhook with:"
    )
    for key in webhook["keys"]:
        say(f"  curl -X DELETE -H 'Authorization: Bearer …' {platform}/event/api/v1/subscriptions/{key}")
