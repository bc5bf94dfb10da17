"""What the stand-in holds: repositories, items, users and their permissions, builds.

Every name follows Artifactory's own word for the thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

RClass = Literal["local", "remote", "virtual", "federated"]
Action = Literal["read", "annotate", "deploy", "delete", "admin"]
Properties = dict[str, list[str]]

EVERYTHING: frozenset[Action] = frozenset({"read", "annotate", "deploy", "delete", "admin"})
ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class Repository:
    """A repository's configuration.

    ``library``: a remote of Docker Hub, which stores one-part image names under ``library/``.
    ``child_folders``: how the folder of a child manifest begins, ``sha256:`` or ``sha256__``.
    """

    key: str
    rclass: RClass
    package_type: str = "docker"
    members: tuple[str, ...] = ()
    default_deployment_repo: str | None = None
    url: str = ""
    description: str = ""
    library: bool = False
    child_folders: str = "sha256:"

    @property
    def storage_key(self) -> str:
        """The key under which its own items lie: a remote's are in ``KEY-cache``."""
        return f"{self.key}-cache" if self.rclass == "remote" else self.key


@dataclass(slots=True, eq=False)
class Item:
    """A file or a folder. ``path`` is the whole path inside the repository, "" for its root.

    Times are seconds since the epoch. ``modified`` follows the binary, ``props_modified`` the properties.
    """

    repo: str
    path: str
    folder: bool
    created: float
    created_by: str
    modified: float
    modified_by: str
    size: int = 0
    sha1: str = ""
    md5: str = ""
    sha256: str = ""
    mime_type: str = ""
    properties: Properties = field(default_factory=dict)
    props_modified: float | None = None
    downloads: int = 0
    downloaded: float | None = None
    downloaded_by: str | None = None
    children: dict[str, Item] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2] if self.path else "."

    @property
    def parent(self) -> str:
        """The folder that holds it, "" for the root."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True)
class Permission:
    """What may be done where: a repository key and path, each with ``*`` and ``**`` as in Ant."""

    actions: frozenset[Action]
    repo: str = "*"
    path: str = "**"

    @classmethod
    def of(cls, *actions: Action, repo: str = "*", path: str = "**") -> Permission:
        return cls(actions=frozenset(actions), repo=repo, path=path)


@dataclass(frozen=True)
class User:
    """Someone who may log in with a password, an access token or an API key."""

    name: str
    password: str | None = None
    token: str | None = None
    api_key: str | None = None
    admin: bool = False
    locked: bool = False
    expired: bool = False
    permissions: tuple[Permission, ...] = ()


@dataclass(frozen=True)
class Build:
    """A published build-info document, the SHA-1 of each artifact in its modules, and its promotions."""

    name: str
    number: str
    started: str
    created: float
    created_by: str
    document: dict[str, object]
    modules: dict[str, frozenset[str]]
    statuses: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True)
class BundleArtifact:
    """A file as it was when its release bundle was made."""

    path: str
    sha256: str
    repo: str
    size: int
    properties: Properties


@dataclass(frozen=True)
class ReleaseBundle:
    """A version of a release bundle v2; ``repo`` is the repository that permissions on it name."""

    name: str
    version: str
    repo: str
    status: str
    created: float
    created_by: str
    artifacts: tuple[BundleArtifact, ...]


@dataclass(frozen=True)
class BundlePromotion:
    """A promotion of a release bundle's version to an environment, whatever came of it."""

    bundle: ReleaseBundle
    environment: str
    status: str
    created: float
    created_by: str
    messages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Event:
    """One event; ``repo`` is the key of the repository that holds the item, ``KEY-cache`` for a remote."""

    domain: str
    kind: str
    repo: str
    path: str
    user: str
    data: Mapping[str, object]
