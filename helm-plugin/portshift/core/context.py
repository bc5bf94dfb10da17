"""Where a rendering's release, namespace, intent, cluster and environment come from (DESIGN §4.2).

Each value keeps the name of its source, so that ``portshift status`` can say what was found and where.
Named tuples, here and in ``rendering``: every rendering pays 0.5 ms for each dataclass it loads.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from portshift.core.helm_command import HelmCommand
from portshift.core.wire import Intent, Release

Candidate = tuple[str, str | None]
NOTHING = "nothing says"


class Setting(NamedTuple):
    """A value and who said it; ``value`` is None where nobody did."""

    value: str | None
    source: str

    @property
    def text(self) -> str:
        """The value of a setting that has a default."""
        return self.value or ""


class Explicit(NamedTuple):
    """What a person said, by flag, function configuration, variable or configuration file."""

    release: Setting
    namespace: Setting
    intent: Setting
    cluster: Setting
    environment: Setting

    @property
    def complete(self) -> bool:
        """Whether no ancestor could add anything."""
        return all(setting.value is not None for setting in (self.release, self.namespace, self.intent))


class Context(NamedTuple):
    """Everything a rendering knows about itself besides the manifests."""

    release: Setting
    namespace: Setting
    intent: Setting
    cluster: Setting
    environment: Setting
    chart: Setting

    @property
    def as_release(self) -> Release:
        return Release(name=self.release.value, namespace=self.namespace.value, chart=self.chart.value)

    @property
    def as_intent(self) -> Intent:
        return Intent(self.intent.text)


def first_given(candidates: Iterable[Candidate]) -> Setting:
    """The first candidate that has a value; an empty one counts as not given."""
    for source, value in candidates:
        if value:
            return Setting(value, source)
    return Setting(None, NOTHING)


def decide_context(
    explicit: Explicit,
    *,
    command: HelmCommand | None,
    helm_namespace: str | None,
    kubeconfig_namespace: Setting,
) -> Context:
    """Join what was said with what was found, in the order of DESIGN §4.2.

    Args:
        explicit: what a person said.
        command: the nearest ancestor that renders a chart.
        helm_namespace: the variable ``HELM_NAMESPACE``.
        kubeconfig_namespace: the namespace of the kubeconfig context that ``command`` uses.

    """
    found = command or HelmCommand(subcommand="")
    above = f"helm {found.subcommand}" if command else NOTHING
    return Context(
        release=_or(explicit.release, [(above, found.release)]),
        namespace=_or(explicit.namespace, _namespaces(found, above, helm_namespace, kubeconfig_namespace)),
        intent=_or(
            explicit.intent, [(above, found.intent.value if command else None), ("default", Intent.UNKNOWN)]
        ),
        cluster=explicit.cluster,
        environment=explicit.environment,
        chart=first_given([(above, found.chart)]),
    )


def _or(setting: Setting, candidates: Iterable[Candidate]) -> Setting:
    return setting if setting.value else first_given(candidates)


def _namespaces(
    command: HelmCommand, above: str, helm_namespace: str | None, kubeconfig_namespace: Setting
) -> list[Candidate]:
    from_kubeconfig = (kubeconfig_namespace.source, kubeconfig_namespace.value)
    variable = ("HELM_NAMESPACE", helm_namespace)
    # A plugin in between set the variable from its own context, not from the one this command names.
    middle = (
        [from_kubeconfig] if command.behind_plugin and command.names_cluster else [variable, from_kubeconfig]
    )
    return [(above, command.namespace), *middle, ("default", "default")]
