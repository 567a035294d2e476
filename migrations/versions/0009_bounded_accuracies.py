"""bounded accuracies: no value is so large that means overflow"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

REMOVE = """
    WITH removed AS (
        DELETE FROM series_values WHERE value NOT BETWEEN -1e15 AND 1e15 RETURNING series_id
    ), changed AS (
        UPDATE series SET changes = changes + 1 WHERE id IN (SELECT series_id FROM removed)
    )
    SELECT count(*) FROM removed
"""
PLACES = """
    INSERT INTO places (board_id, known, size_class, value, architecture_id, parameters, flops)
    SELECT b.id, true, a.size_class, s.value, a.id, a.parameters, a.flops
    FROM architectures a
    JOIN scores s ON s.architecture_id = a.id AND s.value IS NOT NULL
    JOIN boards b ON (b.protocol_id, b.proxy, b.revision) = (s.protocol_id, s.proxy, s.revision)
    WHERE EXISTS (
        SELECT FROM series_values v JOIN series t ON t.id = v.series_id AND t.kind = 'accuracy'
        WHERE v.architecture_id = a.id
    )
"""
COUNTS = """
    INSERT INTO board_counts (board_id, known, size_class, defined, undefined)
    SELECT board_id, true, size_class, count(*), 0 FROM places WHERE known GROUP BY 1, 3
"""


def upgrade() -> None:
    if op.get_bind().scalar(sa.text(REMOVE)):
        # What only such a value made known is not known any more.
        op.execute("DELETE FROM places WHERE known")
        op.execute("DELETE FROM board_counts WHERE known")
        op.execute(PLACES)
        op.execute(COUNTS)
    op.drop_constraint(op.f("ck_series_values_finite"), "series_values")
    op.create_check_constraint(
        op.f("ck_series_values_bounded"), "series_values", "value BETWEEN -1e15 AND 1e15"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_series_values_bounded"), "series_values")
    op.create_check_constraint(
        op.f("ck_series_values_finite"),
        "series_values",
        "value > '-Infinity' AND value < 'Infinity'",
    )
