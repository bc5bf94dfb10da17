"""Images in one registry: from a HEAD to an outcome, with a reason that a person can act on.

Each step is a question that a worker thread can ask by itself; ``searching`` puts them in order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from portshift.core.errors import PortshiftError, Unreachable
from portshift.core.identity import Build
from portshift.core.wire import Outcome
from portshift_bridge.outbound.deadline import Deadline
from portshift_bridge.outbound.errors import UnexpectedAnswer
from portshift_bridge.registries.artifactory import ImageSource
from portshift_bridge.registries.errors import Forbidden, LoginRefused, NotFound
from portshift_bridge.registries.facts import StoredManifest
from portshift_bridge.registries.resolving.cache import Cache, Recent
from portshift_bridge.registries.resolving.locating import Headed, Located, Locator, Rows, Sought, rows_of
from portshift_bridge.registries.resolving.places import Batch, batches, rows_by_place

# How old a HEAD may be that AQL confirms: what AQL does not show, such as a new block, counts by then.
_SECONDS_TO_KEEP = 300.0
_NOT_STORED = (
    "registry {name}: {sought} is known by its digest, but no repository that the login sees stores it yet"
)


@dataclass(frozen=True)
class Resolution:
    """What became of one reference.

    ``digest``, ``media_type``, ``children``, ``artifact`` (``<registry>/<repository>/<path>``) and ``build``
    are for a resolved one. ``artifact`` is absent for an image that a remote repository passes on and has not
    stored. ``reason`` says what was found, what was expected and the cure, in one line.
    """

    outcome: Outcome
    reason: str | None = None
    digest: str | None = None
    media_type: str | None = None
    children: tuple[str, ...] = ()
    artifact: str | None = None
    build: Build | None = None


@dataclass(frozen=True)
class _Known:
    """An earlier outcome, which holds as long as its place has these ``rows``."""

    resolution: Resolution
    rows: Rows


class Lookup:
    """Looks images up in one registry and remembers what does not change, or can be seen not to have.

    A digest's children are kept while there is room. The outcome of an image that only local repositories
    hold is kept for five minutes after its HEAD, and taken for true while AQL shows the same rows at its
    place. Anything else is asked for each time.
    """

    def __init__(self, name: str, source: ImageSource) -> None:
        self._name = name
        self._source = source
        self._children: Cache[str, tuple[str, ...]] = Cache(size=10_000)
        self._locator = Locator(source)
        self._known: Recent[Sought, _Known] = Recent(size=10_000, seconds=_SECONDS_TO_KEEP)

    def close(self) -> None:
        self._source.close()

    def confirmable(self, sought: Sought) -> bool:
        """Whether a look at the image's place may spare a HEAD."""
        return self._known.get(sought) is not None

    def confirm(
        self, batch: Batch, those: Collection[Sought], *, deadline: Deadline
    ) -> Mapping[Sought, Resolution]:
        """The outcomes that still hold, because the place has the rows that it had right after the HEAD.

        Everything else is forgotten and has to be asked for, also when the query fails.
        """
        try:
            found = rows_by_place(batch, self._source.rows(batch, properties=False, deadline=deadline))
        except PortshiftError:
            found = {}
        confirmed = {}
        for sought in those:
            known = self._known.get(sought)
            if known is not None and known.rows == rows_of(found.get(sought.place, ())):
                confirmed[sought] = known.resolution
            else:
                self._known.forget(sought)
        return confirmed

    def head(self, sought: Sought, *, deadline: Deadline) -> Headed | Resolution:
        """Ask for the digest; a failure to get it is an outcome."""
        at = self._known.now()
        try:
            head = self._source.head(sought.repository, sought.image, sought.asked, deadline=deadline)
            if sought.asked.startswith("sha256:") and head.digest != sought.asked:
                raise Unreachable(
                    f"found {head.digest} under {sought}, expected the digest that was asked for"
                )
        except PortshiftError as error:
            return self._refused(sought, error, deadline)
        return Headed(sought, head, at)

    def locate(
        self, batch: Batch, those: Sequence[Headed], *, deadline: Deadline
    ) -> Mapping[Headed, Located | Resolution]:
        """Find where images lie; of one that the answer leaves out, ``finish`` has to find it."""
        try:
            return self._locator.located(batch, those, deadline=deadline)
        except (Forbidden, UnexpectedAnswer):
            return {}
        except PortshiftError as error:
            return dict.fromkeys(those, self._failed(error))

    def finish(self, headed: Headed, located: Located | None, *, deadline: Deadline) -> Resolution:
        """The outcome of an image that is there, with a list's children."""
        try:
            located = located or self._locator.located_alone(headed, deadline=deadline)
            return self._finished(headed, located, deadline)
        except PortshiftError as error:
            return self._refused(headed.sought, error, deadline)

    # Outcomes

    def _finished(self, headed: Headed, located: Located, deadline: Deadline) -> Resolution:
        sought, head, stored = headed.sought, headed.head, located.stored
        children: tuple[str, ...] = ()
        if head.is_list:
            children = self._list(headed, stored, deadline)
            if stored is None:
                # Reading the list made a remote keep it.
                stored = self._locator.located_alone(headed, deadline=deadline).stored
        resolution = Resolution(
            Outcome.RESOLVED,
            reason=None if stored else _NOT_STORED.format(name=self._name, sought=sought),
            digest=head.digest,
            media_type=head.media_type,
            children=children,
            artifact=f"{self._name}/{stored.full_path}" if stored else None,
            build=stored.build if stored else None,
        )
        if located.rows is not None:
            self._known.put(sought, _Known(resolution, located.rows), at=headed.at)
        return resolution

    def _list(self, headed: Headed, stored: StoredManifest | None, deadline: Deadline) -> tuple[str, ...]:
        sought, digest = headed.sought, headed.head.digest
        return self._children.remember(
            digest,
            lambda: self._source.children(
                sought.repository, sought.image, sought.asked, digest=digest, stored=stored, deadline=deadline
            ),
            deadline=deadline,
        )

    def _refused(self, sought: Sought, error: PortshiftError, deadline: Deadline) -> Resolution:
        if isinstance(error, NotFound):
            return self._missing(sought, deadline)
        if isinstance(error, Forbidden):
            return self._forbidden(sought, error, deadline)
        return self._failed(error)

    def _missing(self, sought: Sought, deadline: Deadline) -> Resolution:
        """Artifactory answers 404 alike for what is absent and what is hidden: find out which."""
        try:
            listed = self._source.lists_folder(sought.repository, sought.image, deadline=deadline)
        except PortshiftError as error:
            return self._failed(error)
        if listed:
            return Resolution(
                Outcome.ABSENT,
                f"registry {self._name} has no {sought}; its folder {sought.repository}/{sought.image} was "
                f"read and does not hold it; push it, or correct the reference",
            )
        return Resolution(
            Outcome.NOT_VISIBLE,
            f"registry {self._name} shows no {sought} to its login: the image is absent or hidden; push it, "
            f"correct the reference, or give the login read permission on {sought.repository}/{sought.image}",
        )

    def _forbidden(self, sought: Sought, refusal: Forbidden, deadline: Deadline) -> Resolution:
        """Artifactory answers 403 alike for what a policy blocks and what the login may not read."""
        try:
            shown = self._shows(sought, deadline)
        except PortshiftError as error:
            return self._failed(error)
        if shown:
            return Resolution(
                Outcome.FORBIDDEN,
                f"registry {self._name}: {sought} is there, but may not be pulled: {refusal}; "
                f"Xray or another policy blocks it; see its violations in Xray",
            )
        return Resolution(
            Outcome.NOT_VISIBLE,
            f"registry {self._name}: {sought} is not for its login: {refusal}; give the login read "
            f"permission on {sought.repository}/{sought.image}",
        )

    def _shows(self, sought: Sought, deadline: Deadline) -> bool:
        (batch,) = batches([sought.place])
        try:
            return bool(self._source.rows(batch, properties=False, deadline=deadline))
        except Forbidden:
            return self._source.shows_folder(sought.place, deadline=deadline)

    def _failed(self, error: PortshiftError) -> Resolution:
        refused = isinstance(error, LoginRefused)
        outcome = Outcome.LOGIN_REFUSED if refused else Outcome.UNREACHABLE
        return Resolution(outcome, f"registry {self._name}: {error}")
