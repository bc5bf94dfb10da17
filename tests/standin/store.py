"""The items of every repository, with the indexes that keep searches fast."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.standin.model import Build, BundlePromotion, Event, Item, Properties, ReleaseBundle, Repository

PROPERTY_LIMIT = 2400


class Contents:
    """File contents by SHA-256: in memory, or in a folder when one is given."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._memory: dict[str, bytes] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._memory or (self._folder is not None and (self._folder / sha256).exists())

    def add(self, content: bytes, *, sha256: str | None = None) -> str:
        """Keep ``content``. ``sha256`` names it otherwise than by its own digest (conjured items only)."""
        key = sha256 or hashlib.sha256(content).hexdigest()
        if self._folder is None:
            self._memory[key] = content
        elif key not in self:
            (self._folder / key).write_bytes(content)
        return key

    def read(self, sha256: str) -> bytes:
        if sha256 in self._memory or self._folder is None:
            return self._memory[sha256]
        return (self._folder / sha256).read_bytes()


class Store:
    """Repositories and their items. Callers hold ``lock`` while they read or change anything."""

    def __init__(self, *, folder: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.contents = Contents(folder)
        self.repositories: dict[str, Repository] = {}
        self.builds: dict[tuple[str, str], Build] = {}
        self.bundles: list[ReleaseBundle] = []
        self.bundle_promotions: list[BundlePromotion] = []
        self.trees: dict[str, dict[str, Item]] = {}
        self.listeners: list[Callable[[Iterable[Event]], None]] = []
        self._by_sha256: dict[str, dict[Item, None]] = {}
        self._by_repo: dict[str, dict[Item, None]] = {}
        self._by_name: dict[str, dict[Item, None]] = {}
        self._by_modified: list[Item] | None = None
        self._by_property: dict[tuple[str, str], dict[Item, None]] = {}
        self._builds_by_sha1: dict[str, list[tuple[Build, str]]] = {}

    def announce(self, events: Iterable[Event]) -> None:
        """Tell everyone who listens; events that nobody wants are never made."""
        for listener in self.listeners:
            listener(events)

    # Repositories

    def add_repository(self, repository: Repository) -> None:
        self.repositories[repository.key] = repository
        if repository.rclass != "virtual":
            self.trees.setdefault(
                repository.storage_key, {"": self._new(repository.storage_key, "", "admin")}
            )

    def physical(self, key: str) -> tuple[str, ...]:
        """The storage keys behind ``key``: a virtual's members in order, locals before caches."""
        repository = self.repositories.get(key)
        if repository is None:
            return (key,) if key in self.trees else ()
        if repository.rclass != "virtual":
            return (repository.storage_key,)
        found = dict.fromkeys(inner for member in repository.members for inner in self.physical(member))
        return tuple(sorted(found, key=lambda storage_key: storage_key not in self.repositories))

    def configuration(self, key: str) -> Repository | None:
        """The repository that ``key`` names, itself or by its cache."""
        return self.repositories.get(key) or self.repositories.get(key.removesuffix("-cache"))

    # Items

    def find(self, key: str, path: str) -> Item | None:
        """The item at a path of a repository; through a virtual, its first member that has it."""
        for storage_key in self.physical(key):
            item = self.trees[storage_key].get(path)
            if item is not None:
                return item
        return None

    def in_repository(self, key: str) -> dict[Item, None]:
        return self._by_repo.get(key, {})

    def with_name(self, name: str) -> dict[Item, None]:
        return self._by_name.get(name, {})

    def with_sha256(self, sha256: str) -> dict[Item, None]:
        return self._by_sha256.get(sha256, {})

    def with_property(self, key: str, value: str) -> dict[Item, None]:
        return self._by_property.get((key, value), {})

    def by_modified(self) -> list[Item]:
        """Every item, oldest first."""
        if self._by_modified is None:
            self._by_modified = sorted(self.every_item(), key=lambda item: item.modified)
        return self._by_modified

    def below(self, item: Item) -> Iterator[Item]:
        """The item and everything under it, folders before what they hold."""
        yield item
        for child in tuple(item.children.values()):
            yield from self.below(child)

    def every_item(self) -> Iterator[Item]:
        for tree in self.trees.values():
            yield from tree.values()

    def deploy(
        self,
        repo: str,
        path: str,
        content: bytes,
        *,
        user: str = "admin",
        mime_type: str = "application/octet-stream",
        sha256: str | None = None,
    ) -> Item:
        """Put a file, replacing what is there; folders above it are made. Its properties are kept."""
        item = self.trees[repo].get(path)
        if item is None:
            item = self._attach(repo, path, user)
        else:
            self._by_sha256[item.sha256].pop(item, None)
        item.folder, item.size, item.mime_type = False, len(content), mime_type
        item.modified, item.modified_by = self.clock(), user
        self._by_modified = None
        item.sha256 = self.contents.add(content, sha256=sha256)
        item.sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        item.md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        self._by_sha256.setdefault(item.sha256, {})[item] = None
        return item

    def make_folder(self, repo: str, path: str, *, user: str) -> Item:
        return self._attach(repo, path, user)

    def copy(self, source: Item, repo: str, path: str, *, user: str) -> Item:
        """Copy an item with everything under it to ``path``; properties and dates go along."""
        for item in tuple(self.below(source)):
            place = relocated(item.path, source.path, path)
            if item.folder:
                copied = self._attach(repo, place, user)
            else:
                content = self.contents.read(item.sha256)
                copied = self.deploy(
                    repo, place, content, user=user, mime_type=item.mime_type, sha256=item.sha256
                )
            copied.created, copied.created_by = item.created, item.created_by
            copied.modified, copied.modified_by = item.modified, item.modified_by
            self.set_properties(copied, item.properties)
        return self.trees[repo][path]

    def delete(self, item: Item) -> None:
        """Remove an item with everything under it."""
        self._by_modified = None
        for gone in tuple(self.below(item)):
            self._by_repo[gone.repo].pop(gone, None)
            self._by_name[gone.name].pop(gone, None)
            self.set_properties(gone, {})
            if not gone.folder:
                self._by_sha256[gone.sha256].pop(gone, None)
            self.trees[gone.repo].pop(gone.path, None)
        parent = self.trees[item.repo].get(item.parent)
        if parent is not None:
            parent.children.pop(item.name, None)

    def set_properties(self, item: Item, properties: Properties) -> None:
        """Make ``properties`` the item's only ones; each value is cut at 2,400 characters (facts §6)."""
        for key, values in item.properties.items():
            for value in values:
                self._by_property[key, value].pop(item, None)
        item.properties = {key: [v[:PROPERTY_LIMIT] for v in values] for key, values in properties.items()}
        item.props_modified = self.clock()
        for key, values in item.properties.items():
            for value in values:
                self._by_property.setdefault((key, value), {})[item] = None

    def count_download(self, item: Item, *, user: str) -> None:
        item.downloads += 1
        item.downloaded, item.downloaded_by = self.clock(), user

    # Builds

    def add_build(self, build: Build) -> None:
        """Keep a build, in place of one with the same name and number."""
        self.builds[build.name, build.number] = build
        for module, checksums in build.modules.items():
            for sha1 in checksums:
                self._builds_by_sha1.setdefault(sha1, []).append((build, module))

    def replace_build(self, build: Build) -> None:
        """Keep a build whose modules are as they were."""
        before = self.builds[build.name, build.number]
        self.builds[build.name, build.number] = build
        for checksums in build.modules.values():
            for sha1 in checksums:
                held = self._builds_by_sha1[sha1]
                held[:] = [(build if one is before else one, module) for one, module in held]

    def builds_of(self, item: Item) -> list[tuple[Build, str]]:
        """The builds, with the module's name, that list the item's SHA-1 among their artifacts."""
        listed = self._builds_by_sha1.get(item.sha1, ())
        return [(build, module) for build, module in listed if self.builds[build.name, build.number] is build]

    def _attach(self, repo: str, path: str, user: str) -> Item:
        tree = self.trees[repo]
        if path in tree:
            return tree[path]
        item = tree[path] = self._new(repo, path, user)
        self._attach(repo, item.parent, user).children[item.name] = item
        return item

    def _new(self, repo: str, path: str, user: str) -> Item:
        now = self.clock()
        item = Item(
            repo=repo, path=path, folder=True, created=now, created_by=user, modified=now, modified_by=user
        )
        self._by_repo.setdefault(repo, {})[item] = None
        self._by_name.setdefault(item.name, {})[item] = None
        self._by_modified = None
        return item


def relocated(path: str, source: str, target: str) -> str:
    """Where what is at ``path`` below ``source`` comes to lie below ``target``."""
    return f"{target}/{path[len(source) :].lstrip('/')}".strip("/")
