"""Who asks, and what they may do where."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping

from tests.standin.answers import Refusal
from tests.standin.docker_tokens import DockerTokens
from tests.standin.model import ANONYMOUS, Action, Item, User
from tests.standin.patterns import folder_leads_to, path_matches
from tests.standin.switches import Switches

BASIC_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Artifactory Realm"'}


class Access:
    """The users, the tokens of Docker clients, and the questions asked of them."""

    def __init__(self, switches: Switches, clock: Callable[[], float]) -> None:
        self.switches = switches
        self.users: dict[str, User] = {}
        self.docker_tokens = DockerTokens(clock)

    def authenticate(self, headers: Mapping[str, str]) -> User | None:
        """The user of a request; None when it carries no credentials and nobody is served anonymously.

        Raises:
            Refusal: 401 ``Bad credentials``; 403 with an API key header or a locked user (facts §2).

        """
        key = headers.get("x-jfrog-art-api")
        if key is not None:
            user = next((user for user in self.users.values() if user.api_key == key), None)
            return self._usable(user, status=403)
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            return self._usable(self._basic(credentials), status=401)
        if scheme.lower() == "bearer":
            return self._usable(self._bearer(credentials), status=401)
        return self.users.get(ANONYMOUS) if self.switches.anonymous else None

    def may(self, user: User | None, action: Action, item: Item) -> bool:
        """Whether ``user`` may do ``action`` to an item; a folder on the way to what may be read is seen."""
        return self.may_at(user, action, item.repo, item.path, folder=item.folder)

    def may_at(
        self, user: User | None, action: Action, repo: str, path: str, *, folder: bool = False
    ) -> bool:
        if user is None:
            return False
        if user.admin:
            return True
        own_key = repo.removesuffix("-cache")
        for permission in user.permissions:
            if action not in permission.actions:
                continue
            if not (path_matches(permission.repo, repo) or path_matches(permission.repo, own_key)):
                continue
            if path_matches(permission.path, path):
                return True
            if folder and action == "read" and folder_leads_to(permission.path, path):
                return True
        return False

    def sees_repository(self, user: User | None, storage_keys: tuple[str, ...]) -> bool:
        return any(self.may_at(user, "read", key, "", folder=True) for key in storage_keys)

    def require_login(self, user: User | None) -> User:
        """Raises Refusal: 401 with the Basic challenge."""
        if user is None:
            raise Refusal(401, "Unauthorized", headers=BASIC_CHALLENGE)
        return user

    def refusal(self, user: User | None, repo: str, path: str, *, reason: str = "") -> Refusal:
        """A 403 that names path and user; for anonymous a challenge, or a 404 when paths are hidden."""
        if user is None or user.name == ANONYMOUS:
            if self.switches.hide_unauthorized:
                return Refusal(404, "Resource not found")
            return Refusal(401, "Unauthorized", headers=BASIC_CHALLENGE)
        message = f"Request for '{repo}:{path}' is forbidden for user: '{user.name}'"
        return Refusal(403, f"{message}, {reason}" if reason else f"{message}.")

    def _usable(self, user: User | None, *, status: int) -> User:
        if user is None:
            raise Refusal(status, "Bad credentials", headers=BASIC_CHALLENGE if status == 401 else None)
        if user.locked:
            raise Refusal(403, "This request is blocked due to recurrent login failures")
        if user.expired:
            raise Refusal(403, "Your credentials have expired, they must be changed before the next login")
        return user

    def _basic(self, credentials: str) -> User | None:
        try:
            name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        user = self.users.get(name)
        if user is None:
            return None
        return user if secret in {user.password, user.token, user.api_key} - {None} else None

    def _bearer(self, token: str) -> User | None:
        issued = self.docker_tokens.find(token)
        if issued is not None:
            return self.users.get(issued.user)
        return next((user for user in self.users.values() if user.token == token), None)
