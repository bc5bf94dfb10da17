"""The first schema: meta, identities and their images, registrations, registries, access, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table; there is no way back but a backup."""
    _settings_and_access()
    _identities()
    _registrations()


def _settings_and_access() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "registries",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_registries")),
    )
    op.create_table(
        "access",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("clusters", sa.JSON(), nullable=False),
        sa.Column("namespaces", sa.JSON(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_access")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_access_token_hash")),
    )
    op.create_table(
        "audit",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"])


def _identities() -> None:
    op.create_table(
        "identities",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("generated", sa.Boolean(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=True),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("first_registration", sa.String(length=36), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.Column("last_registered_at", sa.BigInteger(), nullable=False),
        sa.Column("intent", sa.String(length=16), nullable=False),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("release_name", sa.Text(), nullable=True),
        sa.Column("release_namespace", sa.Text(), nullable=True),
        sa.Column("chart", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_identities")),
        sa.UniqueConstraint("id", name=op.f("uq_identities_id")),
    )
    op.create_index(
        op.f("ix_identities_cluster_issued_at_key"), "identities", ["cluster", "issued_at", "key"]
    )
    op.create_index(
        op.f("ix_identities_environment_issued_at_key"), "identities", ["environment", "issued_at", "key"]
    )
    op.create_index(op.f("ix_identities_issued_at_key"), "identities", ["issued_at", "key"])
    op.create_index(op.f("ix_identities_kid_key"), "identities", ["kid", "key"])
    op.create_index(op.f("ix_identities_kind_issued_at_key"), "identities", ["kind", "issued_at", "key"])
    op.create_index(op.f("ix_identities_name_issued_at_key"), "identities", ["name", "issued_at", "key"])
    op.create_index(
        op.f("ix_identities_namespace_issued_at_key"), "identities", ["namespace", "issued_at", "key"]
    )
    op.create_index(op.f("ix_identities_status_issued_at_key"), "identities", ["status", "issued_at", "key"])
    op.create_table(
        "identity_images",
        sa.Column("identity_key", _KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("children", sa.JSON(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=True),
        sa.Column("registry", sa.Text(), nullable=True),
        sa.Column("build_name", sa.Text(), nullable=True),
        sa.Column("build_number", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["identity_key"], ["identities.key"], name=op.f("fk_identity_images_identity_key")
        ),
        sa.PrimaryKeyConstraint("identity_key", "position", name=op.f("pk_identity_images")),
    )
    op.create_index(
        op.f("ix_identity_images_digest_identity_key"), "identity_images", ["digest", "identity_key"]
    )
    op.create_index(
        op.f("ix_identity_images_reference_identity_key"), "identity_images", ["reference", "identity_key"]
    )
    op.create_index(op.f("ix_identity_images_registry"), "identity_images", ["registry"])


def _registrations() -> None:
    op.create_table(
        "registrations",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("intent", sa.String(length=16), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("release_name", sa.Text(), nullable=True),
        sa.Column("release_namespace", sa.Text(), nullable=True),
        sa.Column("chart", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_registrations")),
        sa.UniqueConstraint("id", name=op.f("uq_registrations_id")),
    )
    op.create_index(op.f("ix_registrations_intent_at"), "registrations", ["intent", "at"])
    op.create_table(
        "registration_identities",
        sa.Column("registration_key", _KEY, nullable=False),
        sa.Column("identity_key", _KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_key"], ["identities.key"], name=op.f("fk_registration_identities_identity_key")
        ),
        sa.ForeignKeyConstraint(
            ["registration_key"],
            ["registrations.key"],
            name=op.f("fk_registration_identities_registration_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("registration_key", "identity_key", name=op.f("pk_registration_identities")),
    )
    op.create_index(
        op.f("ix_registration_identities_identity_key"), "registration_identities", ["identity_key"]
    )
