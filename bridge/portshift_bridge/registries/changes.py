"""What changed in a registry, and what it lists: questions to AQL and to storage, read as rows.

AQL's ``limit`` may cut properties off when they are included, so pages come without them, and the places
worth it are asked again (jfrog-client-go leaves properties out of such queries).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portshift_bridge.clock import microseconds, moment
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.outbound.pause import http_date
from portshift_bridge.registries import aql, storage
from portshift_bridge.registries.caches import cache_of
from portshift_bridge.registries.errors import BadRequest, Forbidden, Hidden, NotFound
from portshift_bridge.registries.hosts import permitted_repository
from portshift_bridge.registries.model import Registry
from portshift_bridge.registries.paths import FIELDS, ManifestPath, manifest_paths, time_of
from portshift_bridge.registries.repositories import docker_repositories, members
from portshift_bridge.registries.session import Session

PAGE = 1_000
REQUEST_SECONDS = 30.0
# Of one query with properties: 40 items with 50 labels of 2,400 characters each fit the largest answer.
_PLACES = 40
_MAX_REPOSITORIES = 4_500
_NAMES = aql.any_of("name", [aql.MANIFEST, aql.MANIFEST_LIST])


@dataclass(frozen=True)
class Repositories:
    """The Docker repositories to watch, by the keys that items lie under.

    ``local`` hold what was pushed, ``caches`` what a remote fetched. ``virtual`` are keys whose members the
    login may not know: what changes behind them is seen, what they list is not compared.
    """

    local: frozenset[str] = frozenset()
    caches: frozenset[str] = frozenset()
    virtual: frozenset[str] = frozenset()

    @property
    def physical(self) -> frozenset[str]:
        return self.local | self.caches


@dataclass(frozen=True)
class Page:
    """Manifests of one answer; ``times`` and ``last_path`` are of all its items, manifests or not."""

    rows: tuple[ManifestPath, ...] = ()
    times: tuple[int, ...] = ()
    last_path: str | None = None


def repositories(session: Session, registry: Registry) -> Repositories:
    """The registry's Docker repositories that the login sees, as far as they are included.

    Raises:
        UnexpectedAnswer: it sees none, or the answer is no list.

    """
    types = {each.key: each.type for each in docker_repositories(session, deadline=_deadline())}
    wanted = {key for key in types if permitted_repository(registry, key)}
    unknown = set()
    if registry.include:
        # Without includes, the members that the login sees are in the list themselves.
        for key in [key for key in wanted if types[key] == "virtual"]:
            listed = members(session, key, deadline=_deadline())
            wanted |= {member for member in listed if member in types}
            unknown |= set() if listed else {key}
    if not wanted:
        raise UnexpectedAnswer(
            "found no Docker repository that the login sees and the registry includes",
            cure="give the login read permission, or change the repositories that are included",
        )
    return Repositories(
        local=frozenset(key for key in wanted if types[key] not in {"virtual", "remote"}),
        caches=frozenset(cache_of(key) for key in wanted if types[key] == "remote"),
        virtual=frozenset(unknown),
    )


def registry_time(session: Session) -> int | None:
    """The registry's own clock (microseconds, UTC), from the ``Date`` of an answer; None without one."""
    date = http_date(session.get("api/system/ping", deadline=_deadline()).headers.get("Date", ""))
    return None if date is None else microseconds(date)


def newest(session: Session, watched: Repositories) -> int | None:
    """The latest ``modified`` (microseconds, the registry's clock) of any manifest; None without any."""
    query = aql.items(_among(watched), include=FIELDS) + _sorted("$desc", "modified", limit=1)
    return max(_page(session, query).times, default=None)


def changed(session: Session, watched: Repositories, *, since: int, offset: int = 0, under: str = "") -> Page:
    """A page of the manifests at or after ``since`` (microseconds) by ``modified``, oldest first.

    ``under`` keeps to the folders below an image. Only an empty page is the last: a server may give fewer
    rows than it is asked for.
    """
    criteria = [*_among(watched), {"modified": {"$gte": _iso(since)}}, *_below(under)]
    order = _sorted("$asc", "modified", "repo", "path", "name", limit=PAGE, offset=offset)
    return _page(session, aql.items(criteria, include=FIELDS) + order)


def annotated(session: Session, watched: Repositories, *, since: int, offset: int = 0) -> Page | None:
    """A page of the manifests whose properties changed at or after ``since`` (microseconds), by path.

    None where the server does not know ``props_modified``, as 6.20 does not. The field is neither shown nor
    sorted by: nothing documents the form of that (jfrog.com/help, "How to Find and Track Artifacts with
    Recently Modified Properties").
    """
    criteria = [*_among(watched), {"props_modified": {"$gte": _iso(since)}}]
    order = _sorted("$asc", "repo", "path", "name", limit=PAGE, offset=offset)
    try:
        return _page(session, aql.items(criteria, include=FIELDS) + order)
    except BadRequest:
        return None


def listed(session: Session, repository: str, *, under: str = "", after: str = "") -> Page:
    """A page of all manifests of a physical repository by path, from the path ``after`` on.

    The order is the server's; it is the server too that compares with ``after``, so no collation matters
    and nothing that stays is left out while other items come and go. ``under`` as in ``changed``.
    """
    from_there = [{"path": {"$gte": after}}] if after else []
    criteria = [{"repo": repository}, _NAMES, *_below(under), *from_there]
    return _page(session, aql.items(criteria, include=FIELDS) + _sorted("$asc", "path", "name", limit=PAGE))


def holding(session: Session, digest: str, *, offset: int, deadline: Deadline) -> Page:
    """A page of the manifests with this digest in all repositories, by path; fewer than ``PAGE`` end them."""
    criteria = [{"sha256": digest.removeprefix("sha256:")}, _NAMES]
    order = _sorted("$asc", "repo", "path", "name", limit=PAGE, offset=offset)
    return _page(session, aql.items(criteria, include=FIELDS) + order, deadline)


def at_places(
    session: Session, repository: str, paths: Iterable[str], *, deadline: Deadline | None = None
) -> Iterator[tuple[ManifestPath, ...]]:
    """The manifests in these folders with their properties, some folders at a time.

    Without a ``deadline`` each question has ``REQUEST_SECONDS``.
    """
    remaining = iter(paths)
    while batch := tuple(itertools.islice(remaining, _PLACES)):
        for part in _fitting(repository, batch):
            yield _page(session, _at(repository, part), deadline).rows


def sees_folder(session: Session, repository: str, path: str) -> bool:
    """Whether the login may list this folder; the empty path is the repository itself."""
    return storage.sees_folder(session, repository, path, deadline=_deadline())


def is_absent(session: Session, repository: str, path: str, name: str, *, cached: bool) -> bool:
    """Whether a manifest is not there, rather than hidden from the login.

    Storage may answer 404 for both; Docker's API answers 403 for what the login may not read, and 404 for
    what is not there. A cache is not asked that way: it would fetch the image.
    """
    try:
        session.get(storage.storage_path(repository, path, name), deadline=_deadline())
    except Forbidden:
        return False
    except NotFound:
        return cached or _docker_tells(session, repository, path)
    return False


def _docker_tells(session: Session, repository: str, path: str) -> bool:
    """Whether Docker's API tells of the place: that it is there, or that it is not."""
    image, _, folder = path.rpartition("/")
    reference = folder.replace("sha256__", "sha256:", 1) if folder.startswith("sha256__") else folder
    try:
        session.manifest("HEAD", repository, image, reference, deadline=_deadline())
    except (Hidden, Forbidden):
        return False
    except NotFound:
        return True
    return True


def _among(watched: Repositories) -> list[dict[str, Any]]:
    keys = sorted(watched.physical | watched.virtual)
    if sum(len(key) + 12 for key in keys) > _MAX_REPOSITORIES:
        # Too many to name: Docker manifests wherever they lie; the caller leaves out other repositories.
        return [_NAMES, {"@docker.manifest": {"$match": "*"}}]
    return [aql.any_of("repo", keys), _NAMES]


def _below(image: str) -> list[dict[str, Any]]:
    return [{"path": {"$match": f"{image}/*"}}] if image else []


def _at(repository: str, paths: Collection[str]) -> str:
    criteria = [{"repo": repository}, _NAMES, aql.any_of("path", list(paths))]
    return aql.items(criteria, include=(*FIELDS, "property"))


def _fitting(repository: str, paths: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The paths in parts that fit the length of a query."""
    room = aql.MAX_QUERY - len(_at(repository, [""]))
    part: list[str] = []
    for path in paths:
        if part and sum(len(json.dumps(each)) + 10 for each in (*part, path)) > room:
            yield tuple(part)
            part = []
        part.append(path)
    yield tuple(part)


def _sorted(order: str, *fields: str, limit: int, offset: int = 0) -> str:
    named = json.dumps({order: list(fields)}, separators=(",", ":"))
    return f".sort({named})" + (f".offset({offset})" if offset else "") + f".limit({limit})"


def _page(session: Session, query: str, deadline: Deadline | None = None) -> Page:
    answer = session.query(query, deadline=deadline or _deadline())
    rows = manifest_paths(answer)
    span = answer.get("range")
    if isinstance(span, Mapping) and span.get("notification"):
        raise UnexpectedAnswer(f"AQL gives only a part of its rows ({str(span['notification'])[:200]})")
    items = answer["results"]
    times = tuple(time_of(item.get("modified")) or 0 for item in items)
    return Page(rows, times, str(items[-1]["path"]) if items else None)


def _iso(at: int) -> str:
    """AQL's times have milliseconds; rounded down, so that nothing is left out."""
    return moment(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _deadline() -> Deadline:
    return Deadline.after(REQUEST_SECONDS)
