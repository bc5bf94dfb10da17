"""What a rendering is about: what was said, then what this machine tells (DESIGN §4.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from portshift.adapters.ancestors import ancestor_arguments
from portshift.adapters.configuration import ConfigContext
from portshift.adapters.kubeconfig import context_namespace
from portshift.core.context import Context, Explicit, decide_context, first_given
from portshift.core.errors import UsageFault
from portshift.core.helm_command import HelmCommand, find_helm_command
from portshift.core.wire import Intent


class Said(NamedTuple):
    """The flags of a rendering; None where a flag was not given."""

    release: str | None = None
    namespace: str | None = None
    intent: str | None = None
    cluster: str | None = None
    environment: str | None = None


def explicit(
    flags: Said, function: Said, environ: Mapping[str, str], context: ConfigContext | None
) -> Explicit:
    """Join flags, a kustomize function's configuration, variables and the configuration file.

    Raises:
        UsageFault: the intent is none.

    """
    where = f"context {context.name}" if context else ""

    def setting(
        name: str, flag: str, variable: str, configured: str | None = None
    ) -> list[tuple[str, str | None]]:
        return [
            (f"--{flag}", getattr(flags, name)),
            ("functionConfig", getattr(function, name)),
            (variable, environ.get(variable)),
            (where, configured),
        ]

    found = Explicit(
        release=first_given(setting("release", "release", "PORTSHIFT_RELEASE")),
        namespace=first_given(setting("namespace", "release-namespace", "PORTSHIFT_RELEASE_NAMESPACE")),
        intent=first_given(setting("intent", "intent", "PORTSHIFT_INTENT")),
        cluster=first_given(
            setting("cluster", "cluster", "PORTSHIFT_CLUSTER", context.cluster if context else None)
        ),
        environment=first_given(
            setting(
                "environment",
                "environment",
                "PORTSHIFT_ENVIRONMENT",
                context.environment if context else None,
            )
        ),
    )
    if found.intent.value not in {None, *Intent}:
        expected = ", ".join(Intent)
        raise UsageFault(f"{found.intent.source}: found {found.intent.value!r}, expected one of {expected}")
    return found


def discover(
    said: Explicit,
    environ: Mapping[str, str],
    *,
    ancestors: Callable[[], Sequence[Sequence[str]]] = ancestor_arguments,
) -> Context:
    """Fill in what nobody said; ancestors and kubeconfig are read only when they are needed."""
    command = None if said.complete else find_helm_command(ancestors())
    return discover_from(said, environ, command)


def discover_from(said: Explicit, environ: Mapping[str, str], command: HelmCommand | None) -> Context:
    """The same with a Helm command that is known already."""
    kubeconfig = context_namespace(
        environ,
        context=command.kube_context if command else None,
        kubeconfig=command.kubeconfig if command else None,
    )
    return decide_context(
        said,
        command=command,
        helm_namespace=environ.get("HELM_NAMESPACE"),
        kubeconfig_namespace=kubeconfig,
    )
