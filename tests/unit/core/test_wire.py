"""Every sample of tests/wire reads and writes back to the same JSON; bad fields are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from portshift.core.errors import InvalidMessage
from portshift.core.wire import Outcome, RegistrationRequest, RegistrationResponse

SAMPLES = Path(__file__).resolve().parents[2] / "wire"
MESSAGES: dict[str, type[RegistrationRequest | RegistrationResponse]] = {
    "registration-request": RegistrationRequest,
    "registration-response": RegistrationResponse,
}


def sample(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return value


def test_every_sample_belongs_to_a_message() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(MESSAGES)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_sample_reads_and_writes_back(name: str) -> None:
    assert MESSAGES[name].from_json(sample(name)).to_json() == sample(name)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_field_of_a_newer_neighbour_is_ignored(name: str) -> None:
    newer = {**sample(name), "addedLater": {"x": [1]}}
    assert MESSAGES[name].from_json(newer) == MESSAGES[name].from_json(sample(name))


def test_a_bad_field_is_named_with_its_place() -> None:
    request = sample("registration-request")
    request["workloads"][1]["images"][0]["reference"] = 5
    with pytest.raises(InvalidMessage, match=r"^workloads\[1\]\.images\[0\]\.reference: found a number"):
        RegistrationRequest.from_json(request)


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("intent", "guess", "expected one of deploy, render, unknown"),
        ("pin", "yes", "expected true or false"),
        ("cluster", "x" * 5_000, "expected at most 4096"),
        ("environment", "\ud800", "lone surrogate"),
        ("workloads", None, "expected a list"),
        ("workloads", [{}] * 20_001, "expected at most 20000"),
        ("release", "shop", "expected an object"),
    ],
)
def test_a_field_out_of_bounds_is_refused(field: str, value: Any, found: str) -> None:
    with pytest.raises(InvalidMessage, match=found):
        RegistrationRequest.from_json({**sample("registration-request"), field: value})


def test_another_service_is_not_taken_for_a_bridge() -> None:
    with pytest.raises(InvalidMessage, match="registration"):
        RegistrationResponse.from_json({"status": "ok"})


def test_only_a_registry_that_gave_no_answer_is_inconclusive() -> None:
    assert {outcome for outcome in Outcome if not outcome.conclusive} == {
        Outcome.UNREACHABLE,
        Outcome.LOGIN_REFUSED,
    }
