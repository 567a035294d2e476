"""reduced training: what is known of each run, and jobs that wait for spare time"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("protocols", sa.Column("run", sa.Text(), nullable=True))
    op.create_index(op.f("ix_protocols_run"), "protocols", ["run"])
    numbers = postgresql.ARRAY(sa.Double())
    op.create_table(
        "trainings",
        sa.Column("architecture_id", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("accuracies", numbers, nullable=False),
        sa.Column("losses", numbers, nullable=False),
        sa.Column("seconds", numbers, nullable=False),
        sa.Column("diverged", sa.Text(), nullable=True),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=True),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("torch", sa.Text(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "cardinality(accuracies) = cardinality(losses) "
            "AND cardinality(accuracies) = cardinality(seconds)",
            name=op.f("ck_trainings_of_each_epoch"),
        ),
        sa.ForeignKeyConstraint(
            ["architecture_id"],
            ["architectures.id"],
            name=op.f("fk_trainings_architecture_id_architectures"),
        ),
        sa.PrimaryKeyConstraint("architecture_id", "run", name=op.f("pk_trainings")),
    )
    op.create_index(op.f("ix_trainings_updated_at"), "trainings", ["updated_at"])
    op.create_index(
        "ix_trainings_checkpoint",
        "trainings",
        ["updated_at"],
        postgresql_where=sa.text("checkpoint IS NOT NULL"),
    )
    _priorities("'live', 'bulk', 'background'")


def downgrade() -> None:
    # Nobody but those who train knows these jobs, and no score hangs on a job.
    op.execute("DELETE FROM jobs WHERE priority = 'background'")
    op.execute(
        "UPDATE evaluations SET outstanding = '{}', lease = NULL, alone = false, "
        "state = CASE WHEN failed = '{}' THEN 'done' ELSE 'failed' END "
        "WHERE protocol_id IN (SELECT id FROM protocols WHERE run IS NOT NULL) "
        "AND state IN ('queued', 'running')"
    )
    _priorities("'live', 'bulk'")
    op.drop_table("trainings")
    op.drop_index(op.f("ix_protocols_run"), "protocols")
    op.drop_column("protocols", "run")


def _priorities(known: str) -> None:
    name = op.f("ck_jobs_priority")
    op.drop_constraint(name, "jobs")
    op.create_check_constraint(name, "jobs", f"priority IN ({known})")
