"""The Docker registry API of a repository: reading (facts §1, §2 Docker)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request
from tests.standin.events import docker_events
from tests.standin.layout import (
    CHILD_FOLDERS,
    MANIFEST_NAMES,
    blobs_below,
    find_manifest,
    is_digest,
    keep_layer,
    put_manifest,
    stored_name,
)
from tests.standin.model import Item, Repository
from tests.standin.store import Store
from tests.standin.switches import Switches
from tests.standin.upstream import Source

API_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


class DockerRefusal(Refusal):
    """A refusal in the registry's form: ``{"errors":[{"code","message","detail"}]}``."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, message, headers=headers)
        self.code = code

    def answer(self) -> Answer:
        error = {"code": self.code, "message": self.message, "detail": None}
        return Answer.json(
            {"errors": [error]},
            status=self.status,
            content_type="application/json;charset=ISO-8859-1",
            headers={**API_VERSION, **self.headers},
        )


def manifest_unknown(reference: str) -> DockerRefusal:
    return DockerRefusal(
        404, "MANIFEST_UNKNOWN", f"The named manifest is not known to the registry: {reference}"
    )


@dataclass(frozen=True)
class Found:
    """A manifest to serve; ``item`` is None when it was only passed through from the upstream."""

    content: bytes
    media_type: str
    digest: str
    item: Item | None


class DockerReader:
    """Manifests, blobs, tags and the token of Docker repositories."""

    def __init__(self, store: Store, access: Access, switches: Switches, sources: list[Source]) -> None:
        self.store = store
        self.access = access
        self.switches = switches
        self.sources = sources
        self.blocked: list[tuple[str, str, str | None]] = []

    def challenge(self, request: Request, key: str, image: str | None, actions: str) -> DockerRefusal:
        """401 with the token endpoint; a HEAD's challenge names no scope (containerd#3556)."""
        host = request.headers.get("host", "")
        value = f'Bearer realm="{request.base}/artifactory/api/docker/{key}/v2/token",service="{host}"'
        if image is not None and request.method != "HEAD":
            value += f',scope="repository:{image}:{actions}"'
        headers = {"WWW-Authenticate": value}
        return DockerRefusal(401, "UNAUTHORIZED", "authentication required", headers=headers)

    def ping(self) -> Answer:
        return Answer.json({}, headers=API_VERSION)

    def token(self, request: Request) -> Answer:
        """A token for the Basic credentials; POST is not allowed (containerd/nerdctl#4244)."""
        if request.method != "GET":
            raise Refusal(405)
        user = self.access.require_login(request.user)
        seconds = self.switches.docker_token_seconds
        scopes = tuple(scope for text in request.every("scope") for scope in text.split())
        token = self.access.docker_tokens.issue(user.name, scopes, seconds=seconds)
        return Answer.json({"token": token, "expires_in": seconds})

    def may_ask(self, request: Request, key: str, image: str | None) -> bool:
        """Whether the request carries what the registry's API takes: by default a token for the image.

        Basic credentials do as well, unless the switch says that they must be exchanged for a token.
        """
        if request.user is None:
            return False
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            return self.switches.docker_basic
        token = self.access.docker_tokens.find(text)
        if token is None or image is None or not self.switches.docker_token_scopes:
            return True
        action = "pull" if request.method in {"GET", "HEAD"} else "push"
        return token.covers({image, f"{key}/{image}"}, action)

    def repository(self, request: Request, key: str) -> Repository:
        repository = self.store.configuration(key)
        if repository is None or repository.package_type != "docker":
            raise DockerRefusal(404, "NAME_UNKNOWN", f"Repository name not known to registry: {key}")
        return repository

    def manifest(self, request: Request, key: str, image: str, reference: str) -> Answer:
        """HEAD or GET of a manifest, by tag or digest; only GET is a download."""
        keep = request.method == "GET" or self.switches.remote_head_caches
        found = self.find(request, key, image, reference, keep=keep)
        if found is None:
            raise manifest_unknown(reference)
        self._check_blocked(key, image, reference)
        accept = request.headers.get("accept", "*/*")
        if self.switches.unaccepted_manifest == "404" and not _accepts(accept, found.media_type):
            raise manifest_unknown(reference)
        if request.method == "GET" and found.item is not None:
            self.store.count_download(found.item, user=request.user_name)
        headers = {
            **API_VERSION,
            "Docker-Content-Digest": found.digest,
            "X-Artifactory-Docker-Registry": key,
            "ETag": found.digest,
        }
        return Answer(body=found.content, headers=headers, content_type=found.media_type)

    def find(
        self, request: Request, key: str, image: str, reference: str, *, keep: bool = True
    ) -> Found | None:
        """The manifest behind a reference, from storage or a remote's upstream.

        Raises:
            DockerRefusal: it is there, but the user may not read it.

        """
        for repository in self._physical(key):
            item = find_manifest(self.store, repository, image, reference)
            if item is not None and self._readable(request, item.repo, item.path):
                return self._stored(item)
        for repository in self._physical(key):
            for source in self.sources:
                fetched = source.manifest(repository.key, image, reference)
                path = f"{stored_name(repository, image)}/{reference}/manifest.json"
                if fetched is None or not self._readable(request, repository.storage_key, path):
                    continue
                if not keep:
                    return Found(fetched.content, fetched.media_type, fetched.digest, None)
                for blob in fetched.blobs:
                    self.store.contents.add(blob)
                item = put_manifest(
                    self.store,
                    repository,
                    image,
                    reference,
                    content=fetched.content,
                    media_type=fetched.media_type,
                    user=request.user_name,
                    digest=fetched.digest,
                    lazy_layers=self.switches.lazy_layers,
                )
                self.store.announce(docker_events(self.store, "pushed", item, user=request.user_name))
                return self._stored(item)
        return None

    def blob(self, request: Request, key: str, image: str, digest: str) -> Answer:
        """HEAD or GET of a config or layer."""
        for repository in self._physical(key):
            for item in blobs_below(self.store, repository, image, digest):
                if self.access.may(request.user, "read", item):
                    if request.method == "GET":
                        self.store.count_download(item, user=request.user_name)
                    return _blob(self.store.contents.read(item.sha256), digest)
            for source in self.sources:
                content = source.blob(repository.key, image, digest)
                path = f"{stored_name(repository, image)}/{digest}"
                if content is not None and self._readable(request, repository.storage_key, path):
                    if request.method == "GET":
                        keep_layer(self.store, repository, image, digest, content, user=request.user_name)
                    return _blob(content, digest)
        raise DockerRefusal(404, "BLOB_UNKNOWN", f"blob unknown to registry: {digest}")

    def catalog(self, request: Request, key: str) -> Answer:
        names: set[str] = set()
        for repository in self._physical(key):
            tree = self.store.trees[repository.storage_key]
            for item in self.store.in_repository(repository.storage_key):
                image = item.parent.rpartition("/")[0]
                if item.name in MANIFEST_NAMES and image not in names:
                    names.update(image for _ in self._tags_among(request, [tree[item.parent]]))
        return self._page(request, {"repositories": names})

    def tags(self, request: Request, key: str, image: str) -> Answer:
        folders = {
            path.rpartition("/")[2]
            for repository in self._physical(key)
            if (folder := self.store.trees[repository.storage_key].get(stored_name(repository, image)))
            for path in self._tags_among(request, folder.children.values())
        }
        if not folders:
            raise DockerRefusal(404, "NAME_UNKNOWN", f"Repository name not known to registry: {image}")
        return self._page(request, {"tags": folders}, name=image)

    def _tags_among(self, request: Request, folders: Iterable[Item]) -> Iterator[str]:
        """The paths of those folders that hold a tag's manifest that may be read."""
        for folder in folders:
            manifests = (folder.children[name] for name in MANIFEST_NAMES if name in folder.children)
            readable = any(self.access.may(request.user, "read", manifest) for manifest in manifests)
            if readable and not folder.name.startswith(CHILD_FOLDERS):
                yield folder.path

    def _page(self, request: Request, listed: dict[str, set[str]], **rest: str) -> Answer:
        """The names after ``last``, at most ``n`` of them; a link leads to the next page."""
        [(title, names)] = listed.items()
        parameters = request.parameters if self.switches.tag_paging else {}
        remaining = sorted(name for name in names if name > parameters.get("last", ""))
        asked = parameters.get("n", "")
        sizes = [int(asked)] if asked.isascii() and asked.isdigit() else []
        size = min([*sizes, self.switches.docker_page or len(remaining)])
        headers = dict(API_VERSION)
        if 0 < size < len(remaining):
            last = quote(remaining[size - 1], safe="")
            headers["Link"] = f'<{request.path}?last={last}&n={size}>; rel="next"'
        return Answer.json({**rest, title: remaining[:size]}, headers=headers)

    def _physical(self, key: str) -> Iterator[Repository]:
        for storage_key in self.store.physical(key):
            repository = self.store.configuration(storage_key)
            if repository is not None:
                yield repository

    def _readable(self, request: Request, repo: str, path: str) -> bool:
        if self.access.may_at(request.user, "read", repo, path):
            return True
        status = self.switches.docker_unreadable
        if status == 404:
            return False
        message = f"The access to the requested resource '{repo}:{path}' is denied"
        raise DockerRefusal(status, "DENIED" if status == 403 else "UNAUTHORIZED", message)

    def _stored(self, item: Item) -> Found | None:
        """The manifest of an item; without the properties of a manifest it can't be pulled (facts §1)."""
        media_type = item.properties.get("docker.manifest.type")
        if not media_type or "docker.manifest.digest" not in item.properties:
            return None
        content = self.store.contents.read(item.sha256)
        return Found(content, media_type[0], f"sha256:{item.sha256}", item)

    def _check_blocked(self, key: str, image: str, reference: str) -> None:
        keys = {key, *self.store.physical(key)}
        for blocked_key, blocked_image, blocked_reference in self.blocked:
            if blocked_key in keys and blocked_image == image and blocked_reference in {None, reference}:
                message = f"Artifact download request rejected: {image}:{reference} was blocked by Xray"
                raise DockerRefusal(403, "DENIED", message)


def _accepts(accept: str, media_type: str) -> bool:
    offered = {part.partition(";")[0].strip() for part in accept.split(",")}
    return bool(offered & {"*/*", "application/*", media_type})


def _blob(content: bytes, digest: str) -> Answer:
    headers = {**API_VERSION, "Docker-Content-Digest": digest}
    return Answer(body=content, headers=headers, content_type="application/octet-stream")


def check_digest(reference: str) -> None:
    """Raises DockerRefusal: 400 for what begins as a digest but is none."""
    if is_digest(reference) and not DIGEST.match(reference):
        raise DockerRefusal(400, "DIGEST_INVALID", f"provided digest did not match: {reference}")
