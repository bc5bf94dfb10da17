"""Which handler a path belongs to."""

from __future__ import annotations

from urllib.parse import unquote

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request, not_found, only_in_pro
from tests.standin.aql_limits import QueryLimits
from tests.standin.build_api import BuildApi
from tests.standin.conjure import Conjurer
from tests.standin.content import Content
from tests.standin.delivery import Sender
from tests.standin.docker import DockerReader
from tests.standin.docker_promotion import DockerPromotion
from tests.standin.docker_push import DockerWriter
from tests.standin.docker_routes import DockerRoutes
from tests.standin.lifecycle import Lifecycle
from tests.standin.metadata import Metadata
from tests.standin.plugins import Plugins
from tests.standin.relocation import Relocation
from tests.standin.search import Searches
from tests.standin.storage import Storage
from tests.standin.store import Store
from tests.standin.switches import Switches
from tests.standin.system import System
from tests.standin.upstream import Source
from tests.standin.webhooks import Webhooks

LIFECYCLE = "/lifecycle/api/v2/"
EVENTS = "/event/api/v1/subscriptions"


class Routes:
    """Every handler, and the way to each."""

    def __init__(
        self,
        store: Store,
        access: Access,
        switches: Switches,
        sources: list[Source],
        conjurer: Conjurer | None,
        sender: Sender,
    ) -> None:
        self.store = store
        self.switches = switches
        self.conjurer = conjurer
        self.docker = DockerReader(store, access, switches, sources)
        self.docker_routes = DockerRoutes(
            self.docker,
            DockerWriter(store, access, switches),
            DockerPromotion(store, access, switches),
            conjurer,
        )
        self.storage = Storage(store, access, switches)
        self.metadata = Metadata(self.storage)
        self.content = Content(self.storage)
        self.relocation = Relocation(self.storage)
        self.searches = Searches(store, access, switches, self.storage, conjurer)
        self.query_limits = QueryLimits(switches)
        self.system = System(store, access, switches)
        self.builds = BuildApi(store, access, switches)
        self.plugins = Plugins(access)
        self.lifecycle = Lifecycle(store, access, switches)
        self.webhooks = Webhooks(store, access, switches, sender)

    async def answer(self, request: Request) -> Answer:
        """Raises Refusal: no handler takes it, or its handler refuses it."""
        path = request.path
        addon = _addon(request)
        if addon is not None and addon not in self.switches.addons:
            raise only_in_pro()
        if path == "/v2" or path.startswith("/v2/"):
            return self.docker_routes.by_host(request, path[3:].lstrip("/"))
        if path.startswith(LIFECYCLE):
            with self.store.lock:
                return self.lifecycle.answer(request, path.removeprefix(LIFECYCLE))
        if path == EVENTS or path.startswith(f"{EVENTS}/"):
            with self.store.lock:
                return self.webhooks.answer(request, path.removeprefix(EVENTS))
        if not path.startswith("/artifactory/"):
            raise not_found("Not Found")
        first, _, rest = path.removeprefix("/artifactory/").partition("/")
        if first == "v2":
            return self.docker_routes.by_host(request, rest)
        if first != "api":
            return self._content(request, first, rest)
        area, _, rest = rest.partition("/")
        return await self._api(request, area, rest)

    async def _api(self, request: Request, area: str, rest: str) -> Answer:
        key, _, inner = rest.partition("/")
        if area == "docker":
            return self.docker_routes.of_repository(request, key, inner.removeprefix("v2").lstrip("/"))
        if area == "metadata" and request.method == "PATCH":
            return await self.metadata.patch(request, key, inner.strip("/"))
        if (area, rest.strip("/"), request.method) == ("search", "aql", "POST"):
            async with self.query_limits.slot():
                with self.store.lock:
                    return self.searches.aql(request)
        with self.store.lock:
            return self._at_once(request, area, rest)

    def _at_once(self, request: Request, area: str, rest: str) -> Answer:
        key, _, inner = rest.partition("/")
        match area:
            case "storage" | "metadata":
                return self._items(request, area, key, inner.strip("/"))
            case "system" | "repositories" | "plugins":
                return self._server(request, area, rest.strip("/"))
            case "copy" | "move" if request.method == "POST":
                return self.relocation.relocate(request, key, inner, move=area == "move")
            case "search" if (rest, request.method) == ("checksum", "GET"):
                return self.searches.checksum(request)
            case "build":
                return self._build(request)
        raise not_found("Not Found")

    def _items(self, request: Request, area: str, key: str, path: str) -> Answer:
        match area, request.method:
            case "metadata", "DELETE":
                return self.metadata.clear(request, key, path)
            case "storage", "GET":
                if self.conjurer is not None and request.user is not None:
                    self.conjurer.path(key, path)
                return self.storage.get(request, key, path)
            case "storage", "PUT":
                return self.storage.set_properties(request, key, path)
            case "storage", "DELETE":
                return self.storage.delete_properties(request, key, path)
        raise Refusal(405)

    def _server(self, request: Request, area: str, rest: str) -> Answer:
        if request.method != "GET":
            raise Refusal(405)
        match area, rest:
            case "system", "ping":
                return self.system.ping()
            case "system", "version":
                return self.system.version(request)
            case "system", "license":
                return self.system.license(request)
            case "repositories", "":
                return self.system.repositories(request)
            case "repositories", key:
                return self.system.repository(request, key)
            case "plugins", kind:
                return self.plugins.listed(request, kind)
        raise not_found("Not Found")

    def _build(self, request: Request) -> Answer:
        """A build's name may hold a slash, written as ``%2F``."""
        rest = request.raw_path.partition("/api/build")[2].strip("/")
        match request.method, [unquote(part) for part in rest.split("/")]:
            case "PUT", [""]:
                return self.builds.put(request)
            case "GET", [""]:
                return self.builds.names(request)
            case "GET", [name]:
                return self.builds.numbers(request, name)
            case "GET", [name, number]:
                return self.builds.read(request, name, number)
            case "POST", ["promote", name, number]:
                return self.builds.promote(request, name, number)
        raise Refusal(405)

    def _content(self, request: Request, key: str, path: str) -> Answer:
        plain = path.partition(";")[0]
        with self.store.lock:
            match request.method:
                case "GET" | "HEAD":
                    return self.content.get(request, key, plain)
                case "PUT":
                    return self.content.put(request, key, plain)
                case "DELETE":
                    return self.content.delete(request, key, plain.rstrip("/"))
        raise Refusal(405)


def _addon(request: Request) -> str | None:
    """The add-on that a licence must bring for this request."""
    area, _, _ = request.path.removeprefix("/artifactory/api/").partition("/")
    if request.path.startswith(("/v2", "/artifactory/v2", "/artifactory/api/docker/")):
        return "docker"
    writes = request.method in {"PUT", "PATCH", "DELETE"}
    if writes and request.path.startswith(("/artifactory/api/storage/", "/artifactory/api/metadata/")):
        return "properties"
    return {"plugins": "user-plugins", "copy": "rest", "move": "rest"}.get(area)
