"""Reading the catalogue: lists of artifacts, and all that is known of one digest."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, tuple_

from portshift.core.errors import InvalidInput
from portshift_bridge.errors import NotFound
from portshift_bridge.registries.inspecting.contents import Child, Content
from portshift_bridge.registries.inspecting.inspection import Known
from portshift_bridge.registries.inspecting.parents import Parent
from portshift_bridge.registries.paths import ManifestPath
from portshift_bridge.store.artifact_rows import manifest_path
from portshift_bridge.store.database import Database
from portshift_bridge.store.paging import Page
from portshift_bridge.store.schema import artifact_children, artifact_paths, artifacts

MIN_PREFIX = 8
# Of one artifact: in a list, and of one registry when it is shown.
LISTED_PATHS = 100
_SHOWN_PATHS = 1_000
_MAX_PARENTS = 200
_MAX_SLASHES = 16
_PREFIX = re.compile(rf"(?:sha256:)?[0-9a-f]{{{MIN_PREFIX},64}}\Z")


@dataclass(frozen=True)
class ArtifactFilter:
    """Which artifacts to list; what is set must hold of one and the same place.

    ``digest`` is a digest or a prefix of one, ``build`` is ``NAME`` or ``NAME/NUMBER``. Without ``digest``,
    only artifacts with a tag are listed: a list's children are part of it.
    """

    registry: str | None = None
    repository: str | None = None
    image: str | None = None
    tag: str | None = None
    digest: str | None = None
    build: str | None = None


@dataclass(frozen=True)
class Position:
    """A place in the list: when it was first seen in microseconds, then the order of insertion."""

    first_seen_at: int
    key: int


@dataclass(frozen=True)
class ListedArtifact:
    """An artifact as lists show it; ``path_count`` counts also the paths beyond ``LISTED_PATHS``.

    ``media_type`` and what follows it is absent or empty until the bridge has read the manifest.
    """

    digest: str
    first_seen_at: int
    media_type: str | None
    size: int | None
    platforms: tuple[str, ...]
    path_count: int
    paths: tuple[tuple[str, ManifestPath], ...]


@dataclass(frozen=True)
class KnownArtifact:
    """All that the catalogue knows of a digest, by registry."""

    digest: str
    first_seen_at: int | None = None
    registries: dict[str, Known] = field(default_factory=dict)


class ArtifactLists:
    """What the catalogue holds; nothing is asked of a registry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, wanted: ArtifactFilter, *, after: Position | None, limit: int
    ) -> Page[ListedArtifact, Position]:
        """The next ``limit`` artifacts, those seen last first.

        Raises:
            InvalidInput: ``digest`` is no prefix of a digest.

        """
        place = (artifacts.c.first_seen_at, artifacts.c.key)
        query = select(artifacts).where(*_conditions(wanted))
        query = query.order_by(*(column.desc() for column in place)).limit(limit + 1)
        if after is not None:
            query = query.where(tuple_(*place) < (after.first_seen_at, after.key))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            items = tuple(_listed(connection, row) for row in rows[:limit])
        more = len(rows) > limit
        return Page(items, Position(rows[limit - 1].first_seen_at, rows[limit - 1].key) if more else None)

    def digest(self, text: str) -> str:
        """The digest that ``text`` is, or the only known one that it begins.

        Raises:
            InvalidInput: it is neither, or several digests begin so.
            NotFound: no known digest begins so.

        """
        if len(text.removeprefix("sha256:")) == 64 and is_prefix(text):
            return f"sha256:{text.removeprefix('sha256:')}"
        query = select(artifacts.c.digest).where(_begins(text)).limit(2)
        with self._database.read() as connection:
            found = connection.scalars(query).all()
        if not found:
            raise NotFound(
                f"no known artifact's digest begins with {text}",
                cure="give the whole digest, or see the list",
            )
        if len(found) > 1:
            raise InvalidInput(f"several artifacts' digests begin with {text}", cure="give more digits")
        return str(found[0])

    def known(self, digest: str) -> KnownArtifact:
        """What is known of a digest; nothing of one that was never seen."""
        with self._database.read() as connection:
            # A child's lists may be known before the child is.
            parents = _parents(connection, digest)
            row = connection.execute(select(artifacts).where(artifacts.c.digest == digest)).one_or_none()
            content = None if row is None else _content(connection, row)
            paths = {} if row is None else _paths_by_registry(connection, row)
        registries = {
            registry: Known(
                paths=paths.get(registry, ()), content=content, parents=tuple(parents.get(registry, ()))
            )
            for registry in paths.keys() | parents.keys()
        }
        return KnownArtifact(digest, None if row is None else row.first_seen_at, registries)


def is_prefix(text: str) -> bool:
    """Whether the text can be the beginning of a digest: ``[sha256:]`` and 8 to 64 hexadecimal digits."""
    return _PREFIX.match(text) is not None


def _begins(text: str) -> ColumnElement[bool]:
    if not is_prefix(text):
        raise InvalidInput(
            f"found the digest {text[:100]!r}, expected sha256: and at least {MIN_PREFIX} hexadecimal digits"
        )
    begin = f"sha256:{text.removeprefix('sha256:')}"
    # 'g' follows every hexadecimal digit, so this is the range of the digests with the prefix.
    return and_(artifacts.c.digest >= begin, artifacts.c.digest < begin + "g")


def _conditions(wanted: ArtifactFilter) -> Iterator[ColumnElement[bool]]:
    column = artifact_paths.c
    equal = {
        column.registry: wanted.registry,
        column.repository: wanted.repository,
        column.image: wanted.image,
        column.tag: wanted.tag,
    }
    place = [name == value for name, value in equal.items() if value is not None]
    if wanted.build is not None:
        place.append(_of_build(wanted.build))
    if wanted.digest is not None:
        yield _begins(wanted.digest)
    else:
        place.append(column.tag.is_not(None))
    if any(value is not None for value in (wanted.image, wanted.tag, wanted.build)):
        # Few places: from their index to the artifacts.
        yield artifacts.c.key.in_(select(column.artifact_key).where(*place))
    elif place:
        # Most places: along the list, with a look at each artifact's own.
        yield select(column.key).where(column.artifact_key == artifacts.c.key, *place).exists()


def _of_build(text: str) -> ColumnElement[bool]:
    """``NAME`` or ``NAME/NUMBER``; both parts may hold slashes themselves."""
    column = artifact_paths.c
    slashes = [index for index, character in enumerate(text) if character == "/"][:_MAX_SLASHES]
    pairs = (
        and_(column.build_name == text[:index], column.build_number == text[index + 1 :]) for index in slashes
    )
    return or_(column.build_name == text, *pairs)


def _listed(connection: Connection, row: Row[Any]) -> ListedArtifact:
    own = artifact_paths.c.artifact_key == row.key
    query = select(artifact_paths).where(own).order_by(artifact_paths.c.key).limit(LISTED_PATHS)
    paths = [(each.registry, manifest_path(each, row.digest)) for each in connection.execute(query)]
    count = len(paths)
    if count == LISTED_PATHS:
        count = connection.scalar(select(func.count()).select_from(artifact_paths).where(own)) or 0
    return ListedArtifact(
        digest=row.digest,
        first_seen_at=row.first_seen_at,
        media_type=row.media_type,
        size=row.size,
        platforms=tuple(row.platforms),
        path_count=count,
        paths=tuple(paths),
    )


def _paths_by_registry(connection: Connection, row: Row[Any]) -> dict[str, tuple[ManifestPath, ...]]:
    query = select(artifact_paths).where(artifact_paths.c.artifact_key == row.key)
    found: dict[str, list[ManifestPath]] = defaultdict(list)
    for each in connection.execute(query.order_by(artifact_paths.c.key)):
        if len(found[each.registry]) < _SHOWN_PATHS:
            found[each.registry].append(manifest_path(each, row.digest))
    return {registry: tuple(paths) for registry, paths in found.items()}


def _parents(connection: Connection, digest: str) -> dict[str, Sequence[Parent]]:
    """The lists that name the digest, by the registries where they lie."""
    query = (
        select(artifact_paths.c.registry, artifact_paths.c.image, artifact_paths.c.tag, artifacts.c.digest)
        .select_from(artifact_children)
        .join(artifacts, artifacts.c.key == artifact_children.c.artifact_key)
        .join(artifact_paths, artifact_paths.c.artifact_key == artifacts.c.key)
        .where(artifact_children.c.digest == digest)
        .order_by(artifact_paths.c.key)
        .limit(_MAX_PARENTS)
    )
    tags: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in connection.execute(query):
        tags[row.registry, row.digest, row.image] += [row.tag] if row.tag is not None else []
    found: dict[str, list[Parent]] = defaultdict(list)
    for (registry, parent, image), named in tags.items():
        found[registry].append(Parent(parent, image, tuple(named)))
    return {registry: tuple(parents) for registry, parents in found.items()}


def _content(connection: Connection, row: Row[Any]) -> Content | None:
    if row.media_type is None:
        return None
    query = select(artifact_children).where(artifact_children.c.artifact_key == row.key)
    children = connection.execute(query.order_by(artifact_children.c.position))
    return Content(
        media_type=row.media_type,
        size=row.size,
        platforms=tuple(row.platforms),
        labels=row.labels,
        children=tuple(Child(child.digest, child.platform) for child in children),
    )
