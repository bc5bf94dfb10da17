"""``portshift post-render``: manifests in, manifests with tokens out, or nothing (DESIGN §4.2)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO, NamedTuple

import click

from portshift.adapters.bridge import Bridge
from portshift.adapters.configuration import load_configuration
from portshift.adapters.places import configuration_file
from portshift.cli.connection import Connection, find_connection
from portshift.cli.discovery import Said, discover, explicit
from portshift.cli.examples import examples
from portshift.cli.manifest_files import kinds_option, read_kinds, read_stdin
from portshift.core.context import Context
from portshift.core.errors import InvalidMessage, PortshiftError, Unreachable
from portshift.core.kinds import Kinds
from portshift.core.manifests import Manifests, read_manifests, write_manifests
from portshift.core.rendering import Judgement, Planned, judge, registration_request, summary, tokenless
from portshift.core.wire import Intent

ON_UNREACHABLE = ("fail", "warn")


class Rendering(NamedTuple):
    """How one rendering is done."""

    kinds: Kinds
    connection: Connection
    said: Said
    pin: bool
    may_go_on: bool


@click.command(
    "post-render",
    epilog=examples(
        "helm template web ./chart | portshift post-render --release web > web.yaml",
        "helm upgrade web ./chart --post-renderer portshift --post-renderer-args post-render   # Helm 3",
        "helm upgrade web ./chart --post-renderer portshift-post-renderer                      # Helm 4",
    ),
)
@click.option("--release", help="The Helm release.  [env: PORTSHIFT_RELEASE]")
@click.option(
    "--release-namespace",
    help="Its namespace, for objects that name none.  [env: PORTSHIFT_RELEASE_NAMESPACE]",
)
@click.option("--environment", help="Where this goes, such as prod.  [env: PORTSHIFT_ENVIRONMENT]")
@click.option("--cluster", help="The one cluster the tokens are for.  [env: PORTSHIFT_CLUSTER]")
@click.option(
    "--intent",
    type=click.Choice([intent.value for intent in Intent]),
    help="Whether this will be deployed.  [env: PORTSHIFT_INTENT]",
)
@click.option(
    "--pin/--no-pin", envvar="PORTSHIFT_PIN", show_envvar=True, help="Also write each image with its digest."
)
@click.option(
    "--on-unreachable",
    type=click.Choice(ON_UNREACHABLE),
    default="fail",
    envvar="PORTSHIFT_ON_UNREACHABLE",
    show_default=True,
    show_envvar=True,
    help="What to do when bridge or registry give no answer; warn leaves those workloads without token.",
)
@click.option("--timeout", type=float, help="Seconds for the bridge's answer.  [env: PORTSHIFT_TIMEOUT]")
@kinds_option
@click.option("--bridge", "bridge_url", metavar="URL", help="The bridge.  [env: PORTSHIFT_BRIDGE_URL]")
@click.option("--context", "context_name", metavar="NAME", help="A context of the configuration file.")
def post_render(
    release: str | None,
    release_namespace: str | None,
    environment: str | None,
    cluster: str | None,
    intent: str | None,
    pin: bool,
    on_unreachable: str,
    timeout: float | None,
    kinds_file: Path | None,
    bridge_url: str | None,
    context_name: str | None,
) -> None:
    """Read manifests on stdin, register their images, write the manifests with a token in each workload.

    Nothing else changes, and the output is written whole or not at all. The input may be a kustomize
    ResourceList. Release, namespace and intent are found from the Helm process above where no flag or
    variable gives them; `portshift status` shows what would be found.
    """
    configuration = load_configuration(configuration_file(os.environ))
    connection = find_connection(
        configuration, os.environ, bridge_url=bridge_url, context_name=context_name, timeout=timeout
    )
    rendering = Rendering(
        kinds=read_kinds(kinds_file),
        connection=connection,
        said=Said(release, release_namespace, intent, cluster, environment),
        pin=pin,
        may_go_on=on_unreachable == "warn",
    )
    _write(sys.stdout.buffer, render(read_stdin(), rendering))


def render(data: bytes, rendering: Rendering) -> bytes:
    """The manifests with their tokens; the same bytes where nothing can carry one.

    Raises:
        InvalidManifest: the input cannot be parsed.
        Unreachable: no answer for an image, unless the rendering may go on without.
        Blocked: an identity was revoked.

    """
    if not data.strip():
        return data
    function = _function_configuration(data)
    said = explicit(rendering.said, function, os.environ, rendering.connection.context)
    context = discover(said, os.environ)
    manifests = read_manifests(data, kinds=rendering.kinds, namespace=context.namespace.text)
    _warn(tokenless(manifests.places))
    if not manifests.carriers:
        return data
    try:
        judgement = _register(manifests, context, rendering)
    except Unreachable as error:
        if not rendering.may_go_on:
            raise
        _warn([f"{error}; no workload gets a token"])
        return data
    return _written(manifests, judgement, rendering)


def _register(manifests: Manifests, context: Context, rendering: Rendering) -> Judgement:
    planned = [Planned(carrier.workload, carrier.images) for carrier in manifests.carriers]
    request = registration_request(planned, context, pin=rendering.pin)
    bridge = Bridge(rendering.connection.endpoint(os.environ))
    response = bridge.register(request)
    try:
        return judge(planned, response)
    except InvalidMessage as error:
        raise Unreachable(f"{bridge.endpoint.url} does not answer as a portshift bridge: {error}") from error


def _written(manifests: Manifests, judgement: Judgement, rendering: Rendering) -> bytes:
    lines = summary(judgement.inconclusive)
    if lines and not rendering.may_go_on:
        raise Unreachable(
            f"no answer about {len(lines)} image{'s'[: len(lines) > 1]}: {'; '.join(lines[:3])}",
            cure="see `portshift registries test`, or go on without tokens for them by --on-unreachable warn",
        )
    _require_pinnable(manifests, judgement)
    _warn([f"no token: {line}" for line in lines] + summary(judgement.unknown))
    return write_manifests(manifests, judgement.tokens, judgement.pinned)


def _warn(lines: list[str]) -> None:
    if lines:
        from portshift.cli.aftermath import warn

        warn(lines)


def _require_pinnable(manifests: Manifests, judgement: Judgement) -> None:
    """The token names pinned references, so each of them must be written into the manifests."""
    for place in manifests.unpinnable:
        if judgement.pinned.get(place.reference, place.reference) != place.reference:
            raise PortshiftError(
                f"line {place.line}: {place.kind} {place.name}: {place.reference!r} cannot be pinned where "
                "it stands",
                cure="write its digest into the chart's values, or render without --pin",
            )


def _function_configuration(data: bytes) -> Said:
    if b"ResourceList" not in data:
        return Said()
    from portshift.cli.resource_list import function_configuration

    return function_configuration(data)


def _write(stream: BinaryIO, data: bytes) -> None:
    stream.write(data)
    stream.flush()
