"""The bridge's signing keys: one signs, earlier ones go on verifying.

       ┌──────the other signer, and back──────┐
       ▼                                      │
    signing ──rotate, or another signer──▶ verifying ──distrust──▶ distrusted
       └───────────────distrust (a new key signs)────────────────────▲

Distrust is for a key that leaked: every token it signed is refused. Where private halves are is the business
of a ``signing.KeyHome``; the order here is always: the key first, then the note for the audit log, then the
document in one write. A crash between them leaves a key that nobody uses, or a note of what was only tried:
never a signing key that is not there, and never a change that nobody was told of.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

from portshift.core.errors import InvalidInput, PortshiftError, UsageFault
from portshift.core.jwks import KeySet
from portshift_bridge.durable import locked, replace_file
from portshift_bridge.errors import SignerUnavailable
from portshift_bridge.key_document import FILE_NAME, KeyEntry, KeyStatus, read_entries, write_entries
from portshift_bridge.signing import KeyHome, Signer

LOCK_NAME = ".signing-keys.lock"
# A change asks Vault a few times, each time for up to its setting vault_timeout_seconds.
LOCK_SECONDS = 60.0

# Takes an action of the audit log and the name of the key it is about, before the change is made.
Note = Callable[[str, str], None]


def _unnoted(_action: str, _kid: str) -> None:
    """Where nobody keeps an audit log."""


class _Stamp(NamedTuple):
    inode: int
    modified: int
    size: int


class _Loaded(NamedTuple):
    stamp: _Stamp
    entries: tuple[KeyEntry, ...]
    signing: KeyEntry
    # None when the signing key is in another place than this process's.
    signer: Signer | None


class KeyRing:
    """The keys of a data folder; a rotation by another process is noticed at the next use.

    Threads may share it: what was loaded is replaced whole, never changed.
    """

    def __init__(self, folder: Path, home: KeyHome, *, note: Note) -> None:
        self._folder = folder
        self._note = note
        self._path = folder / FILE_NAME
        self._home = home
        self._loaded: _Loaded | None = None

    @classmethod
    def open(cls, folder: Path, home: KeyHome, *, now: datetime, note: Note = _unnoted) -> Self:
        """Open the folder's keys; the first of all processes to come makes the first key.

        A folder that has its keys is opened without asking anything of the key's home, and without waiting
        for another process that does. ``note`` is told of every later change.

        Raises:
            SignerUnavailable: the first key cannot be made, because its home does not answer.
            PortshiftError: the master key is another folder's, or a file is damaged or cannot be written.

        """
        ring = cls(folder, home, note=note)
        if not ring._path.exists():
            with ring._locked():
                if not ring._path.exists():
                    ring._write([home.latest(now)])
        ring._current()
        return ring

    def take_over(self, now: datetime) -> KeyEntry | None:
        """Sign with a key of this ring's home from now on; None when that is so already.

        What the other signer's key signed stays valid: its key goes on verifying.

        Raises:
            SignerUnavailable: the home does not answer; the other key stays the signing one.
            UsageFault: the home's key cannot serve.
            PortshiftError: the key file cannot be written.

        """
        if self._home.holds(self._current().signing):
            return None
        with self._locked():
            if self._home.holds(self._current().signing):
                return None
            entry = self._home.latest(now)
            leaked = self._status(entry.kid) is KeyStatus.DISTRUSTED
            return self._sign_with(self._home.fresh(now) if leaked else entry, action="key.signer")

    def signer(self) -> Signer:
        """The key that signs now: take it once for a request, so that no rotation comes between.

        Raises:
            SignerUnavailable: the key is in another place than the one this process signs with.

        """
        loaded = self._current()
        if loaded.signer is None:
            raise SignerUnavailable(
                f"the key that signs is not with this bridge's signer: {_told(loaded.signing)}",
                cure="give every bridge of the data folder the same setting signer, and start this one again",
            )
        return loaded.signer

    @property
    def signing_kid(self) -> str:
        """The name of the key that signs now."""
        return self._current().signing.kid

    def jwks(self) -> dict[str, Any]:
        """The JWKS of every key whose tokens are believed, the signing one first."""
        trusted = [entry for entry in self.list() if entry.status is not KeyStatus.DISTRUSTED]
        return {"keys": [entry.public_jwk for entry in trusted]}

    def key_set(self) -> KeySet:
        """The same keys for ``verify_token``; a distrusted key is refused as such."""
        entries = self.list()
        distrusted = [entry.kid for entry in entries if entry.status is KeyStatus.DISTRUSTED]
        return KeySet.from_jwks({"keys": [entry.public_jwk for entry in entries]}, distrusted=distrusted)

    def list(self) -> tuple[KeyEntry, ...]:
        """Every key there ever was, the signing one first, then by when they last signed."""
        return self._current().entries

    def rotate(self, now: datetime) -> KeyEntry:
        """Sign with another key from now on; what the old one signed stays valid.

        A newer key that the home has already, because Vault rotated by itself or a rotation crashed half-way,
        is taken; else the home makes one.

        Raises:
            SignerUnavailable: the home does not answer; the old key goes on signing.
            UsageFault: the signing key is in another place than this process's.
            PortshiftError: the key file cannot be written; the old key goes on signing.

        """
        with self._locked():
            self._require_home()
            entry = self._home.latest(now)
            known = self._status(entry.kid) is not None
            return self._sign_with(self._home.fresh(now) if known else entry, action="key.rotate")

    def distrust(self, kid: str, *, now: datetime) -> None:
        """Refuse every token that this key signed, for ever; if it signs now, a new key takes over.

        The new one is made for it: a key that was there already may have leaked with this one. Both happen
        in one write: there is no moment without a signing key or with one that is distrusted.

        Raises:
            InvalidInput: there is no key of this name.
            SignerUnavailable, UsageFault: it signs now, and no other can take over; nothing has changed.
            PortshiftError: the key file cannot be written; nothing has changed.

        """
        with self._locked():
            loaded = self._current()
            if kid not in {entry.kid for entry in loaded.entries}:
                raise InvalidInput(f"there is no key {kid!r}", cure="list the keys to see their names")
            if kid == loaded.signing.kid:
                self._require_home()
                fresh = self._home.fresh(now)
                self._sign_with(fresh, action="key.distrust", instead=KeyStatus.DISTRUSTED)
            else:
                self._note("key.distrust", kid)
                entries = loaded.entries
                self._write([e.demoted(KeyStatus.DISTRUSTED) if e.kid == kid else e for e in entries])

    def _require_home(self) -> None:
        signing = self._current().signing
        if not self._home.holds(signing):
            raise UsageFault(
                f"the key that signs is not with the signer of the settings: {_told(signing)}",
                cure="give this command the settings that serve has; serve changes the signer when it starts",
            )

    def _status(self, kid: str) -> KeyStatus | None:
        return next((entry.status for entry in self.list() if entry.kid == kid), None)

    def _locked(self) -> AbstractContextManager[None]:
        """A lock of its own: the home may be slow, and a bridge that only starts must not wait for it."""
        return locked(self._folder, name=LOCK_NAME, seconds=LOCK_SECONDS)

    def _sign_with(
        self, fresh: KeyEntry, *, action: str, instead: KeyStatus = KeyStatus.VERIFYING
    ) -> KeyEntry:
        """Make ``fresh`` the signing key, and give the one before it another status."""
        signed = self._current().signing.kid
        before = {entry.kid: entry for entry in self._current().entries}
        known = before.pop(fresh.kid, None)
        if known is not None:
            if known.status is not KeyStatus.VERIFYING:
                raise SignerUnavailable(
                    f"the signer gave the {known.status} key {known.kid} ({fresh.place}) as a new one",
                    cure="rotate the key in Vault, then try again",
                )
            fresh = replace(fresh, created_at=known.created_at)
        others = [e.demoted(instead) if e.status is KeyStatus.SIGNING else e for e in before.values()]
        self._note(action, signed if instead is KeyStatus.DISTRUSTED else fresh.kid)
        self._write([fresh, *others])
        return fresh

    def _current(self) -> _Loaded:
        """What the file says now, read again only when it was replaced."""
        loaded = self._loaded
        try:
            if loaded is None or _stamp(self._path.stat()) != loaded.stamp:
                loaded = self._loaded = self._read()
        except OSError as error:
            raise PortshiftError(
                f"cannot read {self._path}: {error.strerror}", cure="restore it from a backup"
            ) from error
        return loaded

    def _read(self) -> _Loaded:
        with self._path.open("rb") as file:
            stamp = _stamp(os.fstat(file.fileno()))
            data = file.read()
        try:
            entries = read_entries(data)
        except (ValueError, KeyError, TypeError, InvalidInput) as error:
            raise PortshiftError(
                f"{self._path} is damaged, expected the keys that the bridge wrote, one of them signing",
                cure="restore it from a backup",
            ) from error
        (signing,) = (entry for entry in entries if entry.status is KeyStatus.SIGNING)
        signer = self._home.signer(signing) if self._home.holds(signing) else None
        return _Loaded(stamp, entries, signing, signer)

    def _write(self, entries: Iterable[KeyEntry]) -> None:
        replace_file(self._path, write_entries(entries))


def _told(entry: KeyEntry) -> str:
    return f"{entry.kid} ({entry.place})"


def _stamp(status: os.stat_result) -> _Stamp:
    return _Stamp(status.st_ino, status.st_mtime_ns, status.st_size)
