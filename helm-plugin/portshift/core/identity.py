"""What a workload's pod template may run, as a value with a stable name.

An identity's id is the SHA-256 of its canonical form, in hex. The form covers workload, audience and,
for each image, name, reference and digest. Facts that change later (builds, paths, an index's children)
are carried beside it and are not part of the id, so the same plan always has the same id.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

from portshift.core.canonical import canonical_text, utf8
from portshift.core.errors import InvalidInput

ANY_CLUSTER = "portshift:any-cluster"
_CLUSTER_AUDIENCE = "portshift:cluster:"

# A SPIFFE path segment (SPIFFE-ID §2.2) without '_', which no Kubernetes name holds and a prefix ends with.
_SEGMENT = re.compile(r"[A-Za-z0-9.-]+\Z")
_CLUSTER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,252}\Z")


@dataclass(frozen=True)
class Workload:
    """The controller a person would name.

    ``group`` is empty for the core group and ``namespace`` is empty for a cluster-scoped kind. With
    ``generated`` set, ``name`` is the object's ``generateName`` prefix.
    """

    group: str
    kind: str
    namespace: str
    name: str
    generated: bool = False

    @property
    def kind_group(self) -> str:
        """``deployment.apps``; the kind alone in the core group."""
        return f"{self.kind}.{self.group}".lower() if self.group else self.kind.lower()

    @property
    def path(self) -> str:
        """The path of the SPIFFE id: ``ns/<namespace>/<kind.group>/<name>``.

        A cluster-scoped object has ``cluster`` in place of ``ns/<namespace>``. A ``generateName`` prefix
        ends with ``_``, which no Kubernetes name holds, so it never equals a full name.

        Raises:
            InvalidInput: a part is empty or holds a character that no SPIFFE path may.

        """
        scope = ("ns", self.namespace) if self.namespace else ("cluster",)
        parts = (*scope, self.kind_group, self.name)
        for part in parts:
            if not _SEGMENT.match(part) or part in {".", ".."}:
                raise InvalidInput(
                    f"{self.kind} {self.name!r} in namespace {self.namespace!r} has no SPIFFE name: "
                    f"found {part!r}, expected letters, digits, '.' or '-'"
                )
        return "/".join(parts) + ("_" if self.generated else "")

    def __str__(self) -> str:
        """``shop/Deployment/web``, as lists and messages show it."""
        name = f"{self.name}*" if self.generated else self.name
        return "/".join(part for part in (self.namespace, self.kind, name) if part)


class Build(NamedTuple):
    """The build that made an artifact, as build-info names it."""

    name: str
    number: str


class PlannedImage(NamedTuple):
    """One image of an identity; a tuple, because every verification makes some and they cost a third.

    ``name`` is the container's name, ``volume/<name>`` for an image volume, or the field path for an
    image that a custom resource names outside any container. ``digest`` is absent when no registry knows
    the image; ``children`` are an index's manifests; ``artifact`` is ``<registry>/<repository>/<path>``.
    """

    name: str
    reference: str
    digest: str | None = None
    children: tuple[str, ...] = ()
    artifact: str | None = None
    build: Build | None = None

    @property
    def known(self) -> bool:
        """Whether a registry knows the image: an unknown one is planned, but not identified."""
        return self.digest is not None


@dataclass(frozen=True)
class Identity:
    """A workload, who the identity is for, and what it may run."""

    workload: Workload
    audience: str
    images: tuple[PlannedImage, ...]

    @property
    def id(self) -> str:
        """The hex SHA-256 of the canonical form; the token's ``jti``."""
        return identity_id(path=self.workload.path, audience=self.audience, images=self.images)


def identity_id(*, path: str, audience: str, images: tuple[PlannedImage, ...]) -> str:
    """The id of the identity whose workload has this SPIFFE ``path``.

    Takes the path rather than the workload, so that a verifier can compute it from a token's claims.
    """
    planned = sorted((image.name, image.reference, image.digest or "") for image in images)
    # canonical_json by hand, keys in order: every verification does this, and an encoder takes twice as long.
    entries = ",".join(
        [
            f'{{"digest":{canonical_text(digest) if digest else "null"},'
            f'"name":{canonical_text(name)},"reference":{canonical_text(reference)}}}'
            for name, reference, digest in planned
        ]
    )
    form = f'{{"audience":{canonical_text(audience)},"images":[{entries}],"workload":{canonical_text(path)}}}'
    return hashlib.sha256(utf8(form)).hexdigest()


def cluster_audience(cluster: str | None) -> str:
    """The one audience of a token: the cluster a person named, else any cluster (DESIGN §4.3).

    Raises:
        InvalidInput: the name is empty, too long, or holds anything but letters, digits and ``._:/@-``.

    """
    if cluster is None:
        return ANY_CLUSTER
    if not _CLUSTER_NAME.match(cluster):
        raise InvalidInput(
            f"found the cluster name {cluster!r}, expected at most 253 letters, digits and ._:/@-"
        )
    return _CLUSTER_AUDIENCE + cluster
