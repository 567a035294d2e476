"""boards counted by index"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_index(
        "ix_scores_undefined",
        "scores",
        ["protocol_id", "proxy", "revision"],
        postgresql_where=sa.text("value IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_scores_undefined", table_name="scores")
