"""What the routes work with, and how it is put together from the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from portshift.core.jwks import KeySet
from portshift_bridge.cataloguing import Cataloguer
from portshift_bridge.clock import DAY, Clock
from portshift_bridge.errors import StorageUnavailable
from portshift_bridge.inspecting import Inspector
from portshift_bridge.metrics import Metrics
from portshift_bridge.oidc.exchange import Exchange
from portshift_bridge.registration import Registrar, SigningKeys
from portshift_bridge.registries.testing.checks import Check
from portshift_bridge.settings import Settings
from portshift_bridge.store.access import AccessStore
from portshift_bridge.store.artifact_lists import ArtifactLists
from portshift_bridge.store.artifacts import ArtifactStore
from portshift_bridge.store.audit import AuditStore
from portshift_bridge.store.database import Database
from portshift_bridge.store.identities import IdentityStore
from portshift_bridge.store.installation import Installation, issuer_of
from portshift_bridge.store.progress import ProgressStore
from portshift_bridge.store.registrations import RegistrationStore
from portshift_bridge.store.registries import ConnectedRegistry, RegistryStore
from portshift_bridge.store.sessions import SessionStore
from portshift_bridge.store.trusts import TrustStore
from portshift_bridge.watching.watcher import Watcher
from portshift_bridge.watching.webhooks import Webhooks

_UNPLACED_DAYS = 7


class Keys(SigningKeys, Protocol):
    """The bridge's keys; ``keys.KeyRing`` is them."""

    def jwks(self) -> Mapping[str, Any]:
        """The public keys that are not distrusted, as a JSON Web Key Set."""

    def key_set(self) -> KeySet:
        """The same for ``verify_token``."""


@dataclass(frozen=True)
class Services:
    """Everything a route may use."""

    settings: Settings
    installation: Installation
    database: Database
    keys: Keys
    access: AccessStore
    audit: AuditStore
    trusts: TrustStore
    sessions: SessionStore
    exchange: Exchange
    identities: IdentityStore
    registrations: RegistrationStore
    registries: RegistryStore
    artifacts: ArtifactStore
    artifact_lists: ArtifactLists
    cataloguer: Cataloguer
    inspector: Inspector
    progress: ProgressStore
    watcher: Watcher
    webhooks: Webhooks
    registrar: Registrar
    test_connection: Callable[[ConnectedRegistry], Sequence[Check]]
    metrics: Metrics
    clock: Clock

    def check_ready(self) -> None:
        """Ask the database and the keys something small.

        Raises:
            StorageUnavailable: one of them does not answer.

        """
        if issuer_of(self.database) is None:
            raise StorageUnavailable("the database is empty", cure="start the bridge again")
        self.keys.signer()

    def purge(self) -> int:
        """Delete the registrations of renderings that are past their age, and the sessions that ended.

        Artifacts that lie nowhere are forgotten a week after they were first seen.
        """
        self.sessions.purge()
        now = self.clock()
        self.artifacts.purge(before=now - _UNPLACED_DAYS * DAY)
        before = now - self.settings.render_retention_days * DAY
        return self.registrations.purge_renders(before=before, now=now)
