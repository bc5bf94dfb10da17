"""Release bundles v2 that contain an artifact, asked from the bundles' side.

Release bundles are served beside Artifactory, below ``/lifecycle/api/v2``, since 7.63.2 (JFrog REST APIs on
jfrog.com/help: get-release-bundle-v2-names, -versions, -version-details, -version-promotions):

- ``release_bundle/names`` gives ``release_bundles[]`` of ``repository_key`` and ``release_bundle_name``,
  without those that the login may not read: "known" means the bundles that the login sees;
- ``release_bundle/records/NAME`` gives ``release_bundles[]``, the versions, in pages of at most 255;
- ``release_bundle/records/NAME/VERSION`` gives ``artifacts[]`` in pages, each with ``checksum``, a bare
  SHA-256;
- ``promotion/records/NAME/VERSION`` gives ``promotions[]``, failed attempts included.

No documented request leads from an artifact to every bundle, so the contents are read, within bounds. Release
bundles v1 belong to JFrog Distribution, whose API nobody could verify for us: they are left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from portshift.core.errors import PortshiftError, Unreachable
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.errors import Forbidden, LoginRefused, NotFound
from portshift_bridge.registries.inspecting.answers import moment_of, text_of
from portshift_bridge.registries.inspecting.states import Group, State
from portshift_bridge.registries.session import Session

FIRST_VERSION = (7, 63, 2)
MAX_VERSIONS = 200
SECONDS = 8.0

_API = "/lifecycle/api/v2"
_PARALLEL = 4
_VERSIONS_PAGE = 250
_CONTENTS_PAGE = 1_000
_MAX_CONTENTS_PAGES = 20


@dataclass(frozen=True)
class BundlePromotion:
    """An attempt to promote a bundle to an environment; ``at`` in microseconds, UTC."""

    status: str | None
    environment: str | None
    at: int | None = None
    user: str | None = None


@dataclass(frozen=True)
class Bundle:
    """A version of a release bundle; ``created`` in microseconds, UTC."""

    name: str
    version: str
    repository: str
    status: str | None = None
    created: int | None = None
    created_by: str | None = None
    promotions: tuple[BundlePromotion, ...] = ()


def bundles_of(
    session: Session, digest: str, *, version: tuple[int, ...] | None, deadline: Deadline
) -> Group[Bundle]:
    """The bundle versions that contain the manifest, as far as the login sees them.

    ``version`` is Artifactory's, None where it is not known. At most ``MAX_VERSIONS`` are read, in at most
    ``SECONDS``; what was found by then is in the answer, whose state is then ``unknown``.
    """
    if version is not None and version < FIRST_VERSION:
        return Group(
            State.NOT_APPLICABLE, reason="this Artifactory is older than release bundles v2 (7.63.2)"
        )
    soon = Deadline.after(min(SECONDS, deadline.remaining()))
    try:
        # One more than are read, to tell that there are more.
        every = list(itertools.islice(_versions(session, soon), MAX_VERSIONS + 1))
    except PortshiftError as error:
        return Group(State.UNKNOWN, reason=f"release bundles cannot be listed: {error}")
    read = every[:MAX_VERSIONS]
    with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="bundles") as workers:
        looks = list(workers.map(lambda bundle: _look(session, bundle, digest, soon), read))
    found = tuple(bundle for bundle, _ in looks if bundle is not None)
    problems = [problem for _, problem in looks if problem is not None]
    if problems:
        return Group(
            State.UNKNOWN,
            found,
            f"{len(problems)} of {len(read)} release bundle versions could not be read: {problems[0]}",
        )
    if len(every) > MAX_VERSIONS:
        return Group(
            State.UNKNOWN, found, f"only {MAX_VERSIONS} release bundle versions were read; there are more"
        )
    return Group(State.KNOWN, found)


def _versions(session: Session, deadline: Deadline) -> Iterator[Bundle]:
    names = _rows(session.get(f"{_API}/release_bundle/names", deadline=deadline).json(), "release_bundles")
    for named in names:
        repository, name = str(named.get("repository_key", "")), str(named.get("release_bundle_name", ""))
        offset = 0
        while True:
            page = _rows(
                session.get(
                    f"{_API}/release_bundle/records/{quote(name, safe='')}",
                    deadline=deadline,
                    params={**_in(repository), "offset": str(offset), "limit": str(_VERSIONS_PAGE)},
                ).json(),
                "release_bundles",
            )
            yield from (_bundle(row, name=name, repository=repository) for row in page)
            if len(page) != _VERSIONS_PAGE:
                break
            offset += len(page)


def _look(
    session: Session, bundle: Bundle, digest: str, deadline: Deadline
) -> tuple[Bundle | None, str | None]:
    """The bundle with its promotions where it contains the digest; else why that is not known, if so."""
    try:
        if not _contains(session, bundle, digest, deadline):
            return None, None
    except (LoginRefused, Forbidden, NotFound, Unreachable) as error:
        return None, str(error)
    try:
        return replace(bundle, promotions=_promotions(session, bundle, deadline)), None
    except (LoginRefused, Forbidden, NotFound, Unreachable) as error:
        return bundle, f"the promotions of {bundle.name} {bundle.version}: {error}"


def _contains(session: Session, bundle: Bundle, digest: str, deadline: Deadline) -> bool:
    wanted = digest.removeprefix("sha256:")
    for page in range(_MAX_CONTENTS_PAGES):
        params = {
            **_in(bundle.repository),
            "offset": str(page * _CONTENTS_PAGE),
            "limit": str(_CONTENTS_PAGE),
        }
        path = f"{_API}/release_bundle/records/{_place(bundle)}"
        rows = _rows(session.get(path, deadline=deadline, params=params).json(), "artifacts")
        if any(row.get("checksum") == wanted for row in rows):
            return True
        # More than a page is a server that pages contents not at all.
        if len(rows) != _CONTENTS_PAGE:
            return False
    raise UnexpectedAnswer(f"{bundle.name} {bundle.version} holds too many artifacts to read")


def _promotions(session: Session, bundle: Bundle, deadline: Deadline) -> tuple[BundlePromotion, ...]:
    answer = session.get(
        f"{_API}/promotion/records/{_place(bundle)}",
        deadline=deadline,
        params={**_in(bundle.repository), "limit": str(_VERSIONS_PAGE)},
    )
    return tuple(
        BundlePromotion(
            status=text_of(row.get("status")),
            environment=text_of(row.get("environment")),
            at=moment_of(row.get("created")),
            user=text_of(row.get("created_by")),
        )
        for row in _rows(answer.json(), "promotions")
    )


def _bundle(row: Mapping[str, Any], *, name: str, repository: str) -> Bundle:
    return Bundle(
        name=name,
        version=str(row.get("release_bundle_version", "")),
        repository=repository,
        status=text_of(row.get("status")),
        created=moment_of(row.get("created")),
        created_by=text_of(row.get("created_by")),
    )


def _in(repository: str) -> dict[str, str]:
    return {"repository_key": repository} if repository else {}


def _place(bundle: Bundle) -> str:
    return f"{quote(bundle.name, safe='')}/{quote(bundle.version, safe='')}"


def _rows(document: Any, key: str) -> list[Mapping[str, Any]]:
    rows = document.get(key) if isinstance(document, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise UnexpectedAnswer(f"found no {key} in an answer about release bundles, expected JFrog's")
    return rows
