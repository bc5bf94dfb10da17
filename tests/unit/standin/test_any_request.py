"""Whatever is asked, the stand-in answers: no fault of its own may look like Artifactory's."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.standin import Standin
from tests.unit.standin.client import Client

_STARTS = st.sampled_from(
    [
        "api/docker/docker-local/v2/team/app/manifests/",
        "api/docker/docker/v2/team/app/blobs/uploads/",
        "api/docker/hub/v2/",
        "api/docker/docker-local/v2/promote",
        "api/docker/docker-local/v2/parentManifests",
        "api/storage/docker-local/",
        "api/storage/hub/",
        "api/metadata/docker-local/",
        "api/search/",
        "api/build/",
        "api/",
        "docker-local/",
        "",
    ]
)
_WORDS = st.sampled_from(
    [
        "team",
        "app",
        "1.0",
        "manifest.json",
        "aql",
        "checksum",
        "tags",
        "list",
        "sha256:" + "0" * 64,
        "",
        "..",
        "é",
    ]
)
_ENDS = st.lists(_WORDS | st.text(max_size=3), max_size=4).map(lambda parts: "/".join(map(quote, parts)))
_QUERIES = st.sampled_from(
    [
        "",
        "properties",
        "properties=a=1",
        "list&deep=1",
        "stats",
        "lastModified",
        "permissions",
        "n=1",
        "digest=x",
    ]
)
_BODIES = st.sampled_from(
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b'{"props":1}',
        b"items.find()",
        b'{"name":[]}',
        b'{"dockerRepository":1}',
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]), _STARTS, _ENDS, _QUERIES, _BODIES)
def test_every_request_has_an_answer(method: str, start: str, end: str, query: str, body: bytes) -> None:
    standin = Standin()
    standin.add_repository("docker-local")
    standin.add_repository("hub", "remote", remote_url="https://hub.example.com")
    standin.add_repository("docker", "virtual", members=["docker-local", "hub"])
    standin.push_image("docker-local", "team/app", "1.0", index=True)

    assert 200 <= Client(standin).raw(method, f"/artifactory/{start}{end}", query, body=body) < 500
