"""``POST /api/copy`` and ``/api/move``: items with their properties and their old dates (facts §6).

Unix conventions: what goes to a folder that is there already is put into it (D copy-item, move-item).
"""

from __future__ import annotations

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request, not_found
from tests.standin.events import docker_events
from tests.standin.model import Item
from tests.standin.storage import Storage
from tests.standin.store import Store, relocated

RESULT_TYPE = "application/vnd.org.jfrog.artifactory.storage.CopyOrMoveResult+json"


class Relocation:
    """Copies and moves between local and federated repositories; copies also out of remotes' caches."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.store: Store = storage.store
        self.access: Access = storage.access

    def relocate(self, request: Request, key: str, path: str, *, move: bool) -> Answer:
        """``?to=/REPO/PATH[&dry=1]``.

        Raises:
            Refusal: 400 without a target or for one inside the source, 403 without the rights, 404 for a
                source that is not there or may not be read.

        """
        self.access.require_login(request.user)
        if key not in self.store.trees:
            raise not_found()
        source = self.storage.readable(request, key, path.strip("/"))
        target_key, target_path = self._target(request, source)
        self._check_rights(request, source, target_key, target_path, move=move)
        files = sum(not item.folder for item in self.store.below(source))
        folders = sum(item.folder for item in self.store.below(source))
        if request.parameters.get("dry", "0") != "1":
            self._carry(request, source, target_key, target_path, move=move)
        doing, done = ("moving", "moved") if move else ("copying", "copied")
        message = (
            f"{doing} {source.repo}:{source.path} to {target_key}:{target_path} completed successfully, "
            f"{files} artifacts and {folders} folders were {done}"
        )
        return Answer.json({"messages": [{"level": "INFO", "message": message}]}, content_type=RESULT_TYPE)

    def _carry(self, request: Request, source: Item, key: str, path: str, *, move: bool) -> None:
        copied = self.store.copy(source, key, path, user=request.user_name)
        told = self.storage.switches.relocation_fires
        if told:
            self.store.announce(docker_events(self.store, "pushed", copied, user=request.user_name))
        if move:
            if told:
                self.store.announce(docker_events(self.store, "deleted", source, user=request.user_name))
            self.store.delete(source)

    def _target(self, request: Request, source: Item) -> tuple[str, str]:
        key, _, path = request.parameters.get("to", "").strip("/").partition("/")
        repository = self.store.repositories.get(key)
        if repository is None or repository.rclass not in {"local", "federated"}:
            raise Refusal(400, f"The target repository '{key}' does not take items")
        held = self.store.trees[key].get(path)
        if held is not None and held.folder and source.path:
            path = f"{path}/{source.name}".strip("/")
        if key == source.repo and (not source.path or f"{path}/".startswith(f"{source.path}/")):
            raise Refusal(400, f"Cannot copy or move {source.repo}:{source.path} into itself")
        self._check_shape(source, key, path)
        return key, path

    def _check_shape(self, source: Item, key: str, path: str) -> None:
        """Raises Refusal: 409 where a folder would be in the place of a file, or below one."""
        tree, parts = self.store.trees[key], path.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts))]
        held = tree.get(path)
        blocked = any(place in tree and not tree[place].folder for place in above)
        if blocked or (held is not None and held.folder != source.folder):
            raise Refusal(409, f"A file and a folder cannot both be at {key}:{path}")

    def _check_rights(self, request: Request, source: Item, key: str, path: str, *, move: bool) -> None:
        for item in self.store.below(source):
            place = relocated(item.path, source.path, path)
            held = self.store.trees[key].get(place)
            allowed = self.access.may(request.user, "read", item)
            allowed = allowed and self.access.may_at(request.user, "deploy", key, place, folder=item.folder)
            if held is not None and not held.folder:
                allowed = allowed and self.access.may(request.user, "delete", held)
            if move:
                allowed = allowed and self.access.may(request.user, "delete", item)
            if not allowed:
                raise self.access.refusal(request.user, key, place)
