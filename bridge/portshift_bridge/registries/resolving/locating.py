"""Where an image lies whose digest is known, among the rows that AQL has for its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portshift.core.references import Reference
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.registries.artifactory import ImageSource
from portshift_bridge.registries.caches import is_cache
from portshift_bridge.registries.errors import Forbidden
from portshift_bridge.registries.facts import ManifestHead, StoredManifest, candidates_at
from portshift_bridge.registries.hosts import Candidate
from portshift_bridge.registries.resolving.cache import Cache
from portshift_bridge.registries.resolving.places import Batch, Place, batches, rows_by_place

_SECONDS_TO_KEEP_MEMBERS = 300.0


@dataclass(frozen=True)
class Sought:
    """One reference at one place: ``asked`` is its digest, else its tag."""

    repository: str
    image: str
    asked: str
    tag: str | None

    @classmethod
    def at(cls, candidate: Candidate, reference: Reference) -> Sought:
        asked = reference.digest or reference.tag or "latest"
        return cls(candidate.repository, candidate.image, asked, reference.tag)

    @property
    def place(self) -> Place:
        """Where it is looked for first: a tag's own folder, even where a digest is given beside it."""
        if self.tag is None:
            return self.by_digest(self.asked)
        return Place(self.repository, self.image, tag=self.tag)

    def by_digest(self, digest: str) -> Place:
        return Place(self.repository, self.image, digest=digest)

    def __str__(self) -> str:
        separator = "@" if self.tag is None else ":"
        return f"{self.repository}/{self.image}{separator}{self.asked}"


@dataclass(frozen=True)
class Headed:
    """An image whose digest is known since ``at``, a reading of the monotonic clock."""

    sought: Sought
    head: ManifestHead
    at: float


Rows = frozenset[tuple[str, str, str, str | None]]


@dataclass(frozen=True)
class Located:
    """Where an image lies, if anywhere; ``rows`` is all that its place has, where that settles its digest."""

    stored: StoredManifest | None
    rows: Rows | None = None


class Locator:
    """Finds the places of images in one registry; safe to use from several threads.

    Every method may raise what ``ImageSource`` raises.
    """

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self._members: Cache[str, tuple[str, ...]] = Cache(size=1_000, seconds=_SECONDS_TO_KEEP_MEMBERS)

    def located(self, batch: Batch, those: Sequence[Headed], *, deadline: Deadline) -> dict[Headed, Located]:
        """Where images of a batch lie: one query for their places, few more for those that are elsewhere."""
        found = rows_by_place(batch, self._source.rows(batch, properties=True, deadline=deadline))
        located = {headed: self._among(headed, found[headed.sought.place], deadline) for headed in those}
        astray = [each for each, where in located.items() if where.stored is None and each.sought.tag]
        return {**located, **self._elsewhere(astray, deadline)}

    def located_alone(self, headed: Headed, *, deadline: Deadline) -> Located:
        """Where one image lies; without AQL, by its folder."""
        (batch,) = batches([headed.sought.place])
        try:
            return self.located(batch, [headed], deadline=deadline)[headed]
        except Forbidden:
            return Located(self._source.stored_at(headed.sought.place, headed.head, deadline=deadline))

    def _among(self, headed: Headed, rows: Sequence[StoredManifest], deadline: Deadline) -> Located:
        sought, digest = headed.sought, headed.head.digest
        holding = [row for row in rows if row.digest == digest]
        best = candidates_at(holding, image=sought.image, tag=sought.tag)
        if not best:
            return Located(None)
        stored = best[0] if len(best) == 1 else self._preferred(headed, best, deadline)
        # Members that differ are the virtual repository's to choose from; a remote's tag moves upstream.
        settled = len(holding) == len(rows) and not any(is_cache(row.repository) for row in rows)
        return Located(stored, rows_of(rows) if settled else None)

    def _elsewhere(self, astray: Sequence[Headed], deadline: Deadline) -> dict[Headed, Located]:
        """Images whose tag's folder does not hold their digest, by the digest."""
        places = {headed: headed.sought.by_digest(headed.head.digest) for headed in astray}
        rows: dict[Place, tuple[StoredManifest, ...]] = {}
        for batch in batches(places.values()):
            rows |= rows_by_place(batch, self._source.rows(batch, properties=True, deadline=deadline))
        # The tag's folder says nothing of this digest, so no look at it may spare a HEAD.
        return {
            headed: Located(self._among(headed, rows[place], deadline).stored)
            for headed, place in places.items()
        }

    def _preferred(
        self, headed: Headed, best: tuple[StoredManifest, ...], deadline: Deadline
    ) -> StoredManifest:
        """Of several members that hold the manifest, the one that a virtual repository serves it from."""
        repository = headed.sought.repository
        order = self._members.remember(
            repository, lambda: self._source.members(repository, deadline=deadline), deadline=deadline
        )
        ranks = {key: rank for rank, key in enumerate((headed.head.served_by, *order))}
        return min(
            best,
            key=lambda item: (
                ranks.get(item.repository, len(ranks)),
                is_cache(item.repository),
                item.repository,
            ),
        )


def rows_of(stored: Iterable[StoredManifest]) -> Rows:
    """What must be unchanged for an earlier HEAD to hold."""
    return frozenset((row.repository, row.path, row.name, row.digest) for row in stored)
