"""what is noted to be placed is found by its row, however many the planner thinks there are"""

from collections.abc import Sequence

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# A table that just came in has notes by the ten thousand, and statistics of before say that there
# are none: by its key, each of a part was then sought among all notes. By its row it is there.
TAKEN_BY_KEY = """
    WITH taken AS (
        DELETE FROM unplaced
        WHERE (series_id, architecture_id) IN (
            SELECT u.series_id, u.architecture_id
            FROM unplaced u JOIN series t ON t.id = u.series_id AND t.bench = of_bench
            ORDER BY 1, 2
            LIMIT most
        )
        RETURNING architecture_id
    )
"""
TAKEN_BY_ROW = """
    WITH taken AS (
        DELETE FROM unplaced
        WHERE ctid = ANY (ARRAY(
            SELECT u.ctid
            FROM unplaced u JOIN series t ON t.id = u.series_id AND t.bench = of_bench
            ORDER BY u.series_id, u.architecture_id
            LIMIT most
        ))
        RETURNING architecture_id
    )
"""
PLACE_NOTED = """
CREATE OR REPLACE FUNCTION place_noted(of_bench text, most integer, patient boolean)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    found integer;
BEGIN
    IF patient THEN
        PERFORM pg_advisory_xact_lock(7236012, hashtext(of_bench));
    ELSIF NOT pg_try_advisory_xact_lock(7236012, hashtext(of_bench)) THEN
        RETURN 0;
    END IF;
    {taken}, placed AS (
        INSERT INTO places (board_id, known, size_class, value, architecture_id, parameters, flops)
        SELECT b.id, true, a.size_class, s.value, a.id, a.parameters, a.flops
        FROM architectures a
        JOIN scores s ON s.architecture_id = a.id AND s.value IS NOT NULL
        JOIN boards b
        ON (b.protocol_id, b.proxy, b.revision) = (s.protocol_id, s.proxy, s.revision)
        WHERE a.id IN (SELECT architecture_id FROM taken) AND EXISTS (
            SELECT FROM series_values v JOIN series t ON t.id = v.series_id AND t.kind = 'accuracy'
            WHERE v.architecture_id = a.id
        )
        ON CONFLICT DO NOTHING
        RETURNING board_id, size_class
    ), counted AS (
        INSERT INTO board_counts AS c (board_id, known, size_class, defined, undefined)
        SELECT board_id, true, size_class, count(*), 0
        FROM placed
        GROUP BY 1, 2, 3
        ORDER BY 1, 2, 3
        ON CONFLICT (board_id, known, size_class) DO UPDATE
        SET defined = c.defined + EXCLUDED.defined
    )
    SELECT count(*) INTO found FROM taken;
    RETURN found;
END $$
"""


def upgrade() -> None:
    op.execute(PLACE_NOTED.format(taken=TAKEN_BY_ROW))


def downgrade() -> None:
    op.execute(PLACE_NOTED.format(taken=TAKEN_BY_KEY))
