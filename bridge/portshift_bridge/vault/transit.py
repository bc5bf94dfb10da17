"""The requests to Vault's Transit engine about one key, and nothing of what the answers mean.

https://developer.hashicorp.com/vault/api-docs/secret/transit; facts: Vault 1.12, hvac 2.4.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    # hvac is an extra: a bridge without Vault has none.
    import hvac

    from portshift_bridge.vault.session import VaultSession

KEY_TYPE = "ecdsa-p256"


class TransitEngine(Protocol):
    """One named key of a Transit engine; each method is one request.

    Each raises ``VaultError``: denied, sealed, unreachable, or refused with Vault's own words.
    """

    def read_key(self) -> Mapping[str, Any]:
        """What Vault says of the key: type, versions, their public keys in PEM.

        Raises:
            VaultNotFound: there is no key of this name, or no engine at the mount.

        """

    def create_key(self) -> None:
        """Make the key, never to be exported; nothing happens to a key that exists."""

    def rotate_key(self) -> None:
        """Give the key another version."""

    def sign(self, digests: Sequence[bytes], *, version: int) -> Sequence[Mapping[str, Any]]:
        """One result for each SHA-256 digest, in their order: a ``signature``, or an ``error``."""


@dataclass(frozen=True)
class VaultTransit:
    """The engine of the Vault that the settings name."""

    session: VaultSession
    mount: str
    key: str

    def read_key(self) -> Mapping[str, Any]:
        def read(client: hvac.Client) -> Any:
            return client.secrets.transit.read_key(self.key, mount_point=self.mount)

        return _data(self.session.call(read))

    def create_key(self) -> None:
        self.session.call(
            lambda client: client.secrets.transit.create_key(
                self.key,
                key_type=KEY_TYPE,
                exportable=False,
                allow_plaintext_backup=False,
                mount_point=self.mount,
            )
        )

    def rotate_key(self) -> None:
        self.session.call(lambda client: client.secrets.transit.rotate_key(self.key, mount_point=self.mount))

    def sign(self, digests: Sequence[bytes], *, version: int) -> Sequence[Mapping[str, Any]]:
        batch = [{"input": base64.b64encode(digest).decode("ascii")} for digest in digests]

        def sign(client: hvac.Client) -> Any:
            return client.secrets.transit.sign_data(
                self.key,
                batch_input=batch,
                key_version=version,
                hash_algorithm="sha2-256",
                prehashed=True,
                marshaling_algorithm="jws",
                mount_point=self.mount,
            )

        results = _data(self.session.call(sign)).get("batch_results")
        return [result for result in results if isinstance(result, dict)] if isinstance(results, list) else []


def _data(answer: Any) -> Mapping[str, Any]:
    data = answer.get("data") if isinstance(answer, dict) else None
    return data if isinstance(data, dict) else {}
