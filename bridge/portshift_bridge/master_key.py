"""The master key of a data folder: 32 random bytes that every encrypted file of the folder stands on."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portshift.core.errors import PortshiftError
from portshift_bridge.durable import refuse_readable_by_others, replace_file

FILE_NAME = "master.key"
# Each with what it contains when something in it is encrypted: keys may all be in Vault.
ENCRYPTED_FILES = {"signing-keys.json": b'"privateKey"', "secrets.json": b""}
_KEY_BYTES = 32


class MasterKey:
    """The key itself; files are encrypted with keys derived from it, one for each purpose."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose alone (HKDF-SHA256, RFC 5869)."""
        return HKDF(
            algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=f"portshift {purpose}".encode()
        ).derive(self._key)


def open_master_key(folder: Path) -> MasterKey:
    """Read the folder's master key, or make it in a folder that has nothing encrypted yet.

    The caller holds the folder's lock.

    Raises:
        PortshiftError: others can read the key, it is damaged, or it is missing beside encrypted files.

    """
    path = folder / FILE_NAME
    if not path.exists():
        _create(path)
    refuse_readable_by_others(path, cure="and rotate the keys if others had access")
    return MasterKey(_read(path))


def _create(path: Path) -> None:
    orphans = [name for name, mark in ENCRYPTED_FILES.items() if _contains(path.parent / name, mark)]
    if orphans:
        raise PortshiftError(
            f"{path} is missing, but {' and '.join(orphans)} are encrypted with it",
            cure="restore it from a backup, or remove these files to begin with new keys",
        )
    replace_file(path, base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")


def _contains(path: Path, mark: bytes) -> bool:
    return path.exists() and mark in path.read_bytes()


def _read(path: Path) -> bytes:
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except OSError as error:
        raise PortshiftError(
            f"cannot read {path}: {error.strerror}", cure="run the bridge as the user that owns it"
        ) from error
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise PortshiftError(
            f"{path} is damaged, expected {_KEY_BYTES} bytes in base64", cure="restore it from a backup"
        )
    return key
