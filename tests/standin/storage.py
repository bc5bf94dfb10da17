"""``/api/storage``: item information, lists, statistics and properties (facts §2)."""

from __future__ import annotations

import datetime
from urllib.parse import quote

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request, not_found
from tests.standin.events import added_properties, removed_properties
from tests.standin.model import ANONYMOUS, Item, Properties
from tests.standin.properties import parse_keys, parse_properties
from tests.standin.store import Store
from tests.standin.switches import Switches

NO_PROPERTIES = "No properties could be found."


def timestamp(seconds: float) -> str:
    """``2026-01-02T03:04:05.678Z``."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Storage:
    """Reads and writes on items by repository key and path."""

    def __init__(self, store: Store, access: Access, switches: Switches) -> None:
        self.store = store
        self.access = access
        self.switches = switches

    def get(self, request: Request, key: str, path: str) -> Answer:
        parameters = request.parameters
        if "properties" in parameters:
            return self._properties(request, key, path)
        if "list" in parameters:
            return self._list(request, key, path)
        item = self.readable(request, key, path)
        if "stats" in parameters:
            return self._stats(request, item)
        if "lastModified" in parameters:
            return self._last_modified(request, key, item)
        if "permissions" in parameters:
            return self._permissions(request, item)
        return Answer.json(
            self.information(request, key, item),
            content_type=f"application/vnd.org.jfrog.artifactory.storage.{_kind(item)}+json",
        )

    def readable(self, request: Request, key: str, path: str) -> Item:
        """The item, if it is there and the user may see it; else the one 404 for both.

        Raises:
            Refusal: 404, for anonymous a challenge.

        """
        user = self.access.require_login(request.user)
        repository = self.store.repositories.get(key)
        for storage_key in self.store.physical(key):
            item = self.store.trees[storage_key].get(path)
            if item is None:
                continue
            if self.access.may(user, "read", item):
                return item
            if user.name == ANONYMOUS or self.switches.storage_unreadable == 403:
                raise self.access.refusal(user, key, path)
        raise not_found(
            "Not Found" if repository and repository.rclass == "virtual" else "Unable to find item"
        )

    def information(self, request: Request, key: str, item: Item) -> dict[str, object]:
        """What storage says of an item: a virtual's key is echoed, a remote's key reads ``KEY-cache``."""
        repository = self.store.repositories.get(key)
        shown_key = key if repository is None or repository.rclass == "virtual" else item.repo
        uri = f"{request.base}/artifactory/api/storage/{shown_key}/{quote(item.path)}".rstrip("/")
        common: dict[str, object] = {
            "repo": shown_key,
            "path": f"/{item.path}",
            "created": timestamp(item.created),
            "createdBy": item.created_by,
            "lastModified": timestamp(item.modified),
            "modifiedBy": item.modified_by,
            "lastUpdated": timestamp(item.modified),
            "uri": uri,
        }
        if item.folder:
            children = [
                {"uri": f"/{child.name}", "folder": child.folder}
                for child in sorted(item.children.values(), key=lambda child: child.name)
                if self.access.may(request.user, "read", child)
            ]
            return {**common, "children": children}
        checksums = {"sha1": item.sha1, "md5": item.md5, "sha256": item.sha256}
        remote = self.store.configuration(item.repo)
        if remote is not None and remote.rclass == "remote":
            common["remoteUrl"] = f"{remote.url}/{item.path}"
        return {
            **common,
            "downloadUri": f"{request.base}/artifactory/{shown_key}/{quote(item.path)}",
            "mimeType": item.mime_type,
            "size": str(item.size),
            "checksums": checksums,
            "originalChecksums": checksums,
        }

    def set_properties(self, request: Request, key: str, path: str) -> Answer:
        """PUT: replaces the named keys, keeps others; a folder's by default with everything below."""
        new = parse_properties(request.parameters.get("properties", ""), empty_values=self.switches.is_old)
        for item in self._writable(request, key, path):
            self.store.set_properties(item, {**item.properties, **new})
            self.store.announce(added_properties(item, new, user=request.user_name))
        return Answer(status=204)

    def delete_properties(self, request: Request, key: str, path: str) -> Answer:
        gone = set(parse_keys(request.parameters.get("properties", "")))
        for item in self._writable(request, key, path):
            kept = {name: values for name, values in item.properties.items() if name not in gone}
            removed = {name: values for name, values in item.properties.items() if name in gone}
            self.store.set_properties(item, kept)
            self.store.announce(removed_properties(item, removed, user=request.user_name))
        return Answer(status=204)

    def annotatable(self, request: Request, key: str, path: str) -> Item:
        """The item whose properties may be written.

        Raises:
            Refusal: 404 absent, unreadable, or reached through a virtual or a remote's own key; 403
                without the annotate permission.

        """
        self.access.require_login(request.user)
        repository = self.store.repositories.get(key)
        if repository is not None and repository.rclass in {"virtual", "remote"}:
            raise Refusal(self.switches.virtual_property_write, "Unable to find item")
        item = self.readable(request, key, path)
        if not self.access.may(request.user, "annotate", item):
            reason = "You must have annotate permission on this path"
            raise self.access.refusal(request.user, key, path, reason=reason)
        return item

    def _writable(self, request: Request, key: str, path: str) -> list[Item]:
        top = self.annotatable(request, key, path)
        if request.parameters.get("recursive", "1") == "0":
            return [top]
        return [item for item in self.store.below(top) if self.access.may(request.user, "annotate", item)]

    def _properties(self, request: Request, key: str, path: str) -> Answer:
        wanted = parse_keys(request.parameters["properties"])
        try:
            item = self.readable(request, key, path)
        except Refusal as refusal:
            if refusal.status == 404 and self.switches.is_old:
                raise not_found(NO_PROPERTIES) from None
            raise
        found: Properties = {
            name: values for name, values in item.properties.items() if not wanted or name in wanted
        }
        if not found:
            raise not_found(NO_PROPERTIES)
        uri = self.information(request, key, item)["uri"]
        return Answer.json(
            {"properties": found, "uri": uri},
            content_type="application/vnd.org.jfrog.artifactory.storage.ItemProperties+json",
        )

    def _list(self, request: Request, key: str, path: str) -> Answer:
        """Files below a folder. Not through a virtual or a remote's own key, and only for who logged in."""
        if request.user is None:
            raise Refusal(403)
        if key not in self.store.trees:
            raise not_found()
        top = self.readable(request, key, path)
        parameters = request.parameters
        deep, folders = parameters.get("deep") == "1", parameters.get("listFolders") == "1"
        below = list(self.store.below(top))[1:] if deep else list(top.children.values())
        files = [
            self._entry(top, item, times=parameters.get("mdTimestamps") == "1")
            for item in below
            if (folders or not item.folder) and self.access.may(request.user, "read", item)
        ]
        uri = self.information(request, key, top)["uri"]
        return Answer.json(
            {"uri": uri, "created": timestamp(self.store.clock()), "files": files},
            content_type="application/vnd.org.jfrog.artifactory.storage.FileList+json",
        )

    def _entry(self, top: Item, item: Item, *, times: bool) -> dict[str, object]:
        entry: dict[str, object] = {
            "uri": item.path[len(top.path) :] if top.path else f"/{item.path}",
            "size": -1 if item.folder else item.size,
            "lastModified": timestamp(item.modified),
            "folder": item.folder,
        }
        if not item.folder:
            entry.update(sha1=item.sha1, sha2=item.sha256)
        if times and item.props_modified is not None:
            entry["mdTimestamps"] = {"properties": timestamp(item.props_modified)}
        return entry

    def _stats(self, request: Request, item: Item) -> Answer:
        return Answer.json(
            {
                "uri": f"{request.base}/artifactory/{item.repo}/{quote(item.path)}",
                "downloadCount": item.downloads,
                "lastDownloaded": int((item.downloaded or 0) * 1000),
                "lastDownloadedBy": item.downloaded_by,
                "remoteDownloadCount": 0,
                "remoteLastDownloaded": 0,
            },
            content_type="application/vnd.org.jfrog.artifactory.storage.StatsInfo+json",
        )

    def _last_modified(self, request: Request, key: str, item: Item) -> Answer:
        latest = max(
            (below for below in self.store.below(item) if not below.folder),
            key=lambda below: below.modified,
            default=item,
        )
        uri = self.information(request, key, latest)["uri"]
        return Answer.json({"uri": uri, "lastModified": timestamp(latest.modified)})

    def _permissions(self, request: Request, item: Item) -> Answer:
        if request.user is None or not request.user.admin:
            raise self.access.refusal(request.user, item.repo, item.path)
        letters = {"read": "r", "annotate": "n", "deploy": "w", "delete": "d", "admin": "m"}
        users = {
            user.name: [
                letter
                for action, letter in letters.items()
                if self.access.may(user, action, item)  # type: ignore[arg-type]
            ]
            for user in self.access.users.values()
            if not user.admin
        }
        uri = self.information(request, item.repo, item)["uri"]
        principals = {"users": {name: held for name, held in users.items() if held}, "groups": {}}
        return Answer.json({"uri": uri, "principals": principals})


def _kind(item: Item) -> str:
    return "FolderInfo" if item.folder else "FileInfo"
