"""The tokens of Docker clients: whose, for what, and until when."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class DockerToken:
    """``scopes`` are as they were asked: ``repository:NAME:pull,push``; ``expires`` is since the epoch."""

    user: str
    scopes: tuple[str, ...]
    expires: float

    def covers(self, names: Collection[str], action: str) -> bool:
        """Whether a scope names the image, by any of its names, with the action or ``*``."""
        for scope in self.scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            if kind == "repository" and name in names and {action, "*"} & set(actions.split(",")):
                return True
        return False


class DockerTokens:
    """Those that were handed out and have not expired."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._held: dict[str, DockerToken] = {}

    def issue(self, user: str, scopes: tuple[str, ...], *, seconds: float) -> str:
        text = secrets.token_urlsafe(24)
        self._held[text] = DockerToken(user, scopes, self.clock() + seconds)
        return text

    def find(self, text: str) -> DockerToken | None:
        token = self._held.get(text)
        return token if token is not None and token.expires > self.clock() else None
