"""jobs that count their finishes, can be cancelled, end, and keep an idempotency key"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

COUNTED = """
    UPDATE job_items SET finished = numbered.nth
    FROM (
        SELECT job_id, position, row_number() OVER (PARTITION BY job_id ORDER BY position) AS nth
        FROM job_items WHERE was_finished
    ) AS numbered
    WHERE job_items.job_id = numbered.job_id AND job_items.position = numbered.position
"""

SUMMED = """
    UPDATE jobs SET
        size = counted.size,
        finishes = counted.finishes,
        unfinished = counted.size - counted.finishes,
        state = CASE WHEN counted.size = counted.finishes THEN 'done' ELSE 'running' END,
        ended_at = CASE WHEN counted.size = counted.finishes THEN now() END
    FROM (
        SELECT job_id, count(*) AS size, count(finished) AS finishes
        FROM job_items GROUP BY job_id
    ) AS counted
    WHERE jobs.id = counted.job_id
"""


def upgrade() -> None:
    op.drop_index("ix_job_items_unfinished", table_name="job_items")
    op.drop_index("ix_job_items_evaluation", table_name="job_items")
    op.alter_column("job_items", "finished", new_column_name="was_finished")
    op.add_column("job_items", sa.Column("finished", sa.Integer(), nullable=True))
    op.execute(COUNTED)
    op.drop_column("job_items", "was_finished")
    op.create_index(
        "ix_job_items_unfinished",
        "job_items",
        ["job_id"],
        postgresql_where=sa.text("finished IS NULL"),
    )
    op.create_index(
        "uq_job_items_finished",
        "job_items",
        ["job_id", "finished"],
        unique=True,
        postgresql_where=sa.text("finished IS NOT NULL"),
    )
    op.create_index("ix_job_items_evaluation_id", "job_items", ["evaluation_id"])

    op.add_column("jobs", sa.Column("state", sa.Text(), nullable=True))
    for name in ("size", "unfinished", "finishes"):
        op.add_column("jobs", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("idempotency_key", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("request_sha256", sa.LargeBinary(), nullable=True))
    op.execute(SUMMED)
    for name in ("state", "size", "unfinished", "finishes"):
        op.alter_column("jobs", name, nullable=False)
    op.create_unique_constraint("uq_jobs_idempotency_key", "jobs", ["idempotency_key"])
    op.create_index(
        "ix_jobs_running", "jobs", ["priority"], postgresql_where=sa.text("state = 'running'")
    )
    op.create_index(
        "ix_jobs_ended_at", "jobs", ["ended_at"], postgresql_where=sa.text("state <> 'running'")
    )
    for name, condition in (
        ("state", "state IN ('running', 'done', 'cancelled')"),
        ("ended", "(state = 'running') = (ended_at IS NULL)"),
        ("done_waits_for_none", "state = 'cancelled' OR (state = 'done') = (unfinished = 0)"),
        ("unfinished_of_size", "unfinished BETWEEN 0 AND size"),
        ("key_with_request", "(idempotency_key IS NULL) = (request_sha256 IS NULL)"),
    ):
        op.create_check_constraint(op.f(f"ck_jobs_{name}"), "jobs", condition)


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE state = 'cancelled'")
    for name in ("key_with_request", "unfinished_of_size", "done_waits_for_none", "ended", "state"):
        op.drop_constraint(op.f(f"ck_jobs_{name}"), "jobs")
    op.drop_index("ix_jobs_ended_at", table_name="jobs")
    op.drop_index("ix_jobs_running", table_name="jobs")
    for name in (
        "request_sha256",
        "idempotency_key",
        "ended_at",
        "finishes",
        "unfinished",
        "size",
        "state",
    ):
        op.drop_column("jobs", name)

    op.drop_index("ix_job_items_evaluation_id", table_name="job_items")
    op.drop_index("uq_job_items_finished", table_name="job_items")
    op.drop_index("ix_job_items_unfinished", table_name="job_items")
    op.alter_column(
        "job_items",
        "finished",
        type_=sa.Boolean(),
        postgresql_using="finished IS NOT NULL",
        nullable=False,
    )
    op.create_index(
        "ix_job_items_unfinished",
        "job_items",
        ["job_id"],
        postgresql_where=sa.text("NOT finished"),
    )
    op.create_index(
        "ix_job_items_evaluation",
        "job_items",
        ["evaluation_id"],
        postgresql_where=sa.text("NOT finished"),
    )
