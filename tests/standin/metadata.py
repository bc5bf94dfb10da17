"""``PATCH /api/metadata``: read, merge, clear all, save all again (facts §2)."""

from __future__ import annotations

import asyncio
import json

from tests.standin.answers import Answer, Refusal, Request
from tests.standin.events import property_events, removed_properties
from tests.standin.model import Item, Properties
from tests.standin.properties import check_key
from tests.standin.storage import Storage

_VALUE = "please use string or array of string"


class Metadata:
    """Property writes without the query-string grammar."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.store = storage.store

    async def patch(self, request: Request, key: str, path: str) -> Answer:
        """``{"props": {k: v | [v…] | null}}``; null removes. A pause between clear and save loses updates."""
        top = self.storage.annotatable(request, key, path)
        changes = _changes(request.body)
        recursive = request.parameters.get("recursiveProperties", "1") == "1"
        items = list(self.store.below(top)) if recursive else [top]
        for item in items:
            await self._rewrite(item, changes, user=request.user_name)
        return Answer(status=204)

    def clear(self, request: Request, key: str, path: str) -> Answer:
        item = self.storage.annotatable(request, key, path)
        before = item.properties
        self.store.set_properties(item, {})
        self.store.announce(removed_properties(item, before, user=request.user_name))
        return Answer(status=204)

    async def _rewrite(self, item: Item, changes: dict[str, list[str] | None], *, user: str) -> None:
        before = item.properties
        merged: Properties = dict(item.properties)
        for name, values in changes.items():
            merged.pop(name, None)
            if values is not None:
                merged[name] = values
        pause = self.storage.switches.metadata_pause
        if pause:
            await asyncio.sleep(pause)
        with self.store.lock:
            self.store.set_properties(item, {})
            self.store.set_properties(item, merged)
            if self.storage.switches.patch_fires_for_all:
                self.store.announce(removed_properties(item, before, user=user))
                before = {}
            self.store.announce(property_events(item, before, item.properties, user=user))


def _changes(body: bytes) -> dict[str, list[str] | None]:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise Refusal(400, f"Failed to parse request: {error}") from error
    properties = document.get("props") if isinstance(document, dict) else None
    if not isinstance(properties, dict):
        raise Refusal(400, "props or stats fields required")
    changes: dict[str, list[str] | None] = {}
    for name, value in properties.items():
        check_key(name)
        if value is None:
            changes[name] = None
        elif isinstance(value, str):
            changes[name] = [value]
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            changes[name] = value
        else:
            raise Refusal(400, f"Value:{value} is not valid, {_VALUE}")
    return changes
