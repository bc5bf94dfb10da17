"""The Docker registry API of a repository: uploads, manifests put and deleted."""

from __future__ import annotations

import hashlib
import json
import uuid

from tests.standin.access import Access
from tests.standin.answers import Answer, Request
from tests.standin.docker import API_VERSION, DockerRefusal, manifest_unknown
from tests.standin.events import docker_events
from tests.standin.images import INDEXES, digest_of
from tests.standin.layout import UPLOADS, UnknownBlob, find_manifest, folder_of, is_digest, put_manifest
from tests.standin.model import Repository
from tests.standin.store import Store
from tests.standin.switches import Switches


class DockerWriter:
    """Pushes into local and federated repositories, and into a virtual's default deployment repository."""

    def __init__(self, store: Store, access: Access, switches: Switches) -> None:
        self.store = store
        self.access = access
        self.switches = switches
        self._uploads: dict[str, bytearray] = {}

    def target(self, request: Request, key: str, image: str, action: str = "deploy") -> Repository:
        """The repository that a write to ``key`` goes to.

        Raises:
            DockerRefusal: it takes no writes, or the user may not write there.

        """
        repository = self.store.configuration(key)
        if repository is not None and repository.rclass == "virtual":
            repository = self.store.configuration(repository.default_deployment_repo or "")
        if repository is None or repository.rclass not in {"local", "federated"}:
            raise DockerRefusal(403, "DENIED", f"No local repository to deploy to behind {key}")
        if not self.access.may_at(request.user, "deploy", repository.key, f"{image}/"):
            message = f"Not enough permissions to {action} '{repository.key}:{image}'"
            raise DockerRefusal(403, "DENIED", message)
        return repository

    def start_upload(self, request: Request, key: str, image: str) -> Answer:
        """POST: a mount, a monolithic upload, or an upload to be continued."""
        repository = self.target(request, key, image)
        parameters = request.parameters
        mounted = parameters.get("mount", "").removeprefix("sha256:")
        if mounted and mounted in self.store.contents:
            return self._created(request, f"sha256:{mounted}")
        upload = str(uuid.uuid4())
        self._uploads[upload] = bytearray(request.body)
        if "digest" in parameters:
            return self._finish(request, repository, image, upload, parameters["digest"])
        return self._accepted(request, upload)

    def continue_upload(self, request: Request, key: str, image: str, upload: str) -> Answer:
        """PATCH appends; PUT appends and ends; GET says how far it is; DELETE gives up."""
        repository = self.target(request, key, image)
        if upload not in self._uploads:
            raise DockerRefusal(404, "BLOB_UPLOAD_UNKNOWN", f"blob upload unknown to registry: {upload}")
        if request.method == "DELETE":
            del self._uploads[upload]
            return Answer(status=204)
        self._uploads[upload] += request.body
        if request.method == "PUT":
            return self._finish(request, repository, image, upload, request.parameters.get("digest", ""))
        return self._accepted(request, upload)

    def put_manifest(self, request: Request, key: str, image: str, reference: str) -> Answer:
        repository = self.target(request, key, image)
        digest = digest_of(request.body)
        if is_digest(reference) and reference != digest:
            raise DockerRefusal(400, "DIGEST_INVALID", f"provided digest did not match: {reference}")
        self._check_overwrite(request, repository, image, reference)
        try:
            document = json.loads(request.body)
            media_type = request.headers.get("content-type") or document["mediaType"]
            self._check_children(repository, image, document if media_type in INDEXES else {})
            item = put_manifest(
                self.store,
                repository,
                image,
                reference,
                content=request.body,
                media_type=media_type,
                user=request.user_name,
                keep_properties=self.switches.properties_survive_repush,
            )
        except UnknownBlob as missing:
            raise DockerRefusal(404, "BLOB_UNKNOWN", f"blob unknown to registry: {missing}") from missing
        except (ValueError, KeyError, TypeError, AttributeError) as invalid:
            raise DockerRefusal(400, "MANIFEST_INVALID", f"manifest invalid: {invalid!r}") from invalid
        self.store.announce(docker_events(self.store, "pushed", item, user=request.user_name))
        headers = {
            **API_VERSION,
            "Docker-Content-Digest": digest,
            "Location": f"{request.base}{request.path.rpartition('/')[0]}/{digest}",
        }
        return Answer(status=201, headers=headers)

    def delete_manifest(self, request: Request, key: str, image: str, reference: str) -> Answer:
        repository = self.target(request, key, image, "delete")
        item = find_manifest(self.store, repository, image, reference)
        if item is None:
            raise manifest_unknown(reference)
        if not self.access.may(request.user, "delete", item):
            raise DockerRefusal(403, "DENIED", f"Not enough permissions to delete '{item.repo}:{item.path}'")
        self.store.announce(docker_events(self.store, "deleted", item, user=request.user_name))
        self.store.delete(self.store.trees[item.repo][item.parent])
        return Answer(status=202, headers=API_VERSION)

    def _check_overwrite(self, request: Request, repository: Repository, image: str, reference: str) -> None:
        """Replacing a tag needs the delete permission, as replacing any file does."""
        held = find_manifest(self.store, repository, image, reference)
        if held is None or is_digest(reference) or held.sha256 == hashlib.sha256(request.body).hexdigest():
            return
        if not self.access.may(request.user, "delete", held):
            path = folder_of(repository, image, reference)
            message = f"Not enough permissions to overwrite '{held.repo}:{path}'"
            raise DockerRefusal(403, "DENIED", message)

    def _check_children(
        self, repository: Repository, image: str, document: dict[str, list[dict[str, str]]]
    ) -> None:
        for child in document.get("manifests", ()):
            if find_manifest(self.store, repository, image, child["digest"]) is None:
                raise UnknownBlob(child["digest"])

    def _finish(
        self, request: Request, repository: Repository, image: str, upload: str, digest: str
    ) -> Answer:
        content = bytes(self._uploads.pop(upload))
        if digest_of(content) != digest:
            raise DockerRefusal(400, "DIGEST_INVALID", f"provided digest did not match: {digest}")
        path = f"{image}/{UPLOADS}/sha256__{digest.removeprefix('sha256:')}"
        self.store.deploy(repository.key, path, content, user=request.user_name)
        return self._created(request, digest)

    def _created(self, request: Request, digest: str) -> Answer:
        location = f"{request.base}{request.path.partition('/blobs/uploads')[0]}/blobs/{digest}"
        headers = {**API_VERSION, "Docker-Content-Digest": digest, "Location": location}
        return Answer(status=201, headers=headers)

    def _accepted(self, request: Request, upload: str) -> Answer:
        location = f"{request.base}{request.path.partition('/blobs/uploads')[0]}/blobs/uploads/{upload}"
        end = max(len(self._uploads[upload]) - 1, 0)
        headers = {
            **API_VERSION,
            "Docker-Upload-UUID": upload,
            "Location": location,
            "Range": f"0-{end}",
        }
        return Answer(status=202 if request.method != "GET" else 204, headers=headers)
