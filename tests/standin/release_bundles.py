"""Making release bundles of the images that repositories hold."""

from __future__ import annotations

from collections.abc import Sequence

from tests.standin.builds import image_module
from tests.standin.model import BundleArtifact, Item, ReleaseBundle
from tests.standin.store import Store


def bundle_of(
    store: Store,
    name: str,
    version: str,
    images: Sequence[tuple[str, str, str]],
    *,
    repo: str,
    status: str,
    created_by: str,
) -> ReleaseBundle:
    """A snapshot of images, each ``(repository, image, tag)``, with their children and layers.

    Raises:
        KeyError: an image is not there.

    """
    items = [item for image in images for item in image_module(store, *image)[1]]
    return ReleaseBundle(
        name=name,
        version=version,
        repo=repo,
        status=status,
        created=store.clock(),
        created_by=created_by,
        artifacts=tuple(_snapshot(item) for item in items),
    )


def _snapshot(item: Item) -> BundleArtifact:
    return BundleArtifact(
        path=item.path, sha256=item.sha256, repo=item.repo, size=item.size, properties=item.properties
    )
