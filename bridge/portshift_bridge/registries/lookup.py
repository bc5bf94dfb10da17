"""One image in one registry: its outcome, with a reason that a person can act on."""

from __future__ import annotations

from dataclasses import dataclass

from portshift.core.errors import PortshiftError, Unreachable
from portshift.core.identity import Build
from portshift.core.references import Reference
from portshift.core.wire import Outcome
from portshift_bridge.registries.artifactory import ImageSource
from portshift_bridge.registries.cache import Cache
from portshift_bridge.registries.deadline import Deadline
from portshift_bridge.registries.errors import Forbidden, LoginRefused, NotFound
from portshift_bridge.registries.facts import (
    BuildInfo,
    ManifestHead,
    StoredManifest,
    candidates_at,
)
from portshift_bridge.registries.hosts import Candidate

# A manifest moves between repositories seldom, and its properties change seldom.
_SECONDS_TO_KEEP_PLACES = 300.0
_BUILD_INFO_SECONDS = 5.0
_NOT_STORED = (
    "registry {name}: {place} is known by its digest, but no repository that the login sees stores it yet"
)


@dataclass(frozen=True)
class Resolution:
    """What became of one reference.

    ``digest``, ``media_type``, ``children``, ``artifact`` (``<registry>/<repository>/<path>``), ``build`` and
    ``build_info`` are for a resolved one. ``artifact`` is absent for an image that a remote repository passes
    on and has not stored. ``reason`` says what was found, what was expected and the cure, in one line.
    """

    outcome: Outcome
    reason: str | None = None
    digest: str | None = None
    media_type: str | None = None
    children: tuple[str, ...] = ()
    artifact: str | None = None
    build: Build | None = None
    build_info: BuildInfo | None = None


@dataclass(frozen=True)
class _Place:
    """Where in a repository: the tag or the digest that was asked for."""

    repository: str
    image: str
    asked: str
    tag: str | None

    def __str__(self) -> str:
        separator = "@" if self.tag is None else ":"
        return f"{self.repository}/{self.image}{separator}{self.asked}"


class Lookup:
    """Looks images up in one registry and remembers what does not change.

    A tag's digest is asked for each time. A digest's children are kept while there is room; where it lies
    and its build for five minutes.
    """

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self._children: Cache[str, tuple[str, ...]] = Cache(size=10_000)
        self._stored: Cache[tuple[_Place, str], StoredManifest] = Cache(
            size=10_000, seconds=_SECONDS_TO_KEEP_PLACES
        )
        self._members: Cache[str, tuple[str, ...]] = Cache(size=1_000, seconds=_SECONDS_TO_KEEP_PLACES)
        self._builds: Cache[tuple[Build, str | None], BuildInfo | None] = Cache(
            size=1_000, seconds=_SECONDS_TO_KEEP_PLACES
        )

    def look_up(self, candidate: Candidate, reference: Reference, *, deadline: Deadline) -> Resolution:
        """The outcome of ``reference`` at ``candidate``; a failure of the registry is an outcome too."""
        place = _Place(
            repository=candidate.repository,
            image=candidate.image,
            asked=reference.digest or reference.tag or "latest",
            tag=reference.tag,
        )
        name = candidate.registry.name
        try:
            return self._resolved(name, place, deadline)
        except NotFound:
            return self._missing(name, place, deadline)
        except Forbidden as error:
            return Resolution(
                Outcome.FORBIDDEN,
                f"registry {name}: {place} is forbidden: {error}; Xray blocks the image, "
                f"or the login may not read it",
            )
        except LoginRefused as error:
            return Resolution(Outcome.LOGIN_REFUSED, f"registry {name}: {error}")
        except PortshiftError as error:
            return Resolution(Outcome.UNREACHABLE, f"registry {name}: {error}")

    def close(self) -> None:
        self._source.close()

    def _resolved(self, name: str, place: _Place, deadline: Deadline) -> Resolution:
        head = self._source.head(place.repository, place.image, place.asked, deadline=deadline)
        if place.tag is None and head.digest != place.asked:
            raise Unreachable(f"found {head.digest} under {place}, expected the digest that was asked for")
        stored = self._place(place, head, deadline)
        children: tuple[str, ...] = ()
        if head.is_list:
            children = self._list(place, head, stored, deadline)
            # Reading the list made a remote keep it.
            stored = stored or self._place(place, head, deadline)
        return Resolution(
            Outcome.RESOLVED,
            reason=None if stored else _NOT_STORED.format(name=name, place=place),
            digest=head.digest,
            media_type=head.media_type,
            children=children,
            artifact=f"{name}/{stored.full_path}" if stored else None,
            build=stored.build if stored else None,
            build_info=self._build_info(stored, deadline) if stored else None,
        )

    def _place(self, place: _Place, head: ManifestHead, deadline: Deadline) -> StoredManifest | None:
        def ask() -> StoredManifest:
            found = self._source.stored(place.repository, place.image, head, tag=place.tag, deadline=deadline)
            best = candidates_at(found, image=place.image, tag=place.tag)
            if not best:
                raise NotFound(f"{place} lies nowhere that the login sees")
            return best[0] if len(best) == 1 else self._preferred(place, head, best, deadline)

        try:
            return self._stored.remember((place, head.digest), ask, deadline=deadline)
        except (NotFound, Forbidden):
            return None

    def _preferred(
        self, place: _Place, head: ManifestHead, best: tuple[StoredManifest, ...], deadline: Deadline
    ) -> StoredManifest:
        """Of several members that hold the manifest, the one that a virtual repository serves it from."""
        order = self._members.remember(
            place.repository,
            lambda: self._source.members(place.repository, deadline=deadline),
            deadline=deadline,
        )
        ranks = {key: rank for rank, key in enumerate((head.served_by, *order))}
        return min(
            best,
            key=lambda item: (
                ranks.get(item.repository, len(ranks)),
                item.repository.endswith("-cache"),
                item.repository,
            ),
        )

    def _list(
        self, place: _Place, head: ManifestHead, stored: StoredManifest | None, deadline: Deadline
    ) -> tuple[str, ...]:
        return self._children.remember(
            head.digest,
            lambda: self._source.children(
                place.repository,
                place.image,
                place.asked,
                digest=head.digest,
                stored=stored,
                deadline=deadline,
            ),
            deadline=deadline,
        )

    def _build_info(self, stored: StoredManifest, deadline: Deadline) -> BuildInfo | None:
        """Build-info is an extra: no failure to read it is a failure of the image."""
        build = stored.build
        if build is None:
            return None
        soon = Deadline.after(min(_BUILD_INFO_SECONDS, deadline.remaining() / 2))

        def ask() -> BuildInfo | None:
            try:
                return self._source.build_info(build, deadline=soon)
            except (NotFound, Forbidden):
                return None

        try:
            return self._builds.remember((build, stored.first("build.timestamp")), ask, deadline=soon)
        except PortshiftError:
            return None

    def _missing(self, name: str, place: _Place, deadline: Deadline) -> Resolution:
        """Artifactory answers 404 alike for what is absent and what is hidden: find out which."""
        try:
            listed = self._source.lists_folder(place.repository, place.image, deadline=deadline)
        except LoginRefused as error:
            return Resolution(Outcome.LOGIN_REFUSED, f"registry {name}: {error}")
        except PortshiftError as error:
            return Resolution(Outcome.UNREACHABLE, f"registry {name}: {error}")
        if listed:
            return Resolution(
                Outcome.ABSENT,
                f"registry {name} has no {place}; its folder {place.repository}/{place.image} was read and "
                f"does not hold it; push it, or correct the reference",
            )
        return Resolution(
            Outcome.NOT_VISIBLE,
            f"registry {name} shows no {place} to its login: the image is absent or hidden; push it, correct "
            f"the reference, or give the login read permission on {place.repository}/{place.image}",
        )
