"""What the key ring asks of the place of private keys, which is ``file_keys`` or ``vault.transit_keys``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from portshift_bridge.key_document import KeyEntry


class Signer(Protocol):
    """One key, ready to sign: a token's ``kid`` and its signature come from the same one."""

    @property
    def signing_kid(self) -> str:
        """The key's name."""

    def sign_all(self, inputs: Sequence[bytes]) -> list[bytes]:
        """The ES256 signature of each input, in their order: 64 bytes of r||s.

        Raises:
            SignerUnavailable: not all of them were signed; none is given.

        """


class KeyHome(Protocol):
    """The place where a bridge's private keys are made and used."""

    def holds(self, entry: KeyEntry) -> bool:
        """Whether the private half of the entry is here; nothing is asked of a neighbour."""

    def signer(self, entry: KeyEntry) -> Signer:
        """The entry's key, ready to sign; nothing is asked of a neighbour.

        Raises:
            PortshiftError: the entry's private half is not readable, or another key's.

        """

    def latest(self, now: datetime) -> KeyEntry:
        """The newest key of this place, as the one that signs; it is made where there is none.

        Raises:
            SignerUnavailable: the place does not answer, or does not let us.
            UsageFault: the key that the settings name cannot serve.

        """

    def fresh(self, now: datetime) -> KeyEntry:
        """A key that was not there before, as the one that signs; raises as ``latest`` does."""
