"""Which repositories a registry has, and what a virtual one is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.caches import cache_of
from portshift_bridge.registries.errors import Forbidden, NotFound
from portshift_bridge.registries.session import Session


@dataclass(frozen=True)
class DockerRepository:
    """A repository's key and type: local, remote, virtual or federated."""

    key: str
    type: str

    @property
    def storage_key(self) -> str:
        """Where its artifacts lie: a remote's in its cache."""
        return cache_of(self.key) if self.type == "remote" else self.key


def docker_repositories(session: Session, *, deadline: Deadline) -> tuple[DockerRepository, ...]:
    """The Docker repositories that the login sees.

    Raises:
        UnexpectedAnswer: the answer is no list.
        LoginRefused, Forbidden, NotFound, Unreachable: as a ``Session`` says.

    """
    listed = session.get("api/repositories", deadline=deadline, params={"packageType": "docker"}).json()
    if not isinstance(listed, list):
        raise UnexpectedAnswer("found no list of repositories, expected Artifactory's")
    return tuple(
        DockerRepository(str(entry["key"]), str(entry.get("type", "")).lower())
        for entry in listed
        if isinstance(entry, Mapping) and "key" in entry
    )


def members(session: Session, repository: str, *, deadline: Deadline) -> tuple[str, ...]:
    """The keys of a virtual repository's members in the order of resolution; empty if not to be known.

    Raises:
        LoginRefused, Unreachable: as a ``Session`` says.

    """
    try:
        answer = session.get(f"api/repositories/{quote(repository)}", deadline=deadline).json()
    except (Forbidden, NotFound):
        return ()
    if not isinstance(answer, Mapping):
        return ()
    listed = answer.get("repositories")
    keys = [answer.get("defaultDeploymentRepo"), *(listed if isinstance(listed, list) else ())]
    return tuple(dict.fromkeys(key for key in keys if isinstance(key, str) and key))
