"""System, repository configuration and builds (facts §2)."""

from __future__ import annotations

import datetime
import hashlib
import json

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request, not_found
from tests.standin.model import Build, Repository
from tests.standin.store import Store
from tests.standin.switches import Switches

BUILD_TYPE = "application/vnd.org.jfrog.artifactory+json"


class System:
    """What is asked of the server itself rather than of an item."""

    def __init__(self, store: Store, access: Access, switches: Switches) -> None:
        self.store = store
        self.access = access
        self.switches = switches

    def ping(self) -> Answer:
        return Answer.text("OK")

    def version(self, request: Request) -> Answer:
        """Version, revision, what the licence unlocks and its hash; an unlicensed server has no add-ons."""
        self.access.require_login(request.user)
        version, licence = self.switches.version, self.switches.licence
        return Answer.json(
            {
                "version": version,
                "revision": version.replace(".", "") + "900",
                "addons": list(self.switches.addons),
                "license": hashlib.sha1(licence.encode(), usedforsecurity=False).hexdigest(),
            }
        )

    def license(self, request: Request) -> Answer:
        """The licence itself, for administrators."""
        user = self.access.require_login(request.user)
        if not user.admin:
            raise Refusal(403)
        licence = {"type": self.switches.licence, "validThrough": "Dec 31, 2099", "licensedTo": "Stand-in"}
        return Answer.json(licence)

    def repositories(self, request: Request) -> Answer:
        """Those that the login can see; ``type`` in the list is ``rclass`` in the single answer."""
        user = self.access.require_login(request.user)
        parameters = request.parameters
        wanted_class = parameters.get("type", "").lower()
        wanted_package = parameters.get("packageType", "").lower()
        return Answer.json(
            [
                self._listed(request, repository)
                for repository in self.store.repositories.values()
                if wanted_class in {"", repository.rclass}
                and wanted_package in {"", repository.package_type}
                and self.access.sees_repository(user, self.store.physical(repository.key))
            ]
        )

    def repository(self, request: Request, key: str) -> Answer:
        """One repository's configuration, which a non-admin may not see."""
        user = self.access.require_login(request.user)
        repository = self.store.repositories.get(key)
        if not user.admin and self.switches.repository_configuration != "full":
            raise Refusal(int(self.switches.repository_configuration))
        if repository is None:
            raise (
                Refusal(400, f"Bad Request: repository '{key}' does not exist") if user.admin else not_found()
            )
        return Answer.json(_configuration(repository))

    def put_build(self, request: Request) -> Answer:
        user = self.access.require_login(request.user)
        try:
            document = json.loads(request.body)
            build = build_of(document, created=self.store.clock(), created_by=user.name)
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise Refusal(400, f"Failed to read build info: {problem!r}") from problem
        self.store.add_build(build)
        return Answer(status=204)

    def build(self, request: Request, name: str, number: str) -> Answer:
        self.access.require_login(request.user)
        build = self.store.builds.get((name, number))
        if build is None:
            raise not_found(f"No build was found for build name: {name}, build number: {number}")
        uri = f"{request.base}/artifactory/api/build/{name}/{number}"
        return Answer.json({"buildInfo": build.document, "uri": uri}, content_type=BUILD_TYPE)

    def build_numbers(self, request: Request, name: str) -> Answer:
        self.access.require_login(request.user)
        numbers = [
            {"uri": f"/{build.number}", "started": build.started}
            for build in self.store.builds.values()
            if build.name == name
        ]
        if not numbers:
            raise not_found(f"No build was found for build name: {name}")
        uri = f"{request.base}/artifactory/api/build/{name}"
        return Answer.json({"uri": uri, "buildsNumbers": numbers})

    def builds(self, request: Request) -> Answer:
        self.access.require_login(request.user)
        latest = {build.name: build.started for build in self.store.builds.values()}
        entries = [{"uri": f"/{name}", "lastStarted": started} for name, started in latest.items()]
        if not entries:
            raise not_found("No builds were found")
        return Answer.json({"uri": f"{request.base}/artifactory/api/build", "builds": entries})

    def _listed(self, request: Request, repository: Repository) -> dict[str, str]:
        return {
            "key": repository.key,
            "description": repository.description,
            "type": repository.rclass.upper(),
            "url": repository.url or f"{request.base}/artifactory/{repository.key}",
            "packageType": repository.package_type.capitalize(),
        }


def build_of(document: dict[str, object], *, created: float, created_by: str) -> Build:
    """Read a build-info document.

    Raises:
        KeyError: it has no name, number or start.

    """
    modules: dict[str, frozenset[str]] = {}
    listed = document.get("modules") or []
    for module in listed if isinstance(listed, list) else []:
        checksums = (artifact.get("sha1", "") for artifact in module.get("artifacts") or [])
        modules[str(module["id"])] = frozenset(checksums)
    return Build(
        name=str(document["name"]),
        number=str(document["number"]),
        started=str(document["started"]),
        created=created,
        created_by=created_by,
        document=document,
        modules=modules,
    )


def build_time(seconds: float) -> str:
    """``2026-01-02T03:04:05.678+0000``, the form of build-info."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def _configuration(repository: Repository) -> dict[str, object]:
    common: dict[str, object] = {
        "key": repository.key,
        "packageType": repository.package_type,
        "description": repository.description,
        "rclass": repository.rclass,
        "includesPattern": "**/*",
        "excludesPattern": "",
        "dockerApiVersion": "V2",
    }
    if repository.rclass == "virtual":
        return {
            **common,
            "repositories": list(repository.members),
            "defaultDeploymentRepo": repository.default_deployment_repo or "",
        }
    if repository.rclass == "remote":
        return {**common, "url": repository.url, "storeArtifactsLocally": True}
    return common
