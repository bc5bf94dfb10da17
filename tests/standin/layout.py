"""Where a Docker repository keeps an image, and the properties set on its manifests (facts §1)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tests.standin.images import INDEXES, Image, digest_of
from tests.standin.model import Item, Properties, Repository
from tests.standin.store import Store

MANIFEST, LIST = "manifest.json", "list.manifest.json"
MANIFEST_NAMES = (LIST, MANIFEST)
UPLOADS, MARKER = "_uploads", ".marker"
CHILD_FOLDERS = ("sha256:", "sha256__")


class UnknownBlob(Exception):
    """A manifest names a blob or child that was never uploaded."""


def is_digest(reference: str) -> bool:
    return reference.startswith("sha256:")


def stored_name(repository: Repository, image: str) -> str:
    """The image's path: Docker Hub's one-part names lie under ``library/`` in a remote of it."""
    return f"library/{image}" if repository.library and "/" not in image else image


def folder_of(repository: Repository, image: str, reference: str) -> str:
    """``image/tag``, or the child folder ``image/sha256:<hex>`` (``sha256__<hex>`` in some caches)."""
    name = stored_name(repository, image)
    if is_digest(reference):
        return f"{name}/{repository.child_folders}{reference.removeprefix('sha256:')}"
    return f"{name}/{reference}"


def find_manifest(store: Store, repository: Repository, image: str, reference: str) -> Item | None:
    """The manifest of a tag, or of a digest wherever below the image it lies."""
    tree = store.trees[repository.storage_key]
    folder = folder_of(repository, image, reference)
    for name in MANIFEST_NAMES:
        item = tree.get(f"{folder}/{name}")
        if item is not None:
            return item
    if not is_digest(reference):
        return None
    candidates = blobs_below(store, repository, image, reference)
    return next((item for item in candidates if item.name in MANIFEST_NAMES), None)


def blobs_below(store: Store, repository: Repository, image: str, digest: str) -> Iterator[Item]:
    """Every file of that digest below the image."""
    prefix = f"{stored_name(repository, image)}/"
    for item in tuple(store.with_sha256(digest.removeprefix("sha256:"))):
        if item.repo == repository.storage_key and item.path.startswith(prefix):
            yield item


def put_manifest(
    store: Store,
    repository: Repository,
    image: str,
    reference: str,
    *,
    content: bytes,
    media_type: str,
    user: str,
    digest: str | None = None,
    keep_properties: bool = False,
    lazy_layers: bool = False,
) -> Item:
    """Store a manifest with the blobs beside it, replacing what the tag held.

    Uploads of the blobs are taken from ``image/_uploads``. With ``lazy_layers`` a ``*.marker`` stands for
    each blob that nobody pulled yet.

    Raises:
        UnknownBlob: a blob or child that it names is not in the store.

    """
    document = json.loads(content)
    is_list = media_type in INDEXES
    folder = folder_of(repository, image, reference)
    name = LIST if is_list else MANIFEST
    blobs = [] if is_list else [document["config"], *document.get("layers", ())]
    for blob in blobs:
        if blob["digest"].removeprefix("sha256:") not in store.contents:
            raise UnknownBlob(blob["digest"])
    tree = store.trees[repository.storage_key]
    inherited = _inherited(tree.get(f"{folder}/{name}")) if keep_properties else {}
    if folder in tree:
        store.delete(tree[folder])
    for blob in blobs:
        sha256 = blob["digest"].removeprefix("sha256:")
        blob_path = f"{folder}/sha256__{sha256}"
        if lazy_layers:
            store.deploy(repository.storage_key, f"{blob_path}{MARKER}", b"", user=user)
        else:
            store.deploy(repository.storage_key, blob_path, store.contents.read(sha256), user=user)
    _clear_uploads(store, repository, stored_name(repository, image), blobs)
    sha256 = (digest or digest_of(content)).removeprefix("sha256:")
    item = store.deploy(
        repository.storage_key,
        f"{folder}/{name}",
        content,
        user=user,
        mime_type="application/json",
        sha256=sha256,
    )
    labels = {} if is_list else _labels(store, document)
    own: Properties = {
        "docker.manifest": [reference],
        "docker.manifest.digest": [f"sha256:{sha256}"],
        "docker.manifest.type": [media_type],
        "docker.repoName": [stored_name(repository, image)],
        "sha256": [sha256],
        **{f"docker.label.{label}": [value] for label, value in labels.items()},
    }
    store.set_properties(item, {**inherited, **own})
    return item


def keep_layer(
    store: Store, repository: Repository, image: str, digest: str, content: bytes, *, user: str
) -> None:
    """Put a pulled layer in the place of each marker that stands for it below the image."""
    name = f"sha256__{digest.removeprefix('sha256:')}"
    prefix = f"{stored_name(repository, image)}/"
    for marker in tuple(store.with_name(f"{name}{MARKER}")):
        if marker.repo == repository.storage_key and marker.path.startswith(prefix):
            store.deploy(marker.repo, marker.path.removesuffix(MARKER), content, user=user)
            store.delete(marker)


def _clear_uploads(store: Store, repository: Repository, name: str, blobs: Iterable[dict[str, Any]]) -> None:
    uploads = store.trees[repository.storage_key].get(f"{name}/{UPLOADS}")
    if uploads is None:
        return
    for blob in blobs:
        upload = uploads.children.get(f"sha256__{blob['digest'].removeprefix('sha256:')}")
        if upload is not None:
            store.delete(upload)
    if not uploads.children:
        store.delete(uploads)


def put_image(
    store: Store,
    repository: Repository,
    name: str,
    tag: str,
    image: Image,
    *,
    user: str,
    keep_properties: bool = False,
) -> Item:
    """Store an image as a push of it does: blobs, then children by digest, then the tag."""
    for manifest in image.manifests:
        for blob in manifest.blobs:
            store.contents.add(blob)
    for child in image.children:
        put_manifest(
            store,
            repository,
            name,
            child.digest,
            content=child.content,
            media_type=child.media_type,
            user=user,
            keep_properties=keep_properties,
        )
    top = image.top
    return put_manifest(
        store,
        repository,
        name,
        tag,
        content=top.content,
        media_type=top.media_type,
        user=user,
        digest=top.recorded_digest,
        keep_properties=keep_properties,
    )


def _inherited(item: Item | None) -> Properties:
    if item is None:
        return {}
    return {key: values for key, values in item.properties.items() if not key.startswith("docker.")}


def _labels(store: Store, document: dict[str, Any]) -> dict[str, str]:
    config = store.contents.read(document["config"]["digest"].removeprefix("sha256:"))
    try:
        parsed = json.loads(config)
        labels = parsed.get("config", {}).get("Labels") or {}
    except (ValueError, AttributeError):  # an OCI artifact's config may be anything
        return {}
    return {str(key): str(value) for key, value in labels.items()}
