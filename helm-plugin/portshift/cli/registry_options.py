"""The flags that describe a registry and the login it is asked with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from portshift.cli.files import text_of
from portshift.core.errors import UsageFault

_REGISTRY = (
    click.option(
        "--host",
        "hosts",
        multiple=True,
        metavar="HOST[=REPO]",
        help="Another host that means it; a * in its first part is the repository.",
    ),
    click.option(
        "--mirror",
        "mirrors",
        multiple=True,
        metavar="HOST=REPO",
        help="A host that one of its repositories proxies.",
    ),
    click.option("--include", multiple=True, metavar="PATTERN", help="Only these repositories."),
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Not these repositories."),
    click.option("--ca-file", type=click.Path(path_type=Path), help="PEM certificates of its authority."),
    click.option("--proxy", metavar="URL", help="An HTTP proxy on the way to it, http://HOST:PORT."),
    click.option("--insecure", is_flag=True, help="Allow plain http off this machine."),
)
_LOGIN = (
    click.option(
        "--username",
        help="The user; the password is asked for or read by --password-stdin. No login: anonymous.",
    ),
    click.option("--password-stdin", is_flag=True, help="Read the user's password from stdin."),
    click.option("--token-stdin", is_flag=True, help="Read an access or identity token from stdin."),
    click.option("--api-key-stdin", is_flag=True, help="Read an API key from stdin."),
    click.option("--proxy-username", help="The user at the proxy; the password as for --username."),
    click.option(
        "--proxy-password-stdin",
        is_flag=True,
        help="Read that password from stdin, on a line of its own after the registry's secret.",
    ),
)


def registry_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags that ``read_registry`` reads."""
    return _all(_REGISTRY, function)


def login_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags that ``read_login`` reads."""
    return _all(_LOGIN, function)


def read_registry(
    *,
    hosts: tuple[str, ...],
    mirrors: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    ca_file: Path | None,
    proxy: str | None,
    insecure: bool,
    **_login: Any,
) -> dict[str, Any]:
    """The fields of a registry that were given, as the API takes them.

    Raises:
        PortshiftError: the CA file cannot be read.

    """
    body: dict[str, Any] = {}
    if hosts:
        body["hosts"] = list(hosts)
    if mirrors:
        body["mirrors"] = list(mirrors)
    if include or exclude:
        body["repositories"] = {"include": list(include), "exclude": list(exclude)}
    if ca_file is not None:
        body["ca"] = text_of(ca_file)
    if proxy is not None:
        body["proxy"] = proxy
    if insecure:
        body["insecure"] = True
    return body


def read_login(
    *,
    username: str | None,
    password_stdin: bool,
    token_stdin: bool,
    api_key_stdin: bool,
    **_registry: Any,
) -> dict[str, str]:
    """The login, with its secret from stdin or asked for on a terminal.

    Raises:
        UsageFault: the flags name more than one kind, or leave the secret out.

    """
    if password_stdin + token_stdin + api_key_stdin > 1:
        raise UsageFault("found more than one of --password-stdin, --token-stdin and --api-key-stdin")
    if token_stdin:
        return {"kind": "token", "secret": stdin_secret()}
    if api_key_stdin:
        return {"kind": "api-key", "secret": stdin_secret()}
    if username is None:
        if password_stdin:
            raise UsageFault("--password-stdin needs --username")
        return {"kind": "anonymous"}
    password = _password("Password", "--password-stdin", from_stdin=password_stdin)
    return {"kind": "password", "username": username, "secret": password}


def read_proxy_login(
    *, proxy_username: str | None, proxy_password_stdin: bool, **_registry: Any
) -> dict[str, Any]:
    """The login at the proxy as ``proxyLogin``, where it was given; ``read_login`` takes its line first.

    Raises:
        UsageFault: the password has no user, or there is none.

    """
    if proxy_username is None:
        if proxy_password_stdin:
            raise UsageFault("--proxy-password-stdin needs --proxy-username")
        return {}
    password = _password("Proxy password", "--proxy-password-stdin", from_stdin=proxy_password_stdin)
    return {"proxyLogin": {"username": proxy_username, "secret": password}}


def stdin_secret() -> str:
    """A secret from stdin, without the line break that ``echo`` adds.

    Raises:
        UsageFault: stdin is empty.

    """
    secret = sys.stdin.readline().rstrip("\r\n")
    if not secret:
        raise UsageFault("stdin holds no secret", cure="pipe it in, such as `… --token-stdin < file`")
    return secret


def _password(prompt: str, flag: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return stdin_secret()
    if not sys.stdin.isatty():
        raise UsageFault("there is no terminal to ask for the password on", cure=f"give it by {flag}")
    return str(click.prompt(prompt, hide_input=True, err=True))


def _all(options: tuple[Callable[[Any], Any], ...], function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        function = option(function)
    return function
