"""The key document: every key of a bridge with its public half, status, and where its private half is.

It is ``signing-keys.json`` in the data folder. Verification needs nothing else, so it works while the place
of the private halves, Vault perhaps, does not answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from portshift.core.errors import InvalidInput
from portshift.core.jwks import KeySet

FILE_NAME = "signing-keys.json"


class KeyStatus(StrEnum):
    """What a key's signatures are worth."""

    SIGNING = "signing"
    VERIFYING = "verifying"
    DISTRUSTED = "distrusted"


@dataclass(frozen=True)
class TransitVersion:
    """A key of Vault's Transit engine in one version; versions count from 1."""

    mount: str
    key: str
    version: int

    def __str__(self) -> str:
        """``transit/portshift version 3``."""
        return f"{self.mount}/{self.key} version {self.version}"


@dataclass(frozen=True)
class KeyEntry:
    """A key of the document.

    The signing key has its private half in one place: ``private_pem``, encrypted, or ``transit``. Of the
    others, a file key's is forgotten; a Transit key's stays with Vault, and ``transit`` says where it was.
    """

    kid: str
    status: KeyStatus
    created_at: datetime
    public_jwk: dict[str, str]
    private_pem: str | None = None
    transit: TransitVersion | None = None

    @property
    def place(self) -> str:
        """Where the private half is, for a person."""
        if self.transit is not None:
            return f"Vault {self.transit}"
        return "file" if self.private_pem is not None else "forgotten"

    def demoted(self, status: KeyStatus) -> Self:
        """The same key when it signs no more."""
        return replace(self, status=status, private_pem=None)


def read_entries(data: bytes) -> tuple[KeyEntry, ...]:
    """The keys of a document, the signing one first.

    Raises:
        ValueError, KeyError, TypeError, InvalidInput: this is no document that ``write_entries`` made.

    """
    entries = tuple(_entry_from_json(item) for item in json.loads(data)["keys"])
    if [entry.status for entry in entries].count(KeyStatus.SIGNING) != 1:
        raise InvalidInput("found no signing key, or several, expected one")
    return entries


def write_entries(entries: Iterable[KeyEntry]) -> bytes:
    """The document of these keys."""
    document = {"format": 1, "keys": [_entry_to_json(entry) for entry in entries]}
    return json.dumps(document, indent=2).encode("utf-8")


def _entry_to_json(entry: KeyEntry) -> dict[str, Any]:
    document: dict[str, Any] = {
        "kid": entry.kid,
        "status": entry.status.value,
        "createdAt": entry.created_at.isoformat().replace("+00:00", "Z"),
        "publicKey": entry.public_jwk,
    }
    if entry.private_pem is not None:
        document["privateKey"] = entry.private_pem
    if entry.transit is not None:
        where = entry.transit
        document["transit"] = {"mount": where.mount, "key": where.key, "version": where.version}
    return document


def _entry_from_json(item: Any) -> KeyEntry:
    public = dict(item["publicKey"])
    # Read as strictly as any verifier would: a damaged key is found at the start, not at its first use.
    KeySet.from_jwks({"keys": [public]})
    if public["kid"] != item["kid"]:
        raise InvalidInput("found a key with two names, expected its thumbprint")
    entry = KeyEntry(
        kid=item["kid"],
        status=KeyStatus(item["status"]),
        created_at=datetime.fromisoformat(item["createdAt"]),
        public_jwk=public,
        private_pem=item.get("privateKey"),
        transit=_transit_from_json(item["transit"]) if "transit" in item else None,
    )
    if entry.status is KeyStatus.SIGNING and (entry.private_pem is None) == (entry.transit is None):
        raise InvalidInput("found a signing key with no private half or with two, expected one")
    return entry


def _transit_from_json(item: Mapping[str, Any]) -> TransitVersion:
    return TransitVersion(mount=str(item["mount"]), key=str(item["key"]), version=int(item["version"]))
