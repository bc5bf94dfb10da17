"""Which part of the Docker API a path means, by each of the three ways to write a reference (facts §1)."""

from __future__ import annotations

import re

from tests.standin.answers import Answer, Request
from tests.standin.conjure import Conjurer
from tests.standin.docker import DockerReader, DockerRefusal, check_digest
from tests.standin.docker_promotion import DockerPromotion
from tests.standin.docker_push import DockerWriter

_MANIFEST = re.compile(r"(?P<image>.+)/manifests/(?P<reference>[^/]+)\Z")
_UPLOAD = re.compile(r"(?P<image>.+)/blobs/uploads/?(?P<upload>[^/]*)\Z")
_BLOB = re.compile(r"(?P<image>.+)/blobs/(?P<digest>sha256:[0-9a-f]{64})\Z")
_TAGS = re.compile(r"(?P<image>.+)/tags/list\Z")


class DockerRoutes:
    """Routes to the reader, the writer and the promotion."""

    def __init__(
        self,
        reader: DockerReader,
        writer: DockerWriter,
        promotion: DockerPromotion,
        conjurer: Conjurer | None,
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.promotion = promotion
        self.conjurer = conjurer
        self.ports: dict[int | None, str] = {}

    def by_host(self, request: Request, rest: str) -> Answer:
        """By the port of one repository, by a host whose first label is one, else by the repository path."""
        if request.port in self.ports:
            return self.of_repository(request, self.ports[request.port], rest)
        label = request.headers.get("host", "").split(".")[0]
        if label in self.reader.store.repositories:
            return self.of_repository(request, label, rest)
        if rest in {"", "token"}:
            return self.of_repository(request, "null", rest)
        key, _, inner = rest.partition("/")
        return self.of_repository(request, key, inner)

    def of_repository(self, request: Request, key: str, rest: str) -> Answer:
        """A request to a repository's registry; ``rest`` is what follows ``/v2/``."""
        if rest == "token":
            return self.reader.token(request)
        with self.reader.store.lock:
            image = _image(rest)
            if not self.reader.may_ask(request, key, image):
                actions = "pull" if request.method in {"GET", "HEAD"} else "pull,push"
                raise self.reader.challenge(request, key, image, actions)
            if rest == "":
                return self.reader.ping()
            self.reader.repository(request, key)
            return self._registry(request, key, rest)

    def _registry(self, request: Request, key: str, rest: str) -> Answer:
        match request.method, rest:
            case "GET", "_catalog":
                return self.reader.catalog(request, key)
            case "POST", "promote":
                return self.promotion.promote(request, key)
            case "POST", "parentManifests":
                return self.promotion.parents(request, key)
        return self._of_image(request, key, rest)

    def _of_image(self, request: Request, key: str, rest: str) -> Answer:
        if match := _MANIFEST.match(rest):
            check_digest(match["reference"])
            return self._manifest(request, key, match["image"], match["reference"])
        if match := _UPLOAD.match(rest):
            if match["upload"]:
                return self.writer.continue_upload(request, key, match["image"], match["upload"])
            return self.writer.start_upload(request, key, match["image"])
        if match := _BLOB.match(rest):
            return self.reader.blob(request, key, match["image"], match["digest"])
        if match := _TAGS.match(rest):
            return self.reader.tags(request, key, match["image"])
        raise DockerRefusal(404, "UNSUPPORTED", "The operation is unsupported.")

    def _manifest(self, request: Request, key: str, image: str, reference: str) -> Answer:
        match request.method:
            case "GET" | "HEAD":
                if self.conjurer is not None:
                    self.conjurer.image(key, image, reference)
                return self.reader.manifest(request, key, image, reference)
            case "PUT":
                return self.writer.put_manifest(request, key, image, reference)
            case "DELETE":
                return self.writer.delete_manifest(request, key, image, reference)
        raise DockerRefusal(405, "UNSUPPORTED", "The operation is unsupported.")


def _image(rest: str) -> str | None:
    """The image that a path is about."""
    for pattern in (_MANIFEST, _UPLOAD, _BLOB, _TAGS):
        if match := pattern.match(rest):
            return match["image"]
    return None
