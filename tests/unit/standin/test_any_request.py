"""Whatever is asked, the stand-in answers: no fault of its own may look like Artifactory's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.standin import Standin
from tests.unit.standin.client import Client

SUBSCRIPTION = json.dumps(
    {
        "key": "portshift",
        "event_filter": {
            "domain": "docker",
            "event_types": ["pushed", "deleted", "promoted"],
            "criteria": {"anyLocal": 1, "repoKeys": [1], "includePatterns": ["**", 2]},
        },
        "handlers": [{"handler_type": "webhook", "url": "https://example.com", "secret": 1}],
    }
).encode()
_STARTS = st.sampled_from(
    [
        "/lifecycle/api/v2/release_bundle/records/shop/",
        "/lifecycle/api/v2/release_bundle/",
        "/lifecycle/api/v2/promotion/records/shop/",
        "/lifecycle/",
        "/event/api/v1/subscriptions/",
        "/event/api/v1/subscriptions/portshift",
        "api/copy/docker-local/",
        "api/move/docker-local/team/",
        "api/plugins/",
        "api/build/promote/app/7",
        "api/system/",
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
        "to=/docker-local/new",
        "to=/docker-local/team&dry=1",
        "to=docker",
        "offset=1&limit=%C2%B2",
        "repository_key=x&project=y",
        "last=a&n=0",
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
        b'{"status":[],"dryRun":0}',
        b'{"key":"portshift","event_filter":{"domain":[],"event_types":{}},"handlers":[1]}',
        SUBSCRIPTION,
    ]
)


def taken(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """In place of the network."""
    return 200


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]), _STARTS, _ENDS, _QUERIES, _BODIES)
def test_every_request_has_an_answer(method: str, start: str, end: str, query: str, body: bytes) -> None:
    standin = Standin(post=taken)
    standin.add_repository("docker-local")
    standin.add_repository("hub", "remote", remote_url="https://hub.example.com")
    standin.add_repository("docker", "virtual", members=["docker-local", "hub"])
    standin.push_image("docker-local", "team/app", "1.0", index=True)
    standin.publish_build("app", "7", [("docker-local", "team/app", "1.0")])
    standin.add_release_bundle("shop", "1", [("docker-local", "team/app", "1.0")])
    client = Client(standin)
    assert client.raw("POST", "/event/api/v1/subscriptions", "", body=SUBSCRIPTION) == 201
    path = f"{start}{end}" if start.startswith("/") else f"/artifactory/{start}{end}"

    assert 200 <= client.raw(method, path, query, body=body) < 500
    standin.sender.close()
