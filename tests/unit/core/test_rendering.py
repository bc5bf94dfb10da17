from __future__ import annotations

import pytest

from portshift.core.errors import InvalidMessage
from portshift.core.identity import PlannedImage, Workload
from portshift.core.manifests import Place
from portshift.core.rendering import Planned, judge, summary, tokenless
from portshift.core.wire import ImageResult, Outcome, RegistrationResponse, WorkloadResult

WEB = Workload("apps", "Deployment", "shop", "web")
SPOT = Planned(WEB, (("app", "nginx:1"),))
DIGEST = "sha256:" + "0" * 64


def _result(
    outcome: Outcome, reference: str = "nginx:1", *, token: str | None = "t", name: str = "app"
) -> WorkloadResult:
    digest = DIGEST if outcome is Outcome.RESOLVED else None
    pinned = f"{reference}@{digest}" if digest else None
    image = ImageResult(PlannedImage(name, pinned or reference, digest=digest), outcome, pinned=pinned)
    return WorkloadResult(images=(image,), id="i" if token else None, token=token)


def test_a_resolved_image_gives_a_token_and_a_pin() -> None:
    judgement = judge([SPOT], RegistrationResponse("r", (_result(Outcome.RESOLVED),)))
    assert judgement.tokens == ("t",)
    assert judgement.pinned == {"nginx:1": f"nginx:1@{DIGEST}"}
    assert not judgement.unknown
    assert not judgement.inconclusive


@pytest.mark.parametrize(
    "outcome", [Outcome.ABSENT, Outcome.NOT_VISIBLE, Outcome.UNCONNECTED, Outcome.INVALID]
)
def test_an_unknown_image_is_planned_with_a_warning(outcome: Outcome) -> None:
    judgement = judge([SPOT], RegistrationResponse("r", (_result(outcome),)))
    assert judgement.tokens == ("t",)
    assert [str(finding) for finding in judgement.unknown] == [
        f"shop/Deployment/web app: image 'nginx:1': {outcome.value}"
    ]


@pytest.mark.parametrize("outcome", [Outcome.UNREACHABLE, Outcome.LOGIN_REFUSED])
def test_without_an_answer_there_is_no_token(outcome: Outcome) -> None:
    judgement = judge([SPOT], RegistrationResponse("r", (_result(outcome, token=None),)))
    assert judgement.tokens == (None,)
    assert len(judgement.inconclusive) == 1
    assert not judgement.unknown


@pytest.mark.parametrize(
    "answer",
    [
        (),
        (_result(Outcome.RESOLVED), _result(Outcome.RESOLVED)),
        (_result(Outcome.RESOLVED, name="other"),),
        (_result(Outcome.RESOLVED, token=None),),
        (_result(Outcome.UNREACHABLE, token="t"),),
    ],
    ids=["too few", "too many", "another container", "no token", "a token without an answer"],
)
def test_an_answer_to_another_question_is_refused(answer: tuple[WorkloadResult, ...]) -> None:
    with pytest.raises(InvalidMessage):
        judge([SPOT], RegistrationResponse("r", answer))


def test_many_unknown_images_are_summed_up() -> None:
    spots = [SPOT] * 30
    results = tuple(_result(Outcome.ABSENT, f"nginx:{index % 15}") for index in range(30))
    lines = summary(judge(spots, RegistrationResponse("r", results)).unknown)
    assert len(lines) == 11
    assert lines[0].endswith("(and 1 more places)")
    assert lines[-1] == "and 5 more images like these"


def place(line: int, *, token: str | None = None, reason: str | None = None) -> Place:
    return Place(
        document=1,
        line=line,
        api_version="opentelemetry.io/v1alpha1",
        kind="Instrumentation",
        name="java",
        namespace="shop",
        container=None,
        field="spec.java.image",
        reference="otel/java:1",
        token=token,
        reason=reason,
    )


def test_images_where_no_token_can_go_are_told_in_one_line() -> None:
    places = [
        place(3, token="metadata.annotations"),
        place(7, reason="injected into others' pods"),
        place(9, reason="x"),
    ]
    assert tokenless(places) == [
        "2 images stand where no token can go; at line 7, Instrumentation java: injected into others' pods; "
        "`portshift images` lists them"
    ]


def test_nothing_is_told_where_every_image_has_a_token() -> None:
    assert tokenless([place(3, token="metadata.annotations")]) == []
