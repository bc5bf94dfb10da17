"""The tables, once. Migrations make them; a test compares both.

Times are whole microseconds since 1970 in UTC: they sort, compare and index alike on every database.
Rows that other rows name have an integer key beside their public id, which keeps links small.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows up by itself only for a key of the exact type INTEGER.
_Key = BigInteger().with_variant(Integer(), "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

identities = Table(
    "identities",
    metadata,
    Column("key", _Key, primary_key=True),
    Column("id", String(64), nullable=False),
    Column("group", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("generated", Boolean, nullable=False),
    Column("audience", Text, nullable=False),
    Column("cluster", Text),
    Column("token", Text, nullable=False),
    Column("kid", String(64), nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("signed_by", Text, nullable=False),
    # Not a foreign key: the identity outlives a render's registration.
    Column("first_registration", String(36), nullable=False),
    Column("status", String(16), nullable=False),
    Column("revoked_at", BigInteger),
    Column("revoked_by", Text),
    Column("revoked_reason", Text),
    # Of the latest registration that was a deployment, else of the latest.
    Column("last_registered_at", BigInteger, nullable=False),
    Column("intent", String(16), nullable=False),
    Column("environment", Text),
    Column("release_name", Text),
    Column("release_namespace", Text),
    Column("chart", Text),
    UniqueConstraint("id"),
    # One index for each filter of the list, in the list's order: any page is a short walk.
    Index(None, "issued_at", "key"),
    Index(None, "namespace", "issued_at", "key"),
    Index(None, "name", "issued_at", "key"),
    Index(None, "kind", "issued_at", "key"),
    Index(None, "cluster", "issued_at", "key"),
    Index(None, "environment", "issued_at", "key"),
    Index(None, "status", "issued_at", "key"),
    Index(None, "kid", "key"),
)

identity_images = Table(
    "identity_images",
    metadata,
    Column("identity_key", _Key, ForeignKey("identities.key"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("digest", Text),
    Column("children", JSON, nullable=False),
    Column("artifact", Text),
    Column("registry", Text),
    Column("build_name", Text),
    Column("build_number", Text),
    Index(None, "digest", "identity_key"),
    Index(None, "reference", "identity_key"),
    Index(None, "registry"),
)

registrations = Table(
    "registrations",
    metadata,
    Column("key", _Key, primary_key=True),
    Column("id", String(36), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("intent", String(16), nullable=False),
    Column("cluster", Text),
    Column("environment", Text),
    Column("release_name", Text),
    Column("release_namespace", Text),
    Column("chart", Text),
    UniqueConstraint("id"),
    Index(None, "intent", "at"),
)

registration_identities = Table(
    "registration_identities",
    metadata,
    Column("registration_key", _Key, ForeignKey("registrations.key", ondelete="CASCADE"), primary_key=True),
    Column("identity_key", _Key, ForeignKey("identities.key"), primary_key=True),
    Index(None, "identity_key"),
)

registries = Table(
    "registries",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

access = Table(
    "access",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("clusters", JSON, nullable=False),
    Column("namespaces", JSON, nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("token_hash"),
)

audit = Table(
    "audit",
    metadata,
    Column("key", _Key, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Index(None, "at"),
)

# A manifest or list by its digest: what never changes about it. Where it lies is in artifact_paths.
artifacts = Table(
    "artifacts",
    metadata,
    Column("key", _Key, primary_key=True),
    Column("digest", String(80), nullable=False),
    Column("media_type", Text),
    # Bytes of the manifest's layers and configuration; of a list, absent.
    Column("size", BigInteger),
    Column("platforms", JSON, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("first_seen_at", BigInteger, nullable=False),
    # When its content was last handed out to be read; 0 before that.
    Column("tried_at", BigInteger, nullable=False),
    UniqueConstraint("digest"),
    Index(None, "media_type", "tried_at"),
    Index(None, "first_seen_at", "key"),
)

# The children of a list in its order; by digest it tells a child's parents.
artifact_children = Table(
    "artifact_children",
    metadata,
    Column("artifact_key", _Key, ForeignKey("artifacts.key", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("digest", String(80), nullable=False),
    # os/architecture[/variant]
    Column("platform", Text),
    Index(None, "digest"),
)

# A manifest file in a physical repository of a registry; ``path`` is its folder.
artifact_paths = Table(
    "artifact_paths",
    metadata,
    Column("key", _Key, primary_key=True),
    Column("artifact_key", _Key, ForeignKey("artifacts.key", ondelete="CASCADE"), nullable=False),
    Column("registry", String(64), nullable=False),
    Column("repository", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("name", String(64), nullable=False),
    Column("image", Text, nullable=False),
    # Absent for the folder of a list's child.
    Column("tag", Text),
    Column("created", BigInteger),
    Column("modified", BigInteger),
    Column("properties", JSON, nullable=False),
    Column("build_name", Text),
    Column("build_number", Text),
    Column("seen_at", BigInteger, nullable=False),
    UniqueConstraint("registry", "repository", "path", "name"),
    Index(None, "artifact_key"),
    Index(None, "image", "tag"),
    Index(None, "build_name", "build_number"),
)

# How far a registry was read: the cursor of the poller, and when its paths were compared last.
registry_progress = Table(
    "registry_progress",
    metadata,
    Column("registry", String(64), primary_key=True),
    # Both of the registry's own clock; the other times are of ours.
    Column("modified_until", BigInteger),
    Column("properties_until", BigInteger),
    Column("polled_at", BigInteger),
    Column("compared_at", BigInteger),
    # Until then the process of this id is reading the registry.
    Column("leased_by", String(36)),
    Column("leased_until", BigInteger, nullable=False),
    Column("problem", Text),
    Column("event_at", BigInteger),
    Column("webhook_url", Text),
    Column("webhook_at", BigInteger),
    # The registry's URL when the webhook was made: another Artifactory has none.
    Column("webhook_registry", Text),
)

# Issuers of job tokens that an administrator trusts, and what their jobs may do.
trusts = Table(
    "trusts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("claims", JSON, nullable=False),
    Column("clusters", JSON, nullable=False),
    Column("namespaces", JSON, nullable=False),
    Column("seconds", Integer, nullable=False),
    # PEM of the issuer's authority; without it, the system's.
    Column("ca", Text),
    Column("proxy", Text),
    Column("created_at", BigInteger, nullable=False),
)

# Short-lived access of a job, given in exchange for its token.
sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("trust", String(64), ForeignKey("trusts.name", ondelete="CASCADE"), nullable=False),
    Column("subject", Text, nullable=False),
    Column("clusters", JSON, nullable=False),
    Column("namespaces", JSON, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
)
