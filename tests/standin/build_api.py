"""``/api/build``: build-info published, read and promoted (facts §2)."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import quote

from tests.standin.access import Access
from tests.standin.answers import Answer, Refusal, Request, not_found
from tests.standin.builds import build_of, promotion_status
from tests.standin.model import Action, Build, User
from tests.standin.store import Store
from tests.standin.switches import Switches

BUILD_TYPE = "application/vnd.org.jfrog.artifactory+json"
BUILD_REPOSITORY = "artifactory-build-info"


class BuildApi:
    """Builds by name and number. Who may read one may read its path in the repository of build-info."""

    def __init__(self, store: Store, access: Access, switches: Switches) -> None:
        self.store = store
        self.access = access
        self.switches = switches

    def put(self, request: Request) -> Answer:
        """Publish build-info.

        Raises:
            Refusal: 401 without a login, 403 without the right to deploy, 400 for no build-info.

        """
        user = self.access.require_login(request.user)
        try:
            document = json.loads(request.body)
            build = build_of(document, created=self.store.clock(), created_by=user.name)
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise Refusal(400, f"Failed to read build info: {problem!r}") from problem
        if self.switches.build_permissions and not self._may(user, "deploy", build):
            raise self.access.refusal(user, BUILD_REPOSITORY, build.name)
        self.store.add_build(build)
        return Answer(status=204)

    def read(self, request: Request, name: str, number: str) -> Answer:
        build = self._build(request, name, number)
        uri = f"{request.base}/artifactory/api/build/{quote(name)}/{quote(number)}"
        document = {**build.document, **({"statuses": list(build.statuses)} if build.statuses else {})}
        return Answer.json({"buildInfo": document, "uri": uri}, content_type=BUILD_TYPE)

    def numbers(self, request: Request, name: str) -> Answer:
        numbers = [
            {"uri": f"/{quote(build.number)}", "started": build.started}
            for build in self._readable(request)
            if build.name == name
        ]
        if not numbers:
            raise not_found(f"No build was found for build name: {name}")
        uri = f"{request.base}/artifactory/api/build/{quote(name)}"
        return Answer.json({"uri": uri, "buildsNumbers": numbers})

    def names(self, request: Request) -> Answer:
        latest = {build.name: build.started for build in self._readable(request)}
        entries = [{"uri": f"/{quote(name)}", "lastStarted": started} for name, started in latest.items()]
        if not entries:
            raise not_found("No builds were found")
        return Answer.json({"uri": f"{request.base}/artifactory/api/build", "builds": entries})

    def promote(self, request: Request, name: str, number: str) -> Answer:
        """``POST /api/build/promote/NAME/NUMBER``: a new status; files are not moved here.

        Raises:
            Refusal: 400 for a body that is no object, 404 for a build that is not there or may not be read.

        """
        build = self._build(request, name, number)
        try:
            body = dict(json.loads(request.body))
        except (ValueError, TypeError) as problem:
            raise Refusal(400, f"Failed to parse request: {problem}") from problem
        if not body.get("dryRun"):
            status = promotion_status(
                str(body.get("status", "")),
                repository=str(body.get("targetRepo", "")),
                comment=str(body.get("comment", "")),
                user=request.user_name,
                moment=self.store.clock(),
            )
            self.store.replace_build(replace(build, statuses=(*build.statuses, status)))
        return Answer.json({"messages": []})

    def _build(self, request: Request, name: str, number: str) -> Build:
        for build in self._readable(request):
            if (build.name, build.number) == (name, number):
                return build
        raise not_found(f"No build was found for build name: {name}, build number: {number}")

    def _readable(self, request: Request) -> list[Build]:
        user = self.access.require_login(request.user)
        every = self.store.builds.values()
        return [
            build for build in every if not self.switches.build_permissions or self._may(user, "read", build)
        ]

    def _may(self, user: User, action: Action, build: Build) -> bool:
        return self.access.may_at(user, action, BUILD_REPOSITORY, f"{build.name}/{build.number}")
