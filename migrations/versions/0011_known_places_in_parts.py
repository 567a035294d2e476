"""known places in parts: a table of accuracies holds scores back only moments at a time"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# What is added is counted, and noted to be placed: `place_noted` does that, some at a time.
NOTE_KNOWN = """
CREATE FUNCTION note_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE series t SET
        value_count = (SELECT count(*) FROM series_values v WHERE v.series_id = t.id),
        architecture_count = (
            SELECT count(DISTINCT v.architecture_id) FROM series_values v WHERE v.series_id = t.id
        )
    WHERE t.id IN (SELECT series_id FROM added);
    INSERT INTO unplaced (series_id, architecture_id)
    SELECT DISTINCT v.series_id, v.architecture_id
    FROM added v JOIN series t ON t.id = v.series_id AND t.kind = 'accuracy'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$
"""
# Scores that are added meanwhile would miss these accuracies or be missed: neither transaction sees
# the other's rows. So it waits until no such scores are under way, and they wait until it ends.
PLACE_NOTED = """
CREATE FUNCTION place_noted(of_bench text, most integer, patient boolean) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    found integer;
BEGIN
    IF patient THEN
        PERFORM pg_advisory_xact_lock(7236012, hashtext(of_bench));
    ELSIF NOT pg_try_advisory_xact_lock(7236012, hashtext(of_bench)) THEN
        RETURN 0;
    END IF;
    WITH taken AS (
        DELETE FROM unplaced
        WHERE (series_id, architecture_id) IN (
            SELECT u.series_id, u.architecture_id
            FROM unplaced u JOIN series t ON t.id = u.series_id AND t.bench = of_bench
            ORDER BY 1, 2
            LIMIT most
        )
        RETURNING architecture_id
    ), placed AS (
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
UNPLACE_KNOWN = """
CREATE FUNCTION unplace_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE series t SET
        value_count = (SELECT count(*) FROM series_values v WHERE v.series_id = t.id),
        architecture_count = (
            SELECT count(DISTINCT v.architecture_id) FROM series_values v WHERE v.series_id = t.id
        )
    WHERE t.id IN (SELECT series_id FROM removed);
    PERFORM pg_advisory_xact_lock(7236012, hashtext(bench))
    FROM (
        SELECT DISTINCT bench FROM architectures
        WHERE id IN (SELECT architecture_id FROM removed)
        ORDER BY bench
    ) AS benches;
    WITH forgotten AS MATERIALIZED (
        SELECT a.* FROM architectures a
        WHERE a.id IN (SELECT architecture_id FROM removed) AND NOT EXISTS (
            SELECT FROM series_values v JOIN series t ON t.id = v.series_id AND t.kind = 'accuracy'
            WHERE v.architecture_id = a.id
        )
    ), taken AS (
        DELETE FROM places p
        USING forgotten a, scores s, boards b
        WHERE s.architecture_id = a.id AND s.value IS NOT NULL
        AND (b.protocol_id, b.proxy, b.revision) = (s.protocol_id, s.proxy, s.revision)
        AND (p.board_id, p.known, p.size_class, p.value, p.architecture_id)
            = (b.id, true, a.size_class, s.value, a.id)
        RETURNING p.board_id, p.size_class
    )
    UPDATE board_counts c SET defined = c.defined - n.taken
    FROM (SELECT board_id, size_class, count(*) AS taken FROM taken GROUP BY 1, 2) AS n
    WHERE (c.board_id, c.known, c.size_class) = (n.board_id, true, n.size_class);
    RETURN NULL;
END $$
"""
FORGET_NOTED = """
CREATE FUNCTION forget_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM unplaced;
    UPDATE series SET value_count = 0, architecture_count = 0;
    RETURN NULL;
END $$
"""
TRIGGERS = {
    "note_known": "AFTER INSERT ON series_values REFERENCING NEW TABLE AS added",
    "unplace_known": "AFTER DELETE ON series_values REFERENCING OLD TABLE AS removed",
    "forget_noted": "AFTER TRUNCATE ON series_values",
}


def upgrade() -> None:
    for name in ("value_count", "architecture_count"):
        op.add_column("series", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.execute(
        "UPDATE series t SET value_count = n.n, architecture_count = n.a FROM ("
        "SELECT series_id, count(*) AS n, count(DISTINCT architecture_id) AS a "
        "FROM series_values GROUP BY 1) AS n WHERE n.series_id = t.id"
    )
    op.create_table(
        "unplaced",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("architecture_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_unplaced_series_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("series_id", "architecture_id", name=op.f("pk_unplaced")),
    )
    op.execute("DROP TRIGGER place_known ON series_values")
    for function in (NOTE_KNOWN, PLACE_NOTED, UNPLACE_KNOWN, FORGET_NOTED):
        op.execute(function)
    for name, event in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {event} FOR EACH STATEMENT EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    op.execute(
        "SELECT place_noted(bench, 2147483647, true) FROM (SELECT DISTINCT bench FROM series) AS b"
    )
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON series_values")
        op.execute(f"DROP FUNCTION {name}()")
    op.execute("DROP FUNCTION place_noted(text, integer, boolean)")
    # Its function has stayed.
    op.execute(
        "CREATE TRIGGER place_known AFTER INSERT ON series_values REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION place_known()"
    )
    op.drop_table("unplaced")
    for name in ("architecture_count", "value_count"):
        op.drop_column("series", name)
