"""Builds: what build-info tells, what properties tell where it is hidden, and how a build is asked for."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from portshift.core.identity import Build
from portshift_bridge.clock import rfc3339
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.outbound.transport import Transport
from portshift_bridge.registries.inspecting.builds import (
    BuildInfo,
    BuildPromotion,
    Revision,
    build_of_properties,
    builds_of,
    parse_build,
)
from portshift_bridge.registries.inspecting.states import State
from portshift_bridge.registries.model import Login
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.registries.session import Session
from tests.fakes.http import Scripted
from tests.fakes.registry_answers import AnswersByPath, refusal

BUILD = Build("shop", "17")


def path_of(**properties: str) -> ManifestPath:
    held = {key.replace("_", "."): (value,) for key, value in properties.items()}
    return ManifestPath("docker-local", "app/1.0", "manifest.json", f"sha256:{'a' * 64}", properties=held)


def session(answers: dict[str, Scripted | Exception]) -> tuple[Session, AnswersByPath]:
    adapter = AnswersByPath(answers)
    base = "https://acme.example.com/artifactory"
    return Session(Transport(base, adapter=adapter, sleep=lambda _: None), Login()), adapter


def test_build_info_is_read_with_every_revision_and_promotion() -> None:
    info = parse_build(
        {
            "buildInfo": {
                "started": "2026-05-01T12:00:00.250+0200",
                "agent": {"name": "Jenkins", "version": "2.479"},
                "url": "https://ci.acme.com/17",
                "vcs": [
                    {"url": "https://git.acme.com/shop", "revision": "abc", "branch": "main"},
                    {"url": "https://git.acme.com/lib", "revision": "def"},
                ],
                "statuses": [
                    {
                        "status": "Released",
                        "repository": "docker-prod",
                        "timestamp": "2026-05-02T08:00:00.000+0000",
                        "user": "eve",
                        "ciUser": "jenkins",
                        "comment": "go",
                    }
                ],
            }
        },
        BUILD,
    )

    assert info.started is not None
    assert rfc3339(info.started) == "2026-05-01T10:00:00.250000Z"
    assert (info.agent, info.url, info.state) == ("Jenkins 2.479", "https://ci.acme.com/17", State.KNOWN)
    assert info.vcs == (
        Revision("https://git.acme.com/shop", "abc", "main"),
        Revision("https://git.acme.com/lib", "def"),
    )
    (promotion,) = info.promotions
    assert promotion.at is not None
    assert rfc3339(promotion.at) == "2026-05-02T08:00:00.000000Z"
    assert promotion == BuildPromotion(
        "Released", "docker-prod", promotion.at, user="eve", ci_user="jenkins", comment="go"
    )


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"agent": "x", "vcs": {}, "statuses": "y", "started": 3, "url": None},
        {"vcs": [3, None], "statuses": [[]], "started": "yesterday"},
    ],
)
def test_what_build_info_does_not_tell_is_absent(info: dict[str, Any]) -> None:
    assert parse_build({"buildInfo": info}, BUILD) == BuildInfo(BUILD)


def test_old_build_info_has_one_revision_beside_the_list() -> None:
    info = parse_build(
        {"buildInfo": {"vcsRevision": "abc", "vcsUrl": "u", "buildAgent": {"name": "Maven"}}}, BUILD
    )

    assert (info.vcs, info.agent) == ((Revision("u", "abc"),), "Maven")


@pytest.mark.parametrize("answer", [None, [], {}, {"buildInfo": []}])
def test_an_answer_without_build_info_is_told(answer: Any) -> None:
    with pytest.raises(UnexpectedAnswer, match="no buildInfo for shop 17"):
        parse_build(answer, BUILD)


def test_properties_name_the_build_its_start_and_its_revision() -> None:
    told = build_of_properties(
        {
            "build.name": ("shop",),
            "build.number": ("17",),
            "build.timestamp": ("1777629600250",),
            "vcs.url": ("u",),
            "vcs.revision": ("abc",),
        }
    )

    assert told == BuildInfo(BUILD, started=1_777_629_600_250_000, vcs=(Revision("u", "abc"),))


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "²", "9" * 15])
def test_a_start_that_is_no_time_is_absent(stamp: str) -> None:
    told = build_of_properties({"build.name": ("a",), "build.number": ("1",), "build.timestamp": (stamp,)})

    assert told is not None
    assert told.started is None


@pytest.mark.parametrize(
    "properties", [{}, {"build.name": ("a",)}, {"build.name": ("a",), "build.number": ("",)}]
)
def test_without_name_and_number_there_is_no_build(properties: dict[str, tuple[str, ...]]) -> None:
    assert build_of_properties(properties) is None


def test_name_and_number_are_quoted_whatever_they_hold() -> None:
    asked, adapter = session({"GET /artifactory/api/build/a/b c/7#1?": Scripted.json({"buildInfo": {}})})

    found = builds_of(asked, [path_of(build_name="a/b c", build_number="7#1?")], deadline=Deadline.after(5))

    assert found.state is State.KNOWN
    assert adapter.seen == ["GET https://acme.example.com/artifactory/api/build/a%2Fb%20c/7%231%3F"]


def test_build_info_is_completed_from_properties() -> None:
    asked, _ = session({"GET /artifactory/api/build/shop/17": Scripted.json({"buildInfo": {"url": "ci"}})})
    place = path_of(build_name="shop", build_number="17", build_timestamp="1000", vcs_url="u")

    (info,) = builds_of(asked, [place, place], deadline=Deadline.after(5)).items

    assert (info.url, info.started, info.vcs) == ("ci", 1_000_000, (Revision("u"),))


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (refusal(404, "No build was found"), State.NOT_VISIBLE),
        (refusal(403, "forbidden"), State.NOT_VISIBLE),
        (refusal(401, "Bad credentials"), State.LOGIN_REFUSED),
        (requests.ConnectTimeout(), State.UNREACHABLE),
        (Scripted.json([]), State.UNREACHABLE),
    ],
)
def test_a_build_that_is_not_shown_keeps_what_properties_tell(
    answer: Scripted | Exception, state: State
) -> None:
    asked, _ = session({"GET /artifactory/api/build/shop/17": answer})

    found = builds_of(
        asked, [path_of(build_name="shop", build_number="17", vcs_revision="abc")], deadline=Deadline.after(5)
    )

    assert (found.state, found.items[0].state, found.items[0].vcs) == (state, state, (Revision(None, "abc"),))
    assert found.reason


def test_an_image_of_no_build_asks_for_none() -> None:
    asked, adapter = session({})

    assert builds_of(asked, [path_of()], deadline=Deadline.after(5)).state is State.NOT_APPLICABLE
    assert adapter.seen == []
