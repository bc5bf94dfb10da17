"""Artifactory's events: who may send them, and what they hint at."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portshift.core.errors import InvalidMessage
from portshift_bridge.watching.events import Hint, Kind, authentic, hints_of

SECRET = "c0ffee"
BODY = b'{"domain":"docker"}'
SIGNATURE = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()

# As jfrog.com/help, "Domain: Docker", shows a push into a remote's cache.
DOCUMENTED = {
    "repo_key": "docker-remote-cache",
    "event_type": "pushed",
    "path": "library/ubuntu/latest/list.manifest.json",
    "name": "list.manifest.json",
    "sha256": "35c4a2c15539c6c1e4e5fa4e554dac323ad0107d8eb5c582d6ff386b383b7dce",
    "size": 1206,
    "image_name": "library/ubuntu",
    "tag": "latest",
    "platforms": [{"architecture": "amd64", "os": "linux"}],
}


def event(domain: str, kind: str, **data: Any) -> bytes:
    return json.dumps(
        {
            "domain": domain,
            "event_type": kind,
            "data": data,
            "subscription_key": "portshift",
            "jpd_origin": "https://acme.jfrog.io",
            "source": "jfrog/bob",
        }
    ).encode()


@pytest.mark.parametrize(
    "header",
    [SECRET, SIGNATURE, SIGNATURE.upper(), f"sha256={SIGNATURE}", f" {SIGNATURE} "],
    ids=["plain", "signed", "upper case", "prefix", "spaces"],
)
def test_the_secret_or_the_bodys_signature_authenticates(header: str) -> None:
    assert authentic(header, BODY, SECRET)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        "c0ffe",
        "C0FFEE",
        f"sha256={SECRET}",
        hmac.new(b"other", BODY, hashlib.sha256).hexdigest(),
        hmac.new(SECRET.encode(), BODY + b" ", hashlib.sha256).hexdigest(),
        f"sha1={hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()}",
        "\udcff",
        "ÿ",
    ],
)
def test_anything_else_does_not(header: str) -> None:
    assert not authentic(header, BODY, SECRET)


@pytest.mark.parametrize(
    ("body", "hints"),
    [
        (
            event("docker", "pushed", **DOCUMENTED),
            {Hint(Kind.READ, "docker-remote-cache", "library/ubuntu/latest")},
        ),
        (
            event("docker", "pushed", repo_key="r", path="team/app/1.0/manifest.json", name="manifest.json"),
            {Hint(Kind.READ, "r", "team/app/1.0")},
        ),
        (
            event("docker", "deleted", repo_key="r", image_name="team/app", tag="1.0"),
            {Hint(Kind.COMPARE, "r", "team/app")},
        ),
        (
            event("docker", "promoted", repo_key="r", image_name="app", tag="1", target_repo="prod"),
            {Hint(Kind.COMPARE, "r", "app"), Hint(Kind.READ, "prod", "app/1")},
        ),
        (
            event(
                *("artifact_property", "added"),
                repo_key="r",
                path="app/1/manifest.json",
                property_key="build.name",
                property_values=["shop"],
            ),
            {Hint(Kind.READ, "r", "app/1")},
        ),
        (
            event(*("artifact_property", "deleted"), repo_key="r", path="app/1/sha256__ab", property_key="x"),
            {Hint(Kind.READ, "r", "app/1")},
        ),
        (
            event("artifact_property", "added", repo_key="r", path="app/1", property_key="x"),
            {Hint(Kind.READ, "r", "app/1")},
        ),
    ],
    ids=["documented", "path", "deleted", "promoted", "property", "of a layer", "of a folder"],
)
def test_an_event_hints_at_the_places_it_names(body: bytes, hints: set[Hint]) -> None:
    assert hints_of(body) == hints


@pytest.mark.parametrize(
    "body",
    [
        event(
            *("artifact_property", "added"),
            repo_key="r",
            path="app/1/manifest.json",
            property_key="portshift.lastSeen",
        ),
        event("artifact_property", "added", repo_key="r", path="notes.txt", property_key="x"),
        event("build", "uploaded", build_name="x"),
        event("docker", "invented", repo_key="r", image_name="app", tag="1"),
        event("docker", "pushed", repo_key="r/../x", image_name="app", tag="1"),
        event("docker", "pushed", repo_key="r", image_name="../app", tag="1"),
        event("docker", "pushed", repo_key="r", image_name="*", tag="?"),
        event("docker", "pushed", repo_key="r", image_name="a" * 3_000, tag="1"),
        event("docker", "pushed", repo_key="r", image_name="app\n", tag="1"),
        event("docker", "pushed", repo_key=7, image_name=["app"], tag={}),
        b'{"domain": "docker", "event_type": "pushed", "data": []}',
        b"{}",
    ],
)
def test_what_names_no_place_and_what_we_wrote_ourselves_causes_nothing(body: bytes) -> None:
    assert hints_of(body) == frozenset()


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'"x"', b"[" * 100_000, b"{"])
def test_garbage_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidMessage):
        hints_of(body)


@given(
    st.dictionaries(
        st.sampled_from([*DOCUMENTED, "property_key", "target_repo", "target_tag"]),
        st.text() | st.integers() | st.none() | st.lists(st.text()),
    ),
    st.sampled_from(["docker", "artifact_property", "artifact", ""]),
    st.sampled_from(["pushed", "deleted", "promoted", "added", ""]),
)
def test_no_event_leads_outside_a_repository(data: dict[str, Any], domain: str, kind: str) -> None:
    for hint in hints_of(event(domain, kind, **data)):
        assert "/" not in hint.repository
        assert not {"", ".", ".."} & set(hint.path.split("/"))
        assert not set('*?\\"\n') & set(hint.path)
