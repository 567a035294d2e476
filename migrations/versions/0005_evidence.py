"""trained accuracies, correlations with them, reference populations and ensembles"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "ensembles",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column(
            "members", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column(
            "added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_ensembles")),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("bench", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("split", sa.Text(), nullable=True),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("epochs", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("changes", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("kind IN ('accuracy', 'score')", name=op.f("ck_series_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("bench", "name", name=op.f("uq_series_bench_name")),
    )
    op.create_table(
        "correlations",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("truth_id", sa.Integer(), nullable=False),
        sa.Column("members", sa.Text(), nullable=False),
        sa.Column("proxy", sa.Text(), nullable=False),
        sa.Column("protocol_id", sa.Integer(), nullable=True),
        sa.Column("revision", sa.SmallInteger(), nullable=True),
        sa.Column(
            "findings", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column(
            "computed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocols.id"], name=op.f("fk_correlations_protocol_id")
        ),
        sa.ForeignKeyConstraint(
            ["truth_id"], ["series.id"], name=op.f("fk_correlations_truth_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correlations")),
        sa.UniqueConstraint(
            "truth_id",
            "members",
            "proxy",
            "protocol_id",
            "revision",
            name=op.f("uq_correlations_truth_id_members_proxy_protocol_id_revision"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "populations",
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("hashes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocols.id"], name=op.f("fk_populations_protocol_id")
        ),
        sa.PrimaryKeyConstraint("protocol_id", "version", name=op.f("pk_populations")),
        sa.UniqueConstraint(
            "protocol_id", "sha256", name=op.f("uq_populations_protocol_id_sha256")
        ),
    )
    op.create_table(
        "series_values",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("architecture_id", sa.BigInteger(), nullable=False),
        sa.Column("spelling", sa.Text(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=True),
        sa.Column("value", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "value > '-Infinity' AND value < 'Infinity'", name=op.f("ck_series_values_finite")
        ),
        sa.ForeignKeyConstraint(
            ["architecture_id"], ["architectures.id"], name=op.f("fk_series_values_architecture_id")
        ),
        sa.ForeignKeyConstraint(
            ["series_id"],
            ["series.id"],
            name=op.f("fk_series_values_series_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series_values")),
        sa.UniqueConstraint(
            "series_id",
            "spelling",
            "seed",
            name=op.f("uq_series_values_series_id_spelling_seed"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_series_values_architecture_id",
        "series_values",
        ["architecture_id", "series_id"],
        unique=False,
    )
    op.create_table(
        "population_scores",
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("proxy", sa.Text(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("values", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.ForeignKeyConstraint(
            ["protocol_id", "version"],
            ["populations.protocol_id", "populations.version"],
            name=op.f("fk_population_scores_protocol_id_version"),
        ),
        sa.PrimaryKeyConstraint(
            "protocol_id", "version", "proxy", name=op.f("pk_population_scores")
        ),
    )
    op.add_column("protocols", sa.Column("population", sa.SmallInteger(), nullable=True))


def downgrade() -> None:
    # Of ensembles, which no network was run for: the next populations would be numbered as these.
    op.execute("DELETE FROM scores WHERE device = 'none'")
    op.drop_column("protocols", "population")
    op.drop_table("population_scores")
    op.drop_index("ix_series_values_architecture_id", table_name="series_values")
    op.drop_table("series_values")
    op.drop_table("populations")
    op.drop_table("correlations")
    op.drop_table("series")
    op.drop_table("ensembles")
