"""Logins of registries and other secrets: named sets of texts, never in the database, never in a log."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portshift.core.errors import InvalidInput, PortshiftError, Unreachable
from portshift_bridge.durable import locked, replace_file
from portshift_bridge.master_key import MasterKey, open_master_key

FILE_NAME = "secrets.json"
MAX_NAME = 253
MAX_BYTES = 64 * 1024
_NONCE_BYTES = 12
# What means itself in a path of Vault, in a URL and in a terminal.
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\Z")


class SecretState(StrEnum):
    """Why a secret cannot be had."""

    MISSING = "missing"
    DAMAGED = "damaged"
    DENIED = "denied"
    SEALED = "sealed"
    UNREACHABLE = "unreachable"


class SecretUnavailable(PortshiftError):
    """A secret that cannot be had now; ``state`` says why."""

    def __init__(self, problem: str, *, state: SecretState, cure: str | None = None) -> None:
        super().__init__(problem, cure=cure)
        self.state = state


class SecretOutOfReach(SecretUnavailable, Unreachable):
    """A secret whose store does not answer, or is sealed."""


class SecretStore(Protocol):
    """Where secrets are kept; tests/contract holds each store to this."""

    def get(self, name: str) -> Mapping[str, str]:
        """The values under ``name``.

        Raises:
            SecretUnavailable: there is none, or it cannot be read or opened.

        """

    def put(self, name: str, values: Mapping[str, str]) -> None:
        """Keep ``values`` under ``name`` in place of what was there; on return they survive a crash.

        Raises:
            InvalidInput: the name is none of ``check_name``'s, or the values exceed 64 KiB.
            PortshiftError: the store did not take them.

        """

    def delete(self, name: str) -> None:
        """Forget ``name``; nothing happens where there is none.

        Raises:
            PortshiftError: the store did not do it.

        """

    def names(self) -> tuple[str, ...]:
        """Every name in order; values are not read.

        Raises:
            PortshiftError: the store does not say.

        """


class FileSecretStore:
    """``secrets.json`` of the data folder: AES-256-GCM, each entry bound to its name.

    Every call reads the file, so processes that share the folder see each other's changes. Names are
    readable in the file, values are not; an entry that was moved under another name does not open.
    """

    def __init__(self, folder: Path, master_key: MasterKey) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._cipher = AESGCM(master_key.derived("secrets"))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the store of a data folder; the first use makes the folder's master key.

        Raises:
            PortshiftError: the master key is missing, damaged or readable by others.

        """
        with locked(folder):
            return cls(folder, open_master_key(folder))

    def get(self, name: str) -> Mapping[str, str]:
        entry = self._entries().get(name)
        if entry is None:
            raise SecretUnavailable(
                f"there is no secret {name!r} in {self._path}",
                state=SecretState.MISSING,
                cure="enter it again",
            )
        return self._decrypted(name, entry)

    def put(self, name: str, values: Mapping[str, str]) -> None:
        data = check_secret(name, values)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, data, name.encode("utf-8"))
        with locked(self._folder):
            self._write({**self._entries(), name: base64.b64encode(sealed).decode("ascii")})

    def delete(self, name: str) -> None:
        with locked(self._folder):
            entries = self._entries()
            if entries.pop(name, None) is not None:
                self._write(entries)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._entries()))

    def _decrypted(self, name: str, entry: str) -> Mapping[str, str]:
        try:
            sealed = base64.b64decode(entry, validate=True)
            data = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode("utf-8"))
        except (InvalidTag, ValueError, TypeError) as error:
            raise SecretUnavailable(
                f"the master key does not open the secret {name!r} in {self._path}",
                state=SecretState.DAMAGED,
                cure="restore the master.key that belongs to this folder, or enter the secret again",
            ) from error
        values: dict[str, str] = json.loads(data)
        return values

    def _entries(self) -> dict[str, str]:
        try:
            document: Any = json.loads(self._path.read_bytes())
            return dict(document["secrets"])
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError) as error:
            raise SecretUnavailable(
                f"{self._path} is damaged, expected the JSON that the bridge wrote",
                state=SecretState.DAMAGED,
                cure="restore it from a backup",
            ) from error
        except OSError as error:
            raise SecretUnavailable(
                f"cannot read {self._path}: {error.strerror}",
                state=SecretState.DAMAGED,
                cure="run the bridge as the user that owns it",
            ) from error

    def _write(self, entries: Mapping[str, str]) -> None:
        document = {"format": 1, "secrets": dict(sorted(entries.items()))}
        replace_file(self._path, json.dumps(document, indent=2).encode("utf-8"))


def check_secret(name: str, values: Mapping[str, str]) -> bytes:
    """The values as JSON, once name and size are within what every store takes.

    Raises:
        InvalidInput: the name is none of ``check_name``'s, or the values exceed 64 KiB.

    """
    check_name(name)
    data = json.dumps(dict(values)).encode("utf-8")
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"found a secret of {len(data)} bytes, expected at most {MAX_BYTES}")
    return data


def check_name(name: str) -> None:
    """Accept what ``is_name`` does.

    Raises:
        InvalidInput: it is anything else.

    """
    if not is_name(name):
        raise InvalidInput(
            f"found the secret's name {name[:MAX_NAME]!r} of {len(name)} characters,"
            f" expected 1 to {MAX_NAME} such as registries/acme"
        )


def is_name(text: str) -> bool:
    """Whether it is 1 to 253 characters: segments with ``/`` between, none of which begins with a dot.

    A segment has letters, digits, ``.``, ``_`` and ``-`` of ASCII.
    """
    return len(text) <= MAX_NAME and _NAME.match(text) is not None
