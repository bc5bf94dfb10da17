"""What the registries hold and how far they were read; job tokens that are trusted, and their sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables; there is no way back but a backup."""
    _artifacts()
    _artifact_paths()
    _progress()
    _trusts()


def _artifacts() -> None:
    op.create_table(
        "artifacts",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("platforms", sa.JSON(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_artifacts")),
        sa.UniqueConstraint("digest", name=op.f("uq_artifacts_digest")),
    )
    op.create_index(op.f("ix_artifacts_first_seen_at_key"), "artifacts", ["first_seen_at", "key"])
    op.create_index(op.f("ix_artifacts_media_type_tried_at"), "artifacts", ["media_type", "tried_at"])
    op.create_table(
        "artifact_children",
        sa.Column("artifact_key", _KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["artifact_key"],
            ["artifacts.key"],
            name=op.f("fk_artifact_children_artifact_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("artifact_key", "position", name=op.f("pk_artifact_children")),
    )
    op.create_index(op.f("ix_artifact_children_digest"), "artifact_children", ["digest"])


def _artifact_paths() -> None:
    op.create_table(
        "artifact_paths",
        sa.Column("key", _KEY, nullable=False),
        sa.Column("artifact_key", _KEY, nullable=False),
        sa.Column("registry", sa.String(length=64), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("modified", sa.BigInteger(), nullable=True),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("build_name", sa.Text(), nullable=True),
        sa.Column("build_number", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_key"],
            ["artifacts.key"],
            name=op.f("fk_artifact_paths_artifact_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_artifact_paths")),
        sa.UniqueConstraint(
            "registry",
            "repository",
            "path",
            "name",
            name=op.f("uq_artifact_paths_registry_repository_path_name"),
        ),
    )
    for columns in (["artifact_key"], ["image", "tag"], ["build_name", "build_number"]):
        op.create_index(op.f(f"ix_artifact_paths_{'_'.join(columns)}"), "artifact_paths", columns)


def _progress() -> None:
    op.create_table(
        "registry_progress",
        sa.Column("registry", sa.String(length=64), nullable=False),
        sa.Column("modified_until", sa.BigInteger(), nullable=True),
        sa.Column("properties_until", sa.BigInteger(), nullable=True),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("compared_at", sa.BigInteger(), nullable=True),
        sa.Column("leased_by", sa.String(length=36), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("event_at", sa.BigInteger(), nullable=True),
        sa.Column("webhook_url", sa.Text(), nullable=True),
        sa.Column("webhook_at", sa.BigInteger(), nullable=True),
        sa.Column("webhook_registry", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("registry", name=op.f("pk_registry_progress")),
    )


def _trusts() -> None:
    op.create_table(
        "trusts",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("clusters", sa.JSON(), nullable=False),
        sa.Column("namespaces", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("ca", sa.Text(), nullable=True),
        sa.Column("proxy", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_trusts")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("trust", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("clusters", sa.JSON(), nullable=False),
        sa.Column("namespaces", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trust"], ["trusts.name"], name=op.f("fk_sessions_trust"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"])
