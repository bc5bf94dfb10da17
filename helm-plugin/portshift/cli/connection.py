"""Which bridge a command talks to: flags over variables over the configuration file."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import click

from portshift.adapters.bridge import Bridge
from portshift.adapters.configuration import ConfigContext, Configuration, load_configuration
from portshift.adapters.endpoint import DEFAULT_BRIDGE, DEFAULT_TIMEOUT, Endpoint, make_endpoint
from portshift.adapters.places import configuration_file
from portshift.core.context import Setting, first_given
from portshift.core.errors import PortshiftError, UsageFault

MAX_TIMEOUT = 3600.0


class Connection(NamedTuple):
    """The bridge, what proves us there, and the context of the configuration file in use."""

    bridge: Setting
    token: Setting
    ca: Setting
    timeout: float
    context: ConfigContext | None
    expires: str | None = None

    def endpoint(self, environ: Mapping[str, str]) -> Endpoint:
        """What a client of the bridge needs.

        Raises:
            PortshiftError: the context's token is one of a job, and has ended.
            UsageFault: the address or the token cannot be used.

        """
        if self.expires is not None:
            _refuse_ended(self.expires)
        return make_endpoint(
            self.bridge.text,
            token=self.token.value,
            ca_file=self.ca.value,
            timeout=self.timeout,
            environ=environ,
        )


def find_connection(
    configuration: Configuration,
    environ: Mapping[str, str],
    *,
    bridge_url: str | None = None,
    context_name: str | None = None,
    timeout: float | None = None,
) -> Connection:
    """Decide for each setting who says it.

    Raises:
        UsageFault: the context does not exist, or the timeout is no number of seconds.

    """
    context = configuration.context(context_name or environ.get("PORTSHIFT_CONTEXT"))
    where = f"context {context.name}" if context else ""
    bridge = first_given(
        [
            ("--bridge", bridge_url),
            ("PORTSHIFT_BRIDGE_URL", environ.get("PORTSHIFT_BRIDGE_URL")),
            (where, context.bridge if context else None),
            ("default", DEFAULT_BRIDGE),
        ]
    )
    # A context's token is for its own bridge and is shown to no other.
    same = context is not None and context.bridge.rstrip("/") == bridge.text.rstrip("/")
    token = first_given(
        [
            ("PORTSHIFT_TOKEN", environ.get("PORTSHIFT_TOKEN", "").strip()),
            (where, context.token if context and same else None),
        ]
    )
    return Connection(
        bridge=bridge,
        token=token,
        ca=first_given(
            [("PORTSHIFT_CA", environ.get("PORTSHIFT_CA")), (where, context.ca if context and same else None)]
        ),
        timeout=_timeout(timeout, environ),
        context=context,
        expires=context.expires if context and token.source == where else None,
    )


def with_bridge(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--bridge`` and ``--context`` to a command and hand it a ``Bridge``."""

    @click.option("--bridge", "bridge_url", metavar="URL", help="The bridge.  [env: PORTSHIFT_BRIDGE_URL]")
    @click.option("--context", "context_name", metavar="NAME", help="A context of the configuration file.")
    @functools.wraps(function)
    def command(*args: Any, bridge_url: str | None, context_name: str | None, **kwargs: Any) -> Any:
        configuration = load_configuration(configuration_file(os.environ))
        found = find_connection(configuration, os.environ, bridge_url=bridge_url, context_name=context_name)
        return function(*args, bridge=Bridge(found.endpoint(os.environ)), **kwargs)

    return command


def _refuse_ended(expires: str) -> None:
    """Say that a job's login is over, in place of the bridge's 401."""
    from datetime import UTC, datetime  # only a context with an end pays for it

    try:
        ended = datetime.fromisoformat(expires) <= datetime.now(UTC)
    except (ValueError, TypeError):
        raise UsageFault(
            f"the context's expires is {expires!r}, expected a time such as 2026-05-01T12:00:00Z",
            cure="log in again",
        ) from None
    if ended:
        raise PortshiftError(
            f"the login of this job ended at {expires}", cure="run portshift login --oidc again"
        )


def _timeout(given: float | None, environ: Mapping[str, str]) -> float:
    text = environ.get("PORTSHIFT_TIMEOUT")
    try:
        seconds = given if given is not None else float(text) if text else DEFAULT_TIMEOUT
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= MAX_TIMEOUT:
        raise UsageFault(
            f"found the timeout {text if given is None else given!r}, "
            f"expected seconds, more than 0 and at most {MAX_TIMEOUT:g}"
        )
    return seconds
