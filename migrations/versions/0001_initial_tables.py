"""initial tables"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "architectures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("bench", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column(
            "spec", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_architectures")),
        sa.UniqueConstraint("bench", "hash", name=op.f("uq_architectures_bench_hash")),
    )
    op.create_table(
        "datasets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("classes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("mean", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("std", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_datasets")),
    )
    op.create_table(
        "leases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leases")),
    )
    op.create_table(
        "protocols",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("bench", sa.Text(), nullable=False),
        sa.Column(
            "document", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocols")),
        sa.UniqueConstraint("digest", name=op.f("uq_protocols_digest")),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("torch", sa.Text(), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "evaluations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("architecture_id", sa.BigInteger(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("outstanding", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("failed", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("state", sa.Text(), server_default="done", nullable=False),
        sa.Column("suspect", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("alone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "error", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.CheckConstraint(
            "(state = 'running') = (lease IS NOT NULL)", name=op.f("ck_evaluations_running_leased")
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'failed')) = (outstanding = '{}')",
            name=op.f("ck_evaluations_settled_owes_nothing"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running') OR (state = 'failed') = (failed <> '{}')",
            name=op.f("ck_evaluations_failed_says_at_what"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_evaluations_state")
        ),
        sa.ForeignKeyConstraint(
            ["architecture_id"], ["architectures.id"], name=op.f("fk_evaluations_architecture_id")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocols.id"], name=op.f("fk_evaluations_protocol_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
        sa.UniqueConstraint(
            "architecture_id",
            "protocol_id",
            name=op.f("uq_evaluations_architecture_id_protocol_id"),
        ),
    )
    op.create_index(
        "ix_evaluations_lease",
        "evaluations",
        ["lease"],
        unique=False,
        postgresql_where=sa.text("lease IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_evaluations_protocol_id"), "evaluations", ["protocol_id"], unique=False
    )
    op.create_index(
        "ix_evaluations_queued",
        "evaluations",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("proxies", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("priority IN ('live', 'bulk')", name=op.f("ck_jobs_priority")),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocols.id"], name=op.f("fk_jobs_protocol_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_table(
        "minibatches",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("batch_size", sa.Integer(), nullable=False),
        sa.Column("resolution", sa.Integer(), nullable=False),
        sa.Column("images", sa.LargeBinary(), nullable=False),
        sa.Column("labels", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset"], ["datasets.name"], name=op.f("fk_minibatches_dataset")
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_minibatches")),
        sa.UniqueConstraint(
            "dataset",
            "batch_size",
            "resolution",
            name=op.f("uq_minibatches_dataset_batch_size_resolution"),
        ),
    )
    op.create_table(
        "scores",
        sa.Column("architecture_id", sa.BigInteger(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("proxy", sa.Text(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("undefined", sa.Text(), nullable=True),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("torch", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "value > '-Infinity' AND value < 'Infinity'", name=op.f("ck_scores_finite")
        ),
        sa.CheckConstraint(
            "(value IS NULL) = (undefined IS NOT NULL)", name=op.f("ck_scores_value_or_reason")
        ),
        sa.ForeignKeyConstraint(
            ["architecture_id"], ["architectures.id"], name=op.f("fk_scores_architecture_id")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocols.id"], name=op.f("fk_scores_protocol_id")
        ),
        sa.PrimaryKeyConstraint(
            "architecture_id", "protocol_id", "proxy", "revision", name=op.f("pk_scores")
        ),
    )
    op.create_index(
        "ix_scores_board",
        "scores",
        ["protocol_id", "proxy", "revision", "value", "architecture_id"],
        unique=False,
        postgresql_where=sa.text("value IS NOT NULL"),
    )
    op.create_table(
        "job_items",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("evaluation_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "asked", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["evaluations.id"], name=op.f("fk_job_items_evaluation_id")
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_items_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_job_items")),
    )
    op.create_index(
        "ix_job_items_evaluation",
        "job_items",
        ["evaluation_id"],
        unique=False,
        postgresql_where=sa.text("NOT finished"),
    )
    op.create_index(
        "ix_job_items_unfinished",
        "job_items",
        ["job_id"],
        unique=False,
        postgresql_where=sa.text("NOT finished"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_job_items_unfinished", table_name="job_items", postgresql_where=sa.text("NOT finished")
    )
    op.drop_index(
        "ix_job_items_evaluation", table_name="job_items", postgresql_where=sa.text("NOT finished")
    )
    op.drop_table("job_items")
    op.drop_index(
        "ix_scores_board", table_name="scores", postgresql_where=sa.text("value IS NOT NULL")
    )
    op.drop_table("scores")
    op.drop_table("minibatches")
    op.drop_table("jobs")
    op.drop_index(
        "ix_evaluations_queued",
        table_name="evaluations",
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.drop_index(op.f("ix_evaluations_protocol_id"), table_name="evaluations")
    op.drop_index(
        "ix_evaluations_lease",
        table_name="evaluations",
        postgresql_where=sa.text("lease IS NOT NULL"),
    )
    op.drop_table("evaluations")
    op.drop_table("workers")
    op.drop_table("protocols")
    op.drop_table("leases")
    op.drop_table("datasets")
    op.drop_table("architectures")
