"""which worker holds a lease and for what, how much workers did when, jobs by age, what failed"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    # Those of workers of the release before say nothing, and need not.
    op.add_column("leases", sa.Column("worker_id", sa.Uuid(), nullable=True))
    op.add_column("leases", sa.Column("job_id", sa.Uuid(), nullable=True))
    op.add_column(
        "leases",
        sa.Column("question", postgresql.JSONB(none_as_null=True), nullable=True),
    )
    op.create_table(
        "throughput",
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("evaluated", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "began", name=op.f("pk_throughput")),
    )
    op.create_index(op.f("ix_jobs_created_at_id"), "jobs", ["created_at", "id"])
    op.create_index(
        "ix_evaluations_failed",
        "evaluations",
        ["id"],
        postgresql_where=sa.text("failed <> '{}'"),
    )


def downgrade() -> None:
    op.drop_index("ix_evaluations_failed", "evaluations")
    op.drop_index(op.f("ix_jobs_created_at_id"), "jobs")
    op.drop_table("throughput")
    for column in ("question", "job_id", "worker_id"):
        op.drop_column("leases", column)
