"""Where manifests lie in physical repositories, as rows of AQL tell it; reading the rows is pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from portshift_bridge.clock import microseconds
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.facts import Properties, properties_of

FIELDS = ("repo", "path", "name", "sha256", "created", "modified")
# A child's folder is sha256:<hex>; some remote caches write sha256__<hex>.
_CHILD_FOLDERS = ("sha256:", "sha256__")


@dataclass(frozen=True)
class ManifestPath:
    """A manifest file: ``path`` is its folder; times are microseconds, UTC."""

    repository: str
    path: str
    name: str
    digest: str
    created: int | None = None
    modified: int | None = None
    properties: Properties = field(default_factory=dict)

    @property
    def image(self) -> str:
        """The image's path inside the repository."""
        return self.path.rpartition("/")[0]

    @property
    def tag(self) -> str | None:
        """The tag; absent for the folder of a list's child."""
        folder = self.path.rpartition("/")[2]
        return None if folder.startswith(_CHILD_FOLDERS) else folder

    @property
    def full_path(self) -> str:
        return f"{self.repository}/{self.path}/{self.name}"


def manifest_paths(document: Any) -> tuple[ManifestPath, ...]:
    """Read the rows of an AQL answer that includes ``FIELDS``, and maybe the properties.

    A row without a digest or an image is left out: it is no manifest of Docker's layout.

    Raises:
        UnexpectedAnswer: the answer is not an AQL answer.

    """
    try:
        read = [_path(row) for row in document["results"]]
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise UnexpectedAnswer(f"found an AQL answer without {', '.join(FIELDS)}") from error
    return tuple(path for path in read if path is not None)


def _path(row: Mapping[str, Any]) -> ManifestPath | None:
    hexadecimal, path = row.get("sha256"), str(row["path"])
    if not hexadecimal or "/" not in path:
        return None
    return ManifestPath(
        repository=str(row["repo"]),
        path=path,
        name=str(row["name"]),
        digest=f"sha256:{hexadecimal}",
        created=time_of(row.get("created")),
        modified=time_of(row.get("modified")),
        properties=properties_of(row.get("properties", [])),
    )


def time_of(text: Any) -> int | None:
    """A time of Artifactory's, ISO 8601, as microseconds in UTC."""
    if not isinstance(text, str):
        return None
    read = datetime.fromisoformat(text)
    return microseconds(read if read.tzinfo else read.replace(tzinfo=UTC))
