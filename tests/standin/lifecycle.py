"""Release bundles v2, ``/lifecycle/api/v2`` beside ``/artifactory`` (JFrog REST APIs, "Release Bundle V2").

A login sees a bundle when it may read ``NAME/VERSION/`` in the repository of release bundles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request, not_found
from tests.standin.model import BundleArtifact, BundlePromotion, ReleaseBundle
from tests.standin.storage import timestamp
from tests.standin.store import Store
from tests.standin.switches import Switches

SERVICE = "jfrt@01standin"
DEFAULT_REPOSITORY = "release-bundles-v2"
_SINCE = (7, 63)
_LARGEST_PAGE = 255
T = TypeVar("T")


class Lifecycle:
    """Names, versions, contents and promotions of release bundles."""

    def __init__(self, store: Store, access: Access, switches: Switches) -> None:
        self.store = store
        self.access = access
        self.switches = switches

    def answer(self, request: Request, rest: str) -> Answer:
        """A request below ``/lifecycle/api/v2/``.

        Raises:
            Refusal: 401 without a login, 403 for a bundle that may not be read, 404 for one that is absent.

        """
        if self.switches.release < _SINCE:
            raise not_found("Not Found")
        self.access.require_login(request.user)
        if request.method != "GET":
            raise Refusal(405)
        match rest.strip("/").split("/"):
            case ["release_bundle", *parts]:
                return self._bundles(request, parts)
            case ["promotion", "records", name, *version]:
                return self._promotions(request, name, version)
        raise not_found("Not Found")

    def _bundles(self, request: Request, parts: list[str]) -> Answer:
        match parts:
            case ["names"]:
                return self._names(request)
            case ["groups"]:
                return self._groups(request)
            case ["records", name]:
                return self._paged(request, self._of_name(request, name), _version)
            case ["records", name, version]:
                return Answer.json(_contents(self._bundle(request, name, version)))
            case ["statuses", name, version]:
                return Answer.json({"status": self._bundle(request, name, version).status})
        raise not_found("Not Found")

    def _names(self, request: Request) -> Answer:
        seen = dict.fromkeys((bundle.repo, bundle.name) for bundle in self._readable(request))
        return Answer.json(
            {
                "release_bundles": [
                    {
                        "repository_key": repo,
                        "release_bundle_name": name,
                        "project_key": "default",
                        "project_name": "Default",
                    }
                    for repo, name in seen
                ]
            }
        )

    def _groups(self, request: Request) -> Answer:
        groups: dict[tuple[str, str], list[ReleaseBundle]] = {}
        for bundle in self._readable(request):
            groups.setdefault((bundle.repo, bundle.name), []).append(bundle)
        return self._paged(request, list(groups.values()), _group)

    def _promotions(self, request: Request, name: str, version: list[str]) -> Answer:
        bundles = [self._bundle(request, name, version[0])] if version else self._of_name(request, name)
        found = [promotion for promotion in self.store.bundle_promotions if promotion.bundle in bundles]
        if len(version) < 2:
            return self._paged(request, found, _promotion, key="promotions")
        for promotion in found:
            if str(int(promotion.created * 1000)) == version[1]:
                return Answer.json({**_contents(promotion.bundle), "environment": promotion.environment})
        raise not_found("Promotion not found")

    def _asked(self, request: Request) -> list[ReleaseBundle]:
        """Those of the repository or project that the request names, newest first.

        Without one it is the default repository; only the names are then told of every repository.
        """
        named = request.parameters
        repo = DEFAULT_REPOSITORY
        if named.get("project", "default") != "default":
            repo = f"{named['project']}-{DEFAULT_REPOSITORY}"
        repo = named.get("repository_key", repo)
        everywhere = request.path.endswith("/names") and not named.keys() & {"repository_key", "project"}
        newest = sorted(self.store.bundles, key=lambda bundle: -bundle.created)
        return [bundle for bundle in newest if everywhere or bundle.repo == repo]

    def _readable(self, request: Request) -> list[ReleaseBundle]:
        return [bundle for bundle in self._asked(request) if self._may_read(request, bundle)]

    def _may_read(self, request: Request, bundle: ReleaseBundle) -> bool:
        path = f"{bundle.name}/{bundle.version}/release-bundle.json.evd"
        return self.access.may_at(request.user, "read", bundle.repo, path)

    def _of_name(self, request: Request, name: str) -> list[ReleaseBundle]:
        held = [bundle for bundle in self._asked(request) if bundle.name == name]
        readable = [bundle for bundle in held if self._may_read(request, bundle)]
        if held and not readable:
            raise Refusal(self.switches.bundle_unreadable, "Permission Denied")
        return readable

    def _bundle(self, request: Request, name: str, version: str) -> ReleaseBundle:
        for bundle in self._of_name(request, name):
            if bundle.version == version:
                return bundle
        raise not_found(f"Release bundle {name}/{version} not found")

    def _paged(
        self,
        request: Request,
        rows: Sequence[T],
        shown: Callable[[T], dict[str, object]],
        *,
        key: str = "release_bundles",
    ) -> Answer:
        offset = _number(request, "offset", 0)
        limit = min(_number(request, "limit", self.switches.bundle_page), _LARGEST_PAGE)
        page = [shown(row) for row in rows[offset : offset + limit]]
        return Answer.json({key: page, "total": len(rows), "limit": limit, "offset": offset})


def _number(request: Request, name: str, default: int) -> int:
    text = request.parameters.get(name, str(default))
    if not text.isascii() or not text.isdigit():
        raise Refusal(400, f"Invalid value for {name}: {text}")
    return int(text)


def _group(versions: Sequence[ReleaseBundle]) -> dict[str, object]:
    latest = versions[0]
    return {
        "repository_key": latest.repo,
        "project_key": "default",
        "project_name": "Default",
        "service_id": SERVICE,
        "created": timestamp(latest.created),
        "release_bundle_name": latest.name,
        "release_bundle_version_latest": latest.version,
        "release_bundle_versions_count": len(versions),
    }


def _version(bundle: ReleaseBundle) -> dict[str, object]:
    return {
        "status": bundle.status,
        "repository_key": bundle.repo,
        "release_bundle_name": bundle.name,
        "release_bundle_version": bundle.version,
        "service_id": SERVICE,
        "created_by": bundle.created_by,
        "created": timestamp(bundle.created),
    }


def _promotion(promotion: BundlePromotion) -> dict[str, object]:
    bundle = promotion.bundle
    return {
        "status": promotion.status,
        "repository_key": bundle.repo,
        "release_bundle_name": bundle.name,
        "release_bundle_version": bundle.version,
        "environment": promotion.environment,
        "service_id": SERVICE,
        "created_by": promotion.created_by,
        "created": timestamp(promotion.created),
        "created_millis": int(promotion.created * 1000),
        "xray_retrieval_status": "NOT_APPLICABLE",
        **({"messages": [{"text": text} for text in promotion.messages]} if promotion.messages else {}),
    }


def _contents(bundle: ReleaseBundle) -> dict[str, object]:
    return {
        "service_id": SERVICE,
        "created_by": bundle.created_by,
        "created": timestamp(bundle.created),
        "created_millis": int(bundle.created * 1000),
        "artifacts": [_artifact(artifact) for artifact in bundle.artifacts],
    }


def _artifact(artifact: BundleArtifact) -> dict[str, object]:
    pairs: Iterable[tuple[str, list[str]]] = sorted(artifact.properties.items())
    return {
        "path": artifact.path,
        "checksum": artifact.sha256,
        "source_repository_key": artifact.repo,
        "package_type": "docker",
        **_package(artifact.properties),
        "size": artifact.size,
        "properties": [{"key": key, "values": values} for key, values in pairs],
    }


def _package(properties: dict[str, list[str]]) -> dict[str, object]:
    """Name and version of the package, which a layer does not tell."""
    if "docker.repoName" not in properties:
        return {}
    name, version = properties["docker.repoName"][0], properties["docker.manifest"][0]
    return {"package_name": name, "package_version": version}
