from __future__ import annotations

from pathlib import Path

import pytest

from portshift.adapters.configuration import (
    ConfigContext,
    Configuration,
    load_configuration,
    save_configuration,
)
from portshift.core.errors import InvalidInput, UsageFault

PROD = ConfigContext("prod", "https://bridge.example", token="secret", cluster="prod-eu-1")


def test_what_is_saved_is_loaded_and_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.yaml"
    save_configuration(path, Configuration().with_context(PROD))
    assert load_configuration(path) == Configuration("prod", (PROD,))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["config.yaml"]


def test_an_absent_file_is_an_empty_configuration(tmp_path: Path) -> None:
    configuration = load_configuration(tmp_path / "none.yaml")
    assert configuration.context(None) is None


def test_a_token_that_others_may_read_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    save_configuration(path, Configuration().with_context(PROD))
    path.chmod(0o644)
    with pytest.raises(UsageFault, match="chmod 600"):
        load_configuration(path)


def test_without_a_token_the_file_may_be_shared(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("contexts: [{name: a, bridge: 'https://b.example'}]\n")
    path.chmod(0o644)
    assert load_configuration(path).contexts[0].name == "a"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("contexts: {", "no YAML"),
        ("- a", "expected a mapping"),
        ("contexts: 1", "expected a list"),
        ("context: []", "unknown key 'context'"),
        ("contexts: [{name: a}]", "bridge: found nothing"),
        ("contexts: [{name: a, bridge: b, tokens: c}]", "unknown key 'tokens'"),
        ("contexts: [{name: a, bridge: 1}]", "expected text"),
        ("current-context: [a]", "expected a name"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=found):
        load_configuration(path)


def test_a_context_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UsageFault, match="choose one of: prod"):
        Configuration("prod", (PROD,)).context("stage")
