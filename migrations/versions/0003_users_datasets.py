"""datasets of users: what they were read from, and when"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# Before this there was no way to add a dataset: a row that is there is the built-in one.
PATCHES = {
    "format": "built-in",
    "source_sha256": "2c52e36cf0dcb78c386c6c9b6dcf98bc5dc7489eb292e075d59d31884bbed302",
    "images": "260",
    "seed": "0",
}


def upgrade() -> None:
    for name, kind in (
        ("format", sa.Text()),
        ("source_sha256", sa.Text()),
        ("images", sa.Integer()),
        ("seed", sa.BigInteger()),
    ):
        op.add_column(
            "datasets", sa.Column(name, kind, server_default=PATCHES[name], nullable=False)
        )
        op.alter_column("datasets", name, server_default=None)
    op.add_column(
        "datasets",
        sa.Column(
            "added_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    for name in ("added_at", "seed", "images", "source_sha256", "format"):
        op.drop_column("datasets", name)
