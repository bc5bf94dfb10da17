"""Release bundles: found by their contents, within bounds, and unknown where the login may not look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests

from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.transport import Transport
from portshift_bridge.registries.inspecting.bundles import MAX_VERSIONS, Bundle, BundlePromotion, bundles_of
from portshift_bridge.registries.inspecting.states import Group, State
from portshift_bridge.registries.model import Login, LoginKind
from portshift_bridge.registries.session import Session
from tests.fakes.http import Scripted, ScriptedAdapter
from tests.fakes.registry_answers import AnswersByPath, refusal

DIGEST = f"sha256:{'a' * 64}"
API = "GET /lifecycle/api/v2"
NOW = (7, 125)


def ask(adapter: ScriptedAdapter, version: tuple[int, ...] | None = NOW) -> Group[Bundle]:
    base = "https://acme.example.com/artifactory"
    asked = Session(
        Transport(base, adapter=adapter, sleep=lambda _: None), Login(LoginKind.PASSWORD, "bob", "x")
    )
    return bundles_of(asked, DIGEST, version=version, deadline=Deadline.after(5))


def rows(key: str, *entries: Mapping[str, Any]) -> Scripted:
    return Scripted.json({key: entries})


def named(*names: str, repository: str = "release-bundles-v2") -> Scripted:
    entries = [{"release_bundle_name": name, "repository_key": repository} for name in names]
    return rows("release_bundles", *entries)


def version(text: str) -> dict[str, str]:
    return {"release_bundle_version": text, "status": "COMPLETED", "created_by": "eve"}


def holding(*digests: str) -> Scripted:
    return rows("artifacts", *({"checksum": digest.removeprefix("sha256:")} for digest in digests))


def shop() -> AnswersByPath:
    """Bundle shop: version 2 holds the digest and was promoted, version 1 does not."""
    return AnswersByPath(
        {
            f"{API}/release_bundle/names": named("shop"),
            f"{API}/release_bundle/records/shop": rows("release_bundles", version("2"), version("1")),
            f"{API}/release_bundle/records/shop/2": holding("sha256:other", DIGEST),
            f"{API}/release_bundle/records/shop/1": holding("sha256:other"),
            f"{API}/promotion/records/shop/2": rows(
                "promotions", {"status": "FAILED", "environment": "PROD", "created_by": "eve"}
            ),
        }
    )


def test_the_versions_that_contain_the_digest_are_found_with_their_promotions() -> None:
    adapter = shop()

    found = ask(adapter)

    promotion = BundlePromotion("FAILED", "PROD", user="eve")
    assert found == Group(
        State.KNOWN,
        (Bundle("shop", "2", "release-bundles-v2", "COMPLETED", created_by="eve", promotions=(promotion,)),),
    )
    assert all(
        "repository_key=release-bundles-v2" in url for url in adapter.seen if not url.endswith("/names")
    )


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_where_the_login_may_not_look_bundles_are_unknown(status: int) -> None:
    adapter = AnswersByPath({f"{API}/release_bundle/names": refusal(status, "Permission Denied")})

    found = ask(adapter)

    assert (found.state, found.items) == (State.UNKNOWN, ())
    assert str(status) in str(found.reason)


def test_one_version_that_may_not_be_read_leaves_the_others() -> None:
    adapter = shop()
    adapter.answers[f"{API}/release_bundle/records/shop/1"] = refusal(403, "Permission Denied")

    found = ask(adapter)

    assert (found.state, [bundle.version for bundle in found.items]) == (State.UNKNOWN, ["2"])
    assert "1 of 2 release bundle versions could not be read" in str(found.reason)


def test_promotions_that_may_not_be_read_leave_the_bundle() -> None:
    adapter = shop()
    adapter.answers[f"{API}/promotion/records/shop/2"] = refusal(403, "Permission Denied")

    found = ask(adapter)

    assert (found.state, [bundle.version for bundle in found.items]) == (State.UNKNOWN, ["2"])


def test_an_artifactory_without_release_bundles_is_not_asked() -> None:
    adapter = AnswersByPath()

    assert ask(adapter, (7, 63, 1)).state is State.NOT_APPLICABLE
    assert adapter.seen == []
    assert ask(adapter, None).state is State.UNKNOWN


@pytest.mark.parametrize("answer", [[], {}, {"release_bundles": {}}, {"release_bundles": [3]}])
def test_an_answer_of_another_form_is_unknown(answer: Any) -> None:
    adapter = AnswersByPath({f"{API}/release_bundle/names": Scripted.json(answer)})

    assert ask(adapter).state is State.UNKNOWN


def test_contents_are_read_page_by_page_until_the_digest_is_found() -> None:
    every = [{"checksum": str(number)} for number in range(2_500)] + [{"checksum": "a" * 64}]

    def answer(request: requests.PreparedRequest) -> Scripted:
        parts = urlsplit(str(request.url))
        query = {key: int(values[0]) for key, values in parse_qs(parts.query).items() if values[0].isdigit()}
        if parts.path.endswith("release_bundle/records/shop/2"):
            return rows("artifacts", *every[query["offset"] : query["offset"] + query["limit"]])
        return shop().answers[f"GET {unquote(parts.path)}"]  # type: ignore[return-value]

    assert [bundle.version for bundle in ask(ScriptedAdapter(answer)).items] == ["2"]


def test_a_server_that_pages_contents_not_at_all_is_asked_once() -> None:
    adapter = shop()
    adapter.answers[f"{API}/release_bundle/records/shop/1"] = holding(*map(str, range(1_500)))

    assert ask(adapter).state is State.KNOWN
    assert len([url for url in adapter.seen if "/records/shop/1" in url]) == 1


def test_more_versions_than_the_bound_are_told_and_not_read() -> None:
    def answer(request: requests.PreparedRequest) -> Scripted:
        path = urlsplit(str(request.url)).path
        if path.endswith("/names"):
            return named(*(f"bundle-{number}" for number in range(500)))
        return rows("release_bundles", version("1")) if path.count("/") == 6 else holding()

    adapter = ScriptedAdapter(answer)

    found = ask(adapter)

    assert found.state is State.UNKNOWN
    assert f"only {MAX_VERSIONS} release bundle versions were read" in str(found.reason)
    assert len(adapter.requests) <= 2 * MAX_VERSIONS + 2


def test_names_and_versions_are_quoted() -> None:
    adapter = AnswersByPath(
        {
            f"{API}/release_bundle/names": named("a/b"),
            f"{API}/release_bundle/records/a/b": rows("release_bundles", version("1 2")),
            f"{API}/release_bundle/records/a/b/1 2": holding(),
        }
    )

    assert ask(adapter).state is State.KNOWN
    assert any("/records/a%2Fb/1%202?" in url for url in adapter.seen)
