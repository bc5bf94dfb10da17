"""``portshift login``."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import click

from portshift.adapters.bridge import Bridge, Json
from portshift.adapters.configuration import ConfigContext, load_configuration, save_configuration
from portshift.adapters.endpoint import make_endpoint
from portshift.adapters.places import configuration_file
from portshift.cli.examples import examples
from portshift.cli.output import printable, say
from portshift.cli.registry_options import stdin_secret
from portshift.core.errors import Unreachable, UsageFault


@click.command(
    epilog=examples(
        "portshift login --url https://portshift.example.com --token-stdin < token",
        "portshift login --url https://portshift.example.com --name prod --cluster prod-eu-1",
        "portshift login --url https://portshift.example.com --oidc",
    )
)
@click.option(
    "--url", required=True, envvar="PORTSHIFT_BRIDGE_URL", help="The bridge.  [env: PORTSHIFT_BRIDGE_URL]"
)
@click.option("--token-stdin", is_flag=True, help="Read the access token from stdin; else it is asked for.")
@click.option("--oidc", is_flag=True, help="In a CI job: log in with the job's own token, for a short time.")
@click.option("--audience", help="With --oidc: what GitHub's token is for; the bridge's address without it.")
@click.option(
    "--trust", metavar="NAME", help="With --oidc: the trust to log in by; else the first that fits."
)
@click.option("--id-token-stdin", is_flag=True, help="With --oidc: read the job's token from stdin.")
@click.option("--name", help="The context's name; the bridge's host name without it.")
@click.option("--cluster", help="The cluster that tokens made in this context are for.")
@click.option("--environment", help="The environment that this context deploys to.")
@click.option("--ca-file", type=click.Path(exists=True, path_type=Path), help="PEM of its authority.")
def login(
    url: str,
    token_stdin: bool,
    oidc: bool,
    audience: str | None,
    trust: str | None,
    id_token_stdin: bool,
    name: str | None,
    cluster: str | None,
    environment: str | None,
    ca_file: Path | None,
) -> None:
    """Check who we are to a bridge, and keep it as the current context of the configuration file."""
    if token_stdin if oidc else (audience or trust or id_token_stdin):
        raise UsageFault(
            "--audience, --trust and --id-token-stdin go with --oidc, and --token-stdin does not"
        )
    path = configuration_file(os.environ)
    configuration = load_configuration(path)
    ca = str(ca_file.resolve()) if ca_file else None
    place = ConfigContext(
        name=name or urlsplit(url).netloc,
        bridge=url.rstrip("/"),
        ca=ca,
        cluster=cluster,
        environment=environment,
    )
    if oidc:
        context, who = _as_job(place, audience=audience, trust=trust, from_stdin=id_token_stdin)
    else:
        context, who = _as_holder(place, stdin_secret() if token_stdin else _ask())
    save_configuration(path, configuration.with_context(context))
    say(f"logged in as {who}; {path} now uses context {context.name}")


def _as_holder(place: ConfigContext, token: str) -> tuple[ConfigContext, str]:
    endpoint = make_endpoint(place.bridge, token=token, ca_file=place.ca, environ=os.environ)
    holder = Bridge(endpoint).status()
    return replace(place, token=token), f"{holder['name']} ({holder['role']})"


def _as_job(
    place: ConfigContext, *, audience: str | None, trust: str | None, from_stdin: bool
) -> tuple[ConfigContext, str]:
    from portshift.adapters.job_token import checked, find_job_token

    if from_stdin:
        job = checked(stdin_secret().strip(), "stdin")
    else:
        job = find_job_token(os.environ, audience=audience or place.bridge)
    # Read with the token, so that it is held to the rule on plain http; it travels in the body alone.
    endpoint = make_endpoint(place.bridge, token=job, ca_file=place.ca, environ=os.environ)
    body = {"token": job} if trust is None else {"token": job, "trust": trust}
    answer = Bridge(replace(endpoint, token=None)).call("POST", "/api/v1/login/oidc", body)
    token, expires, who = (_text(answer, field) for field in ("token", "expiresAt", "name"))
    return replace(place, token=token, expires=expires), f"{printable(who)} (deployer) until {expires}"


def _text(answer: Json, field: str) -> str:
    value = answer.get(field)
    if not isinstance(value, str):
        raise Unreachable(f"the bridge's answer holds no {field}", cure="check PORTSHIFT_BRIDGE_URL")
    return value


def _ask() -> str:
    if not sys.stdin.isatty():
        raise UsageFault("there is no terminal to ask for the token on", cure="give it by --token-stdin")
    return str(click.prompt("Access token", hide_input=True, err=True))
