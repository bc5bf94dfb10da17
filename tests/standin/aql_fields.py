"""The fields of an item that a query may name."""

from __future__ import annotations

from collections.abc import Callable

from tests.standin.model import Item

FIELDS: dict[str, Callable[[Item], str | float | None]] = {
    "repo": lambda item: item.repo,
    "path": lambda item: (item.parent or ".") if item.path else ".",
    "name": lambda item: item.name,
    "type": lambda item: "folder" if item.folder else "file",
    "size": lambda item: item.size,
    "depth": lambda item: item.path.count("/") + 1 if item.path else 0,
    "created": lambda item: item.created,
    "created_by": lambda item: item.created_by,
    "modified": lambda item: item.modified,
    "modified_by": lambda item: item.modified_by,
    "updated": lambda item: item.modified,
    "props_modified": lambda item: item.props_modified,
    "sha256": lambda item: item.sha256,
    "actual_sha1": lambda item: item.sha1,
    "original_sha1": lambda item: item.sha1,
    "actual_md5": lambda item: item.md5,
    "original_md5": lambda item: item.md5,
    # What was never downloaded has no statistics; nothing here is replicated to be downloaded elsewhere.
    "stat.downloads": lambda item: item.downloads or None,
    "stat.downloaded": lambda item: item.downloaded,
    "stat.downloaded_by": lambda item: item.downloaded_by,
    "stat.remote_downloads": lambda item: None,
    "stat.remote_downloaded": lambda item: None,
}
ITEM_FIELDS = frozenset(name for name in FIELDS if not name.startswith("stat."))


class UnknownField(Exception):
    """A criterion names no field of its domain."""


def item_field(item: Item, name: str) -> str | float | None:
    """The value of one of an item's fields."""
    return FIELDS[name](item)
