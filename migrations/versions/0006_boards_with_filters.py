"""boards with filters: sizes of architectures, places of scores, counts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from service.benches import BENCHES
from service.db.size_classes import size_class

revision = "0006"
down_revision = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

PART = 5_000
"""Architectures measured at once."""

# The same for what a statement adds and for what is stored already.
BOARDS = """
    INSERT INTO boards (protocol_id, proxy, revision)
    SELECT DISTINCT s.protocol_id, s.proxy, s.revision
    FROM {scores} s
    WHERE NOT EXISTS (
        SELECT FROM boards b
        WHERE (b.protocol_id, b.proxy, b.revision) = (s.protocol_id, s.proxy, s.revision)
    )
    ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING
"""
COUNTED = """
    ON CONFLICT (board_id, known, size_class) DO UPDATE
    SET defined = c.defined + EXCLUDED.defined, undefined = c.undefined + EXCLUDED.undefined
"""
PLACES = f"""
    WITH listed AS MATERIALIZED (
        SELECT b.id AS board_id, k.known, a.size_class, s.value, a.id, a.parameters, a.flops
        FROM {{scores}} s
        JOIN boards b
        ON (b.protocol_id, b.proxy, b.revision) = (s.protocol_id, s.proxy, s.revision)
        JOIN (
            SELECT a.*, EXISTS (
                SELECT FROM series_values v
                JOIN series t ON t.id = v.series_id AND t.kind = 'accuracy'
                WHERE v.architecture_id = a.id
            ) AS known
            FROM architectures a
            WHERE a.id IN (SELECT architecture_id FROM {{scores}})
        ) a ON a.id = s.architecture_id
        JOIN (VALUES (false), (true)) AS k (known) ON a.known OR NOT k.known
    ), placed AS (
        INSERT INTO places (board_id, known, size_class, value, architecture_id, parameters, flops)
        SELECT * FROM listed WHERE value IS NOT NULL
    )
    INSERT INTO board_counts AS c (board_id, known, size_class, defined, undefined)
    SELECT board_id, known, size_class,
        count(value), CASE WHEN known THEN 0 ELSE count(*) - count(value) END
    FROM listed
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3
    {COUNTED}
"""  # noqa: S608 - of constants

# Scores that are added while accuracies of their bench are would miss each other: neither
# transaction sees the other's rows. So accuracies wait until no such scores are under way.
PLACE_SCORES = f"""
CREATE FUNCTION place_scores() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7236012, hashtext(bench))
    FROM (
        SELECT DISTINCT bench FROM protocols WHERE id IN (SELECT protocol_id FROM added)
    ) AS benches;
    {BOARDS.format(scores="added")};
    {PLACES.format(scores="added")};
    RETURN NULL;
END $$
"""  # noqa: S608
PLACE_KNOWN = f"""
CREATE FUNCTION place_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7236012, hashtext(bench))
    FROM (
        SELECT DISTINCT bench FROM series
        WHERE kind = 'accuracy' AND id IN (SELECT series_id FROM added)
    ) AS benches;
    WITH placed AS (
        INSERT INTO places (board_id, known, size_class, value, architecture_id, parameters, flops)
        SELECT b.id, true, a.size_class, s.value, a.id, a.parameters, a.flops
        FROM (
            SELECT DISTINCT v.architecture_id
            FROM added v JOIN series t ON t.id = v.series_id AND t.kind = 'accuracy'
        ) AS k
        JOIN architectures a ON a.id = k.architecture_id
        JOIN scores s ON s.architecture_id = a.id AND s.value IS NOT NULL
        JOIN boards b
        ON (b.protocol_id, b.proxy, b.revision) = (s.protocol_id, s.proxy, s.revision)
        ON CONFLICT DO NOTHING
        RETURNING board_id, size_class
    )
    INSERT INTO board_counts AS c (board_id, known, size_class, defined, undefined)
    SELECT board_id, true, size_class, count(*), 0
    FROM placed
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3
    {COUNTED};
    RETURN NULL;
END $$
"""  # noqa: S608
FORGET_SCORES = """
CREATE FUNCTION forget_places() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE places, board_counts, boards;
    RETURN NULL;
END $$
"""
FORGET_KNOWN = """
CREATE FUNCTION forget_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM places WHERE known;
    DELETE FROM board_counts WHERE known;
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER {name} AFTER INSERT ON {table}
REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION {name}()
"""
FORGETTING = """
CREATE TRIGGER {name} AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()
"""
ADDED = {"place_scores": "scores", "place_known": "series_values"}
EMPTIED = {"forget_places": "scores", "forget_known": "series_values"}


def upgrade() -> None:
    for name, kind in (
        ("parameters", sa.BigInteger()),
        ("flops", sa.BigInteger()),
        ("size_class", sa.Integer()),
    ):
        op.add_column("architectures", sa.Column(name, kind, nullable=True))
    _measure(op.get_bind())
    for name in ("parameters", "flops", "size_class"):
        op.alter_column("architectures", name, nullable=False)
    op.create_table(
        "boards",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("proxy", sa.Text(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocols.id"], name=op.f("fk_boards_protocol_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boards")),
        sa.UniqueConstraint(
            "protocol_id", "proxy", "revision", name=op.f("uq_boards_protocol_id_proxy_revision")
        ),
    )
    op.create_table(
        "board_counts",
        sa.Column("board_id", sa.Integer(), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("size_class", sa.Integer(), nullable=False),
        sa.Column("defined", sa.Integer(), nullable=False),
        sa.Column("undefined", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("board_id", "known", "size_class", name=op.f("pk_board_counts")),
    )
    op.create_table(
        "places",
        sa.Column("board_id", sa.Integer(), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("size_class", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("architecture_id", sa.BigInteger(), nullable=False),
        sa.Column("parameters", sa.BigInteger(), nullable=False),
        sa.Column("flops", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "board_id",
            "known",
            "size_class",
            "value",
            "architecture_id",
            "parameters",
            "flops",
            name=op.f("pk_places"),
        ),
    )
    for fill in (BOARDS, PLACES):
        op.execute(fill.format(scores="scores"))
    for function in (PLACE_SCORES, PLACE_KNOWN, FORGET_SCORES, FORGET_KNOWN):
        op.execute(function)
    for name, table in ADDED.items():
        op.execute(TRIGGER.format(name=name, table=table))
    for name, table in EMPTIED.items():
        op.execute(FORGETTING.format(name=name, table=table))


def _measure(connection: sa.Connection) -> None:
    """Gives every stored architecture its size."""
    last = 0
    while rows := connection.execute(
        sa.text(
            "SELECT id, bench, spec FROM architectures WHERE id > :last ORDER BY id LIMIT :part"
        ),
        {"last": last, "part": PART},
    ).all():
        sizes = []
        for id_, name, spec in rows:
            bench = BENCHES[name]
            parameters, flops = bench.size(spec, bench.skeletons["full"], 10)
            sizes.append((id_, parameters, flops, size_class(parameters, flops)))
        ids, parameters, flops, classes = (list(each) for each in zip(*sizes, strict=True))
        connection.execute(
            sa.text(
                "UPDATE architectures a SET parameters = m.p, flops = m.f, size_class = m.c "
                "FROM unnest(CAST(:ids AS bigint[]), CAST(:p AS bigint[]), CAST(:f AS bigint[]), "
                "CAST(:c AS integer[])) AS m (id, p, f, c) WHERE a.id = m.id"
            ),
            {"ids": ids, "p": parameters, "f": flops, "c": classes},
        )
        last = ids[-1]


def downgrade() -> None:
    for name, table in {**ADDED, **EMPTIED}.items():
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")
    for table in ("places", "board_counts", "boards"):
        op.drop_table(table)
    for name in ("size_class", "flops", "parameters"):
        op.drop_column("architectures", name)
