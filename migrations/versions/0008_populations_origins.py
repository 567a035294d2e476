"""where a reference population came from"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "populations", sa.Column("origin", sa.Text(), server_default="built", nullable=False)
    )
    op.create_check_constraint("origin", "populations", "origin IN ('package', 'built')")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_populations_origin"), "populations")
    op.drop_column("populations", "origin")
