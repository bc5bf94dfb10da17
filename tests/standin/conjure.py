"""Images made up as they are asked for, so that whole corpora of references can be resolved.

Conjuring only fills the store, just before the ordinary code answers from it. The same name and tag give
the same image in every run. A reference that is a digest cannot be answered honestly, since nobody can
find content for a given digest: the entry then records the digest that was asked for, and its content
does not match it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from tests.standin.aql import criteria_of
from tests.standin.aql_parser import Criterion, Expression
from tests.standin.builds import build_info, image_module, publish_build
from tests.standin.images import Image, build_image
from tests.standin.layout import MANIFEST_NAMES, find_manifest, is_digest, put_image
from tests.standin.model import Repository
from tests.standin.store import Store

_STARTED = 1_767_225_600.0  # 2026-01-01; a fixed moment keeps build-info the same in every run


class Conjurer:
    """Fills Docker repositories with whatever is asked of them."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def image(self, key: str, name: str, reference: str) -> None:
        """Have ``name:reference`` (or ``name@reference``) in the repository, if it is a Docker one."""
        physical = self._physical(key)
        if not physical or any(find_manifest(self.store, one, name, reference) for one in physical):
            return
        target = physical[0]
        put_image(self.store, target, name, reference, conjured(name, reference), user="conjured")
        if not is_digest(reference) and _number(name, reference) % 2 == 0:
            self._build(target, name, reference)

    def path(self, key: str, path: str) -> None:
        """Have the manifest at a storage path."""
        folder, _, file = path.rpartition("/")
        if file in MANIFEST_NAMES:
            self._folder(key, folder)

    def query(self, where: Expression) -> None:
        """Have what an AQL query looks for: by folder, or by digest below one of its images."""
        criteria = tuple(criteria_of(where))
        digests = _values(criteria, "@docker.manifest.digest", "$eq")
        images = [value[:-2] for value in _values(criteria, "path", "$match") if value.endswith("/*")]
        for key in _values(criteria, "repo", "$eq"):
            for folder in _values(criteria, "path", "$eq"):
                self._folder(key, folder)
            for digest in digests:
                self._digest(key, images, digest)

    def _digest(self, key: str, images: list[str], digest: str) -> None:
        held = any(
            find_manifest(self.store, repository, image, digest)
            for repository in self._physical(key)
            for image in images
        )
        if images and not held:
            self.image(key, images[0], digest)

    def _folder(self, key: str, folder: str) -> None:
        name, _, reference = folder.rpartition("/")
        if name and reference:
            self.image(key, name, reference.replace("sha256__", "sha256:"))

    def _physical(self, key: str) -> list[Repository]:
        found = (self.store.configuration(storage_key) for storage_key in self.store.physical(key))
        return [repository for repository in found if repository and repository.package_type == "docker"]

    def _build(self, repository: Repository, name: str, tag: str) -> None:
        number = str(_number(name, tag) % 1000)
        build, modules = (
            name.rpartition("/")[2],
            [image_module(self.store, repository.storage_key, name, tag)],
        )
        document = build_info(
            build,
            number,
            started=_STARTED,
            agent="Jenkins/2.479",
            url=f"https://ci.example.com/job/{build}/{number}/",
            vcs=(f"https://git.example.com/{name}.git", _digest_text(name, tag)[:40], "main"),
            modules=modules,
        )
        publish_build(self.store, document, modules, started=_STARTED)


def conjured(name: str, reference: str) -> Image:
    """The image that a name and reference always give: one in three has several platforms."""
    number = _number(name, reference)
    if is_digest(reference):
        image = build_image(f"{name}@{reference}", docker=number % 2 == 1)
        return Image(top=replace(image.top, recorded_digest=reference))
    return build_image(
        f"{name}:{reference}",
        platforms=("linux/amd64", "linux/arm64") if number % 3 == 0 else ("linux/amd64",),
        labels={"org.opencontainers.image.version": reference},
        docker=number % 2 == 1,
        attestations=number % 12 == 0,
    )


def _values(criteria: tuple[Criterion, ...], field: str, comparator: str) -> list[str]:
    return list(dict.fromkeys(_matching(criteria, field, comparator)))


def _matching(criteria: tuple[Criterion, ...], field: str, comparator: str) -> Iterator[str]:
    for criterion in criteria:
        if criterion.field == field and criterion.comparator == comparator:
            yield criterion.value


def _number(name: str, reference: str) -> int:
    return int(_digest_text(name, reference)[:8], 16)


def _digest_text(name: str, reference: str) -> str:
    return hashlib.sha256(f"{name}:{reference}".encode()).hexdigest()
