"""A context whose token has an end: what is said after it, and when it does not matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from portshift.adapters.configuration import (
    ConfigContext,
    Configuration,
    load_configuration,
    save_configuration,
)
from portshift.cli.connection import find_connection
from portshift.core.errors import PortshiftError, UsageFault

BRIDGE = "https://bridge.example"


def _ends(expires: str | None) -> Configuration:
    return Configuration().with_context(ConfigContext("job", BRIDGE, token="t", expires=expires))


def test_a_token_that_ended_is_not_sent() -> None:
    connection = find_connection(_ends("2026-01-01T00:00:00.000000Z"), {})

    told = "the login of this job ended at 2026-01-01T00:00:00.000000Z; run portshift login --oidc again"
    with pytest.raises(PortshiftError) as caught:
        connection.endpoint({})
    assert (str(caught.value), caught.value.exit_code) == (told, 1)


@pytest.mark.parametrize("expires", [None, "2999-01-01T00:00:00Z"])
def test_a_token_that_lasts_is_sent(expires: str | None) -> None:
    assert find_connection(_ends(expires), {}).endpoint({}).token == "t"


def test_the_end_of_the_contexts_token_says_nothing_of_another() -> None:
    past = _ends("2026-01-01T00:00:00Z")

    assert find_connection(past, {"PORTSHIFT_TOKEN": "own"}).endpoint({}).token == "own"
    assert find_connection(past, {}, bridge_url="https://other.example").endpoint({}).token is None


@pytest.mark.parametrize("expires", ["soon", "2026-01-01T00:00:00"])
def test_an_end_that_is_no_time_is_named(expires: str) -> None:
    with pytest.raises(UsageFault, match="expected a time such as"):
        find_connection(_ends(expires), {}).endpoint({})


def test_the_end_is_kept_as_text(tmp_path: Path) -> None:
    """Unquoted, YAML would make a timestamp of it."""
    path = tmp_path / "config.yaml"
    save_configuration(path, _ends("2026-01-01T00:00:00Z"))

    (context,) = load_configuration(path).contexts
    assert context.expires == "2026-01-01T00:00:00Z"
