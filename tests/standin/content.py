"""Files by their own path, ``/artifactory/REPO/PATH``: read, deploy, delete."""

from __future__ import annotations

from urllib.parse import unquote

from tests.standin.answers import Answer, Refusal, Request, not_found
from tests.standin.events import added_properties, docker_events
from tests.standin.properties import parse_properties
from tests.standin.storage import Storage


class Content:
    """Files that are not addressed through a package type's API."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.store = storage.store
        self.access = storage.access

    def get(self, request: Request, key: str, path: str) -> Answer:
        """HEAD or GET; only GET is a download, and not with ``skipUpdateStats=true``.

        docs.jfrog.com, artifactory/reference/retrieveartifact.
        """
        item = self.storage.readable(request, key, path)
        if item.folder:
            raise not_found(f"{path} is a folder")
        if request.method == "GET" and request.parameters.get("skipUpdateStats") != "true":
            self.store.count_download(item, user=request.user_name)
        headers = {
            "X-Checksum-Sha1": item.sha1,
            "X-Checksum-Sha256": item.sha256,
            "X-Checksum-Md5": item.md5,
            "ETag": item.sha1,
            "X-Artifactory-Filename": item.name,
        }
        content = self.store.contents.read(item.sha256)
        return Answer(body=content, headers=headers, content_type=item.mime_type)

    def put(self, request: Request, key: str, path: str) -> Answer:
        """Deploy a file, or make a folder when the path ends with ``/``; matrix parameters are properties."""
        self.access.require_login(request.user)
        repository = self.store.repositories.get(key)
        if repository is None or repository.rclass not in {"local", "federated"}:
            raise Refusal(403, f"The repository '{key}' does not take deployments")
        plain = path.rstrip("/")
        held = self.store.trees[key].get(plain)
        allowed = self.access.may_at(request.user, "deploy", key, plain)
        if held is not None and not held.folder:
            allowed = allowed and self.access.may(request.user, "delete", held)
        if not allowed:
            raise self.access.refusal(request.user, key, plain)
        self._check_shape(key, path)
        if path.endswith("/"):
            item = self.store.make_folder(key, plain, user=request.user_name)
        else:
            item = self.store.deploy(key, plain, self._content(request), user=request.user_name)
        matrix = request.raw_path.partition(";")[2]
        if matrix:
            new = parse_properties(unquote(matrix), empty_values=self.storage.switches.is_old)
            self.store.set_properties(item, {**item.properties, **new})
            self.store.announce(added_properties(item, new, user=request.user_name))
        return Answer.json(self.storage.information(request, key, item), status=201)

    def _content(self, request: Request) -> bytes:
        """The body, or with ``X-Checksum-Deploy`` what the server already holds under that checksum."""
        if request.headers.get("x-checksum-deploy", "").lower() != "true":
            return request.body
        sha256, sha1 = (request.headers.get(f"x-checksum-{kind}", "") for kind in ("sha256", "sha1"))
        if not sha256:
            sha256 = next((item.sha256 for item in self.store.every_item() if sha1 and item.sha1 == sha1), "")
        if not self.store.with_sha256(sha256):
            raise Refusal(404, f"Checksum deploy failed. No existing file with SHA1: '{sha1}'")
        return self.store.contents.read(sha256)

    def _check_shape(self, key: str, path: str) -> None:
        """Raises Refusal: 409 where a folder is in the place of a file, or a file in that of a folder."""
        tree, plain = self.store.trees[key], path.rstrip("/")
        parts = plain.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts) + path.endswith("/"))]
        under_a_file = any(place in tree and not tree[place].folder for place in above)
        over_a_folder = not path.endswith("/") and plain in tree and tree[plain].folder
        if under_a_file or over_a_folder:
            raise Refusal(409, f"A file and a folder cannot both be at {key}:{plain}")

    def delete(self, request: Request, key: str, path: str) -> Answer:
        self.access.require_login(request.user)
        if key not in self.store.trees:
            raise not_found()
        item = self.storage.readable(request, key, path)
        if not self.access.may(request.user, "delete", item):
            raise self.access.refusal(request.user, key, path)
        self.store.announce(docker_events(self.store, "deleted", item, user=request.user_name))
        self.store.delete(item)
        return Answer(status=204)
