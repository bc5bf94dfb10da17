"""Logins of registries and other secrets: named sets of texts, never in the database, never in a log."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portshift.core.errors import InvalidInput, PortshiftError
from portshift_bridge.durable import locked, replace_file
from portshift_bridge.master_key import MasterKey, open_master_key

FILE_NAME = "secrets.json"
MAX_NAME = 253
MAX_BYTES = 64 * 1024
_NONCE_BYTES = 12


class SecretUnavailable(PortshiftError):
    """A secret that is not there, or that the store cannot open."""


class SecretStore(Protocol):
    """Where secrets are kept; tests/contract holds each store to this."""

    def get(self, name: str) -> Mapping[str, str]:
        """The values under ``name``.

        Raises:
            SecretUnavailable: there is none, or it cannot be opened.

        """

    def put(self, name: str, values: Mapping[str, str]) -> None:
        """Keep ``values`` under ``name`` in place of what was there; on return they survive a crash.

        Raises:
            InvalidInput: the name is empty or longer than 253 characters, or the values exceed 64 KiB.
            PortshiftError: the store did not take them.

        """

    def delete(self, name: str) -> None:
        """Forget ``name``; nothing happens where there is none."""


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
            raise SecretUnavailable(f"there is no secret {name!r} in {self._path}", cure="enter it again")
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

    def _decrypted(self, name: str, entry: str) -> Mapping[str, str]:
        try:
            sealed = base64.b64decode(entry, validate=True)
            data = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode("utf-8"))
        except (InvalidTag, ValueError, TypeError) as error:
            raise SecretUnavailable(
                f"the master key does not open the secret {name!r} in {self._path}",
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
                cure="restore it from a backup",
            ) from error
        except OSError as error:
            raise SecretUnavailable(f"cannot read {self._path}: {error.strerror}") from error

    def _write(self, entries: Mapping[str, str]) -> None:
        document = {"format": 1, "secrets": dict(sorted(entries.items()))}
        replace_file(self._path, json.dumps(document, indent=2).encode("utf-8"))


def check_secret(name: str, values: Mapping[str, str]) -> bytes:
    """The values as JSON, once name and size are within what every store takes.

    Raises:
        InvalidInput: the name is empty or longer than 253 characters, or the values exceed 64 KiB.

    """
    if not 0 < len(name) <= MAX_NAME:
        raise InvalidInput(f"found a secret's name of {len(name)} characters, expected 1 to {MAX_NAME}")
    data = json.dumps(dict(values)).encode("utf-8")
    if len(data) > MAX_BYTES:
        raise InvalidInput(f"found a secret of {len(data)} bytes, expected at most {MAX_BYTES}")
    return data
