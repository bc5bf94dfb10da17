"""User plugins, as far as REST shows them: the executions that a login may call (facts §3)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.standin.access import Access
from tests.standin.answers import Answer, Request, not_found
from tests.standin.model import User


@dataclass(frozen=True)
class Execution:
    """One execution of a plugin. ``users`` may call it beside administrators."""

    name: str
    version: str
    description: str = ""
    users: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        return {
            "name": self.name,
            "version": self.version,
            "description": self.description,
            "users": list(self.users),
            "groups": [],
            "params": {},
        }


class Plugins:
    """``GET /api/plugins`` and ``/api/plugins/executions``, in JFrog's "retrieve plugin info" form."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.executions: dict[str, Execution] = {}

    def listed(self, request: Request, kind: str) -> Answer:
        """What the login may call; kinds without a plugin are left out.

        Raises:
            Refusal: 401 without a login, 404 for a kind of plugin that is not there.

        """
        user = self.access.require_login(request.user)
        if kind not in {"", "executions", "staging"}:
            raise not_found(f"No plugins of the type {kind} were found")
        allowed = [one.document() for one in self.executions.values() if _may_call(user, one)]
        shown = {"executions": allowed} if allowed and kind != "staging" else {}
        return Answer.json(shown)


def _may_call(user: User, execution: Execution) -> bool:
    return user.admin or user.name in execution.users
