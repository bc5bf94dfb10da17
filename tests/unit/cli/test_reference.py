from __future__ import annotations

from pathlib import Path

import click
import pytest
import yaml

import portshift
from tests.unit.cli.reference import COMPLETION, MARK, REFERENCE, REPOSITORY, commands, completion, reference

EATEN_BY_HELM = {"-n", "--namespace", "--kube-context", "--kubeconfig", "--debug"}


def test_the_reference_page_says_what_the_commands_say() -> None:
    _, mark, written = REFERENCE.read_text(encoding="utf-8").partition(MARK)
    assert mark + written == reference()


def test_helms_completion_file_names_every_command_and_flag() -> None:
    assert COMPLETION.read_text(encoding="utf-8") == completion()


@pytest.mark.parametrize(("path", "command"), list(commands()), ids=[path for path, _ in commands()])
def test_no_command_has_a_flag_that_helm_eats_and_each_has_help_and_an_example(
    path: str, command: click.Command
) -> None:
    flags = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    assert not flags & EATEN_BY_HELM
    assert command.help
    assert "portshift" in (command.epilog or "")
    assert all(parameter.help for parameter in command.params if isinstance(parameter, click.Option))


@pytest.mark.parametrize("file", ["plugin.yaml", "helm-plugin/post-renderer/plugin.yaml"])
def test_the_plugins_have_the_programs_version(file: str) -> None:
    plugin = yaml.safe_load((REPOSITORY / file).read_text(encoding="utf-8"))
    assert plugin["version"] == portshift.__version__


def test_the_two_plugins_have_different_names() -> None:
    names = {yaml.safe_load(path.read_text())["name"] for path in _plugin_files()}
    assert names == {"portshift", "portshift-post-renderer"}


def test_the_root_plugin_keeps_to_what_helm_3_17_reads() -> None:
    plugin = yaml.safe_load((REPOSITORY / "plugin.yaml").read_text())
    assert set(plugin) == {"name", "version", "usage", "description", "platformCommand"}
    assert [entry["os"] for entry in plugin["platformCommand"]] == ["linux", "darwin", "windows"]
    assert all(set(entry) == {"os", "command"} for entry in plugin["platformCommand"])


def _plugin_files() -> list[Path]:
    return [REPOSITORY / "plugin.yaml", REPOSITORY / "helm-plugin" / "post-renderer" / "plugin.yaml"]
