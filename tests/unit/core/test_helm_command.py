from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portshift.core.helm_command import (
    VALUE_FLAGS,
    HelmCommand,
    find_helm_command,
    is_helm,
    parse_helm_command,
    post_renderer_flags,
)
from portshift.core.wire import Intent
from tests.unit.core import process_tables as tables


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (tables.LINUX_HELM_3, HelmCommand("template", "web", "./chart", namespace="shop")),
        (tables.LINUX_HELM_4, HelmCommand("install", "web", "./chart", namespace="shop", dry_run=True)),
        (
            tables.LINUX_PLUGIN_HOP,
            HelmCommand(
                "template", "web", "./chart", namespace="shop", kube_context="prod-eu-1", behind_plugin=True
            ),
        ),
        (tables.LINUX_HELMFILE, HelmCommand("upgrade", "web", "charts/web", namespace="shop")),
        (tables.LINUX_HELM_DIFF, HelmCommand("template", "web", "./chart", namespace="shop")),
        (tables.MACOS, HelmCommand("template", "web", "/Users/ann/My Charts/web")),
        (tables.WINDOWS, HelmCommand("upgrade", "web", r".\my chart", namespace="shop")),
    ],
    ids=["linux helm 3", "linux helm 4", "plugin hop", "helmfile", "helm-diff", "macos", "windows"],
)
def test_the_nearest_rendering_ancestor_is_found(
    table: tuple[tuple[str, ...], ...], expected: HelmCommand
) -> None:
    assert find_helm_command(table) == expected


def test_without_helm_above_nothing_is_found() -> None:
    assert find_helm_command(tables.WITHOUT_HELM) is None


@pytest.mark.parametrize(
    ("line", "release", "chart", "namespace"),
    [
        ("install web ./chart", "web", "./chart", None),
        ("-n shop install web ./chart", "web", "./chart", "shop"),
        ("install web ./chart -n=shop", "web", "./chart", "shop"),
        ("install web ./chart -nshop", "web", "./chart", "shop"),
        ("install --namespace shop web --set a=b ./chart", "web", "./chart", "shop"),
        ("upgrade -i web ./chart -f values.yaml", "web", "./chart", None),
        ("upgrade -in shop web ./chart", "web", "./chart", "shop"),
        ("upgrade web --server-side true ./chart", "web", "./chart", None),
        ("install web --server-side ./chart", "web", "./chart", None),
        ("upgrade web --wait ./chart --timeout 5m", "web", "./chart", None),
        ("install --generate-name ./chart", None, "./chart", None),
        ("install -g ./chart", None, "./chart", None),
        ("template ./chart", "release-name", "./chart", None),
        ("template --name-template x ./chart", None, "./chart", None),
        ("install -- web ./chart", "web", "./chart", None),
        ("install web ./chart --set --namespace=x", "web", "./chart", None),
        ("install web ./chart --namespace=", "web", "./chart", None),
    ],
)
def test_arguments_are_read_by_helms_flag_rules(
    line: str, release: str | None, chart: str, namespace: str | None
) -> None:
    command = parse_helm_command(line.split())
    assert command is not None
    assert (command.release, command.chart, command.namespace) == (release, chart, namespace)


@pytest.mark.parametrize(
    ("line", "intent"),
    [
        ("install web c", Intent.DEPLOY),
        ("upgrade -i web c", Intent.DEPLOY),
        ("template web c", Intent.RENDER),
        ("install web c --dry-run", Intent.RENDER),
        ("install web c --dry-run=client", Intent.RENDER),
        ("install web c --dry-run=none", Intent.DEPLOY),
        ("upgrade web c --dry-run=false", Intent.DEPLOY),
        ("install --dry-run web c", Intent.RENDER),
    ],
)
def test_only_a_real_install_or_upgrade_is_a_deployment(line: str, intent: Intent) -> None:
    command = parse_helm_command(line.split())
    assert command is not None
    assert command.intent is intent


@pytest.mark.parametrize("line", ["list", "diff upgrade web c", "portshift template web c", "", "--help"])
def test_other_commands_render_nothing(line: str) -> None:
    assert parse_helm_command(line.split()) is None


@pytest.mark.parametrize("name", ["helm", "/a b/helm", "helm.exe", r"C:\x\HELM.EXE", "helm3", "helm-v4.2.4"])
def test_helm_is_known_by_its_file_name(name: str) -> None:
    assert is_helm(name)


@pytest.mark.parametrize("name", ["helmfile", "helmsman", "/opt/helm/bin/python", "helm-diff", ""])
def test_other_programs_are_not_helm(name: str) -> None:
    assert not is_helm(name)


def test_a_users_own_post_renderer_is_seen() -> None:
    assert post_renderer_flags(["install", "web", "c", "--post-renderer", "x"]) == ["--post-renderer"]
    assert post_renderer_flags(["install", "web", "c", "--set", "--post-renderer"]) == []


@given(
    flags=st.lists(
        st.tuples(st.sampled_from(sorted(VALUE_FLAGS - {"namespace", "name-template"})), st.text())
    ),
    position=st.integers(min_value=0, max_value=2),
)
def test_values_of_flags_never_become_release_or_chart(flags: list[tuple[str, str]], position: int) -> None:
    words = ["upgrade", "web", "./chart"]
    given_flags = [word for name, value in flags for word in (f"--{name}", value)]
    command = parse_helm_command([*words[:position], *given_flags, *words[position:]])
    assert command is not None
    assert (command.subcommand, command.release, command.chart) == ("upgrade", "web", "./chart")


@given(st.lists(st.text()))
def test_any_arguments_are_read_without_a_fault(arguments: list[str]) -> None:
    parse_helm_command(arguments)
