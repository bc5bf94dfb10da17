"""A requests adapter that answers by method and path, as one registry that a test writes down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import requests

from tests.fakes.http import Scripted, ScriptedAdapter

LAYER = {"digest": f"sha256:{'9' * 64}", "size": 1_000}


class AnswersByPath(ScriptedAdapter):
    """``answers`` by ``METHOD path`` (below the host, unquoted); what is not there is a 404."""

    def __init__(self, answers: Mapping[str, Scripted | Exception] | None = None) -> None:
        super().__init__(self._answer)
        self.answers = dict(answers or {})

    def _answer(self, request: requests.PreparedRequest) -> Scripted:
        path = unquote(urlsplit(str(request.url)).path)
        found = self.answers.get(f"{request.method} {path}", refusal(404, "Not Found"))
        if isinstance(found, Exception):
            raise found
        return found

    def asked(self, method: str, path: str) -> list[dict[str, Any]]:
        """The JSON bodies of the requests to a path; empty ones as empty objects."""
        return [
            json.loads(request.body or b"{}")
            for request in self.requests
            if request.method == method and unquote(urlsplit(str(request.url)).path) == path
        ]


def refusal(status: int, message: str) -> Scripted:
    """Artifactory's form of an error."""
    return Scripted.json({"errors": [{"status": status, "message": message}]}, status=status)


def image(platform: str = "linux/amd64", **config: Any) -> tuple[bytes, bytes]:
    """A manifest and its configuration."""
    names = ("os", "architecture", "variant")
    told = dict(zip(names, platform.split("/"), strict=False))
    inner = json.dumps({**told, **config}).encode()
    manifest = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest_of(inner),
            "size": len(inner),
        },
        "layers": [LAYER],
    }
    return json.dumps(manifest).encode(), inner


def index(*children: Mapping[str, Any]) -> bytes:
    """A list of manifests."""
    media_type = "application/vnd.oci.image.index.v1+json"
    return json.dumps({"mediaType": media_type, "manifests": children}).encode()


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def row(
    digest: str,
    path: str = "app/1.0",
    *,
    repo: str = "docker-local",
    name: str = "manifest.json",
    properties: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """A row of AQL's answer."""
    return {
        "repo": repo,
        "path": path,
        "name": name,
        "sha256": digest.removeprefix("sha256:"),
        "created": "2026-05-01T10:00:00.000Z",
        "modified": "2026-05-01T10:00:00.000Z",
        "properties": [
            {"key": key, "value": value} for key, values in (properties or {}).items() for value in values
        ],
    }


def registry_with(*rows: Mapping[str, Any], version: str = "7.125.4") -> AnswersByPath:
    """A registry whose AQL finds these rows, served to Docker, and nothing else."""
    adapter = AnswersByPath(
        {
            "GET /artifactory/api/system/version": Scripted.json({"version": version}),
            "POST /artifactory/api/search/aql": Scripted.json({"results": list(rows)}),
            "GET /lifecycle/api/v2/release_bundle/names": Scripted.json({"release_bundles": []}),
        }
    )
    for each in rows:
        digest, repo = f"sha256:{each['sha256']}", str(each["repo"]).removesuffix("-cache")
        image_path = str(each["path"]).rpartition("/")[0]
        adapter.answers[f"HEAD /artifactory/api/docker/{repo}/v2/{image_path}/manifests/{digest}"] = Scripted(
            200, headers={"Docker-Content-Digest": digest}
        )
        adapter.answers[f"POST /artifactory/api/docker/{repo}/v2/parentManifests"] = Scripted.json(
            {"parentManifestLists": []}
        )
    return adapter


def stores(adapter: AnswersByPath, manifest: bytes, config: bytes | None, folder: str) -> None:
    """Have the registry hand out a manifest's bytes in ``repo/path``, and its configuration's if given."""
    name = "list.manifest.json" if b'"manifests"' in manifest else "manifest.json"
    adapter.answers[f"GET /artifactory/{folder}/{name}"] = Scripted(200, manifest)
    if config is not None:
        file = digest_of(config).replace(":", "__")
        adapter.answers[f"GET /artifactory/{folder}/{file}"] = Scripted(200, config)
