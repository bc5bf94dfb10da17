"""System and repository configuration (facts §2)."""

from __future__ import annotations

import hashlib

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request, not_found
from tests.standin.model import Repository
from tests.standin.store import Store
from tests.standin.switches import Switches


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

    def _listed(self, request: Request, repository: Repository) -> dict[str, str]:
        return {
            "key": repository.key,
            "description": repository.description,
            "type": repository.rclass.upper(),
            "url": repository.url or f"{request.base}/artifactory/{repository.key}",
            "packageType": repository.package_type.capitalize(),
        }


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
