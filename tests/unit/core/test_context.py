from __future__ import annotations

import pytest

from portshift.core.context import NOTHING, Explicit, Setting, decide_context
from portshift.core.helm_command import HelmCommand
from portshift.core.wire import Intent

UNSAID = Setting(None, NOTHING)
NOBODY = Explicit(UNSAID, UNSAID, UNSAID, UNSAID, UNSAID)
KUBE = Setting("kube", "kubeconfig context dev")


def test_without_any_source_the_namespace_is_default_and_the_intent_unknown() -> None:
    context = decide_context(NOBODY, command=None, helm_namespace=None, kubeconfig_namespace=UNSAID)
    assert context.namespace == Setting("default", "default")
    assert context.as_intent is Intent.UNKNOWN
    assert context.release.value is None


@pytest.mark.parametrize(
    ("said", "flag", "variable", "kube", "expected"),
    [
        ("said", "flag", "variable", KUBE, "said"),
        (None, "flag", "variable", KUBE, "flag"),
        (None, None, "variable", KUBE, "variable"),
        (None, None, None, KUBE, "kube"),
        (None, None, "", UNSAID, "default"),
    ],
)
def test_the_namespace_has_a_fixed_order_of_sources(
    said: str | None, flag: str | None, variable: str | None, kube: Setting, expected: str
) -> None:
    explicit = Explicit(UNSAID, Setting(said, "--release-namespace"), UNSAID, UNSAID, UNSAID)
    context = decide_context(
        explicit,
        command=HelmCommand("upgrade", "web", "c", namespace=flag),
        helm_namespace=variable,
        kubeconfig_namespace=kube,
    )
    assert context.namespace.value == expected


def test_a_plugin_in_between_does_not_hide_the_context_that_helm_was_told() -> None:
    # helm upgrade --kube-context prod --post-renderer helm --post-renderer-args portshift …
    command = HelmCommand("upgrade", "web", "c", kube_context="prod", behind_plugin=True)
    context = decide_context(
        NOBODY, command=command, helm_namespace="of-the-plugin", kubeconfig_namespace=KUBE
    )
    assert context.namespace == KUBE


def test_release_intent_and_chart_come_from_helm_and_cluster_never_does() -> None:
    command = HelmCommand("install", "web", "./chart", kube_context="prod-eu-1")
    context = decide_context(NOBODY, command=command, helm_namespace=None, kubeconfig_namespace=UNSAID)
    assert context.release == Setting("web", "helm install")
    assert context.as_intent is Intent.DEPLOY
    assert context.chart.value == "./chart"
    assert context.cluster.value is None
