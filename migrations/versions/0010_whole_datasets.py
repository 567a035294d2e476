"""whole datasets: all images of a training and a test split, in parts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "dataset_splits",
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("split", sa.Text(), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.CheckConstraint("split IN ('train', 'test')", name=op.f("ck_dataset_splits_split")),
        sa.ForeignKeyConstraint(
            ["dataset"], ["datasets.name"], name=op.f("fk_dataset_splits_dataset")
        ),
        sa.PrimaryKeyConstraint("dataset", "split", name=op.f("pk_dataset_splits")),
    )
    op.create_table(
        "dataset_parts",
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("split", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("images", sa.LargeBinary(), nullable=False),
        sa.Column("labels", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset", "split"],
            ["dataset_splits.dataset", "dataset_splits.split"],
            name=op.f("fk_dataset_parts_dataset_split"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("dataset", "split", "part", name=op.f("pk_dataset_parts")),
    )


def downgrade() -> None:
    op.drop_table("dataset_parts")
    op.drop_table("dataset_splits")
