"""Where versions differ or nobody has verified what Artifactory does: one named switch for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OLD, GROOVY_3, CURRENT = "6.20.0", "7.77.3", "7.119.5"
ADDONS = ("build", "docker", "properties", "rest", "search", "user-plugins", "webstart")


@dataclass
class Switches:
    """One set serves a whole stand-in, and tests may change it while it runs.

    The defaults are what the facts document; where they are silent, what is strictest for a client.

    version: 6.20 differs in messages and in the property grammar (facts §2).
    licence: the type that administrators read; everybody reads only its hash.
    addons: what the licence unlocks, as ``api/system/version`` lists it.
    anonymous: whether requests without credentials are served as the user ``anonymous``.
    hide_unauthorized: a path that may not be read is a 404 ``Resource not found`` for anonymous.
    repository_configuration: what a non-admin gets of ``/api/repositories/KEY``.
    docker_basic: Basic credentials do below ``/v2``; without it they must be exchanged for a token.
    docker_token_seconds: how long a token lasts.
    docker_token_scopes: a token serves only the images and actions that it was asked for.
    docker_page: the most names of ``_catalog`` and ``tags/list`` in one answer, whatever ``n`` says.
    lazy_layers: a remote's cache holds ``*.marker`` files until each layer is pulled.
    docker_unreadable: status of a manifest that the login may not read.
    storage_unreadable: status of storage information that the login may not read.
    unaccepted_manifest: a manifest whose type the ``Accept`` header leaves out.
    remote_head_caches: a HEAD of a manifest at a remote stores it in the cache.
    properties_survive_repush: pushing a tag again keeps the properties that others set.
    virtual_property_write: status of a property write through a virtual or a remote's own key.
    aql_parallel, aql_pending, aql_timeout: queries at once on the whole server, seconds that others wait for
        them before 429, seconds that one may take before 408.
    aql_seconds: how long every query takes, so that a test can reach these limits.
    aql_retry_after: ``Retry-After`` of that 429; none is documented.
    aql_props_modified: items can be found by when their properties were changed; never in 6.20.
    limit_counts_joined_rows: AQL's limit counts rows before properties are folded into their item.
    tag_paging: ``n`` and ``last`` of ``_catalog`` and ``tags/list`` are heeded.
    checksum_accept: the checksum search gives whole storage information without being asked by ``Accept``.
    build_permissions: builds are read and published by who may read and deploy them below
        ``artifactory-build-info``; without it, by everybody who is logged in.
    bundle_unreadable: status of the records of a release bundle that the login may not read.
    bundle_page: how many versions and promotions of bundles one page holds unless told; at most 255.
    deliver_webhooks: whether webhooks are sent at all; without it every event is lost.
    webhook_strict_urls: a target in a private network is refused, as ``urlStrictPolicy`` does by default.
    webhook_secrets_shown: subscriptions are read with their secrets.
    webhook_signature_prefix: what stands before the hex HMAC-SHA256 of a signed delivery.
    webhook_attempts, webhook_retry_pause: how often a delivery is tried, and seconds between.
    patch_fires_for_all: PATCH tells of every property as deleted and added, not only of those that change.
    relocation_fires: a copied Docker tag is told as pushed, a moved one as deleted at its old place too.
    metadata_pause: seconds between clear and re-save of PATCH /api/metadata, to expose lost updates.
    """

    version: str = CURRENT
    licence: str = "Enterprise Plus"
    addons: tuple[str, ...] = ADDONS
    anonymous: bool = False
    hide_unauthorized: bool = False
    repository_configuration: Literal["full", "403", "404"] = "403"
    docker_basic: bool = True
    docker_token_seconds: int = 3600
    docker_token_scopes: bool = True
    docker_page: int | None = None
    lazy_layers: bool = True
    docker_unreadable: Literal[401, 403, 404] = 403
    storage_unreadable: Literal[403, 404] = 404
    unaccepted_manifest: Literal["404", "as-stored"] = "404"
    remote_head_caches: bool = True
    properties_survive_repush: bool = False
    virtual_property_write: int = 404
    aql_parallel: int = 3
    aql_pending: float = 10.0
    aql_timeout: float = 900.0
    aql_seconds: float = 0.0
    aql_retry_after: str | None = None
    aql_props_modified: bool = True
    limit_counts_joined_rows: bool = True
    tag_paging: bool = True
    checksum_accept: bool = True
    build_permissions: bool = True
    bundle_unreadable: Literal[403, 404] = 403
    bundle_page: int = 25
    deliver_webhooks: bool = True
    webhook_strict_urls: bool = True
    webhook_secrets_shown: bool = True
    webhook_signature_prefix: str = ""
    webhook_attempts: int = 3
    webhook_retry_pause: float = 0.1
    patch_fires_for_all: bool = True
    relocation_fires: bool = False
    metadata_pause: float = 0.0

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor version, as numbers."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def tells_props_modified(self) -> bool:
        """Whether AQL knows the field ``props_modified``."""
        return self.aql_props_modified and not self.is_old

    @property
    def is_old(self) -> bool:
        """Whether it answers as 6.20 does."""
        return self.release < (7, 0)
