"""The tables. Postgres is the truth: whatever is acknowledged stands in one of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy declares it as a plain dict
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text),
    }


class Architecture(Base):
    """A class of spellings: one hash, one network."""

    __tablename__ = "architectures"
    __table_args__ = (UniqueConstraint("bench", "hash"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    bench: Mapped[str]
    hash: Mapped[str]
    spec: Mapped[dict[str, Any]]
    parameters: Mapped[int] = mapped_column(BigInteger)
    """Of the `full` network with ten classes."""
    flops: Mapped[int] = mapped_column(BigInteger)
    """Of the same."""
    size_class: Mapped[int]
    """See `service.db.size_classes`."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Dataset(Base):
    """Where minibatches come from; all its images are here only where it was added whole.

    Its data never changes, since scores depend on it.
    """

    __tablename__ = "datasets"

    name: Mapped[str] = mapped_column(primary_key=True)
    description: Mapped[str]
    source: Mapped[str]
    licence: Mapped[str]
    classes: Mapped[list[str]]
    mean: Mapped[list[float]] = mapped_column(ARRAY(Double))
    std: Mapped[list[float]] = mapped_column(ARRAY(Double))
    format: Mapped[str]
    """What it was read from."""
    source_sha256: Mapped[str]
    """Of the file or folder it was read from."""
    images: Mapped[int]
    """How many there were to draw from."""
    seed: Mapped[int] = mapped_column(BigInteger)
    """Of the draw."""
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Minibatch(Base):
    """The one minibatch of a dataset at a size and a resolution; never drawn again."""

    __tablename__ = "minibatches"
    __table_args__ = (UniqueConstraint("dataset", "batch_size", "resolution"),)

    sha256: Mapped[str] = mapped_column(primary_key=True)
    dataset: Mapped[str] = mapped_column(ForeignKey(Dataset.name))
    batch_size: Mapped[int]
    resolution: Mapped[int]
    images: Mapped[bytes] = mapped_column(LargeBinary)
    """Little-endian float32 (batch_size, 3, resolution, resolution)."""
    labels: Mapped[bytes] = mapped_column(LargeBinary)
    """Little-endian int64 (batch_size,)."""


class DatasetSplit(Base):
    """All images of a dataset to train on, or to test on; there are both or none."""

    __tablename__ = "dataset_splits"
    __table_args__ = (CheckConstraint("split IN ('train', 'test')", name="split"),)

    dataset: Mapped[str] = mapped_column(ForeignKey(Dataset.name), primary_key=True)
    split: Mapped[str] = mapped_column(primary_key=True)
    images: Mapped[int]
    """How many."""
    sha256: Mapped[str]
    """Of all its images and labels, see `service.minibatch.SplitDigest`."""


class DatasetPart(Base):
    """Some images of a split, in its order."""

    __tablename__ = "dataset_parts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["dataset", "split"],
            [DatasetSplit.dataset, DatasetSplit.split],
            # The digest is known once all parts are written.
            deferrable=True,
            initially="DEFERRED",
        ),
    )

    dataset: Mapped[str] = mapped_column(primary_key=True)
    split: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    """From 0."""
    images: Mapped[bytes] = mapped_column(LargeBinary)
    """uint8 (P, 32, 32, 3)."""
    labels: Mapped[bytes] = mapped_column(LargeBinary)
    """Little-endian int64 (P,)."""


class Protocol(Base):
    """Everything besides the architecture that a score depends on, as `document`."""

    __tablename__ = "protocols"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    bench: Mapped[str]
    document: Mapped[dict[str, Any]]
    population: Mapped[int | None] = mapped_column(SmallInteger)
    """The version of the reference population that its ensembles are ranked against; None where
    there is none, and then its ensembles have no scores."""
    run: Mapped[str | None] = mapped_column(index=True)
    """Of a protocol that trains: see `Training.run`."""


class Population(Base):
    """A frozen reference population: architectures whose scores under a protocol are known, so
    that any other can be ranked among them."""

    __tablename__ = "populations"
    __table_args__ = (
        UniqueConstraint("protocol_id", "sha256"),
        CheckConstraint("origin IN ('package', 'built')", name="origin"),
    )

    protocol_id: Mapped[int] = mapped_column(ForeignKey(Protocol.id), primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    """From 1, counted by protocol. The revision of the ensembles' scores that stand against it."""
    sha256: Mapped[str]
    """Of its content, the rules of the ensembles included."""
    description: Mapped[str]
    """How it was drawn."""
    hashes: Mapped[list[str]]
    """Its members."""
    origin: Mapped[str] = mapped_column(server_default="built")
    """`package`: another one of the package takes its place. `built` here: only the next build
    does."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PopulationScores(Base):
    """The scores of a population's members by one proxy, or one ensemble."""

    __tablename__ = "population_scores"
    __table_args__ = (
        ForeignKeyConstraint(
            ["protocol_id", "version"], [Population.protocol_id, Population.version]
        ),
    )

    protocol_id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    proxy: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(SmallInteger)
    """Of the proxy; of an ensemble, the population's version."""
    values: Mapped[list[float | None]] = mapped_column(ARRAY(Double))
    """In the order of the members; null where it is undefined."""


class Ensemble(Base):
    """An ensemble that somebody has added to those of `service.ensembles`. It never changes."""

    __tablename__ = "ensembles"

    name: Mapped[str] = mapped_column(primary_key=True)
    summary: Mapped[str]
    members: Mapped[dict[str, Any]]
    """By proxy: 1, or -1 where the smaller value counts as the better one."""
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Evaluation(Base):
    """The ledger of work: one architecture under one protocol."""

    __tablename__ = "evaluations"
    __table_args__ = (
        UniqueConstraint("architecture_id", "protocol_id"),
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state"),
        CheckConstraint(
            "(state IN ('done', 'failed')) = (outstanding = '{}')", name="settled_owes_nothing"
        ),
        CheckConstraint(
            "state IN ('queued', 'running') OR (state = 'failed') = (failed <> '{}')",
            name="failed_says_at_what",
        ),
        CheckConstraint("(state = 'running') = (lease IS NOT NULL)", name="running_leased"),
        Index("ix_evaluations_queued", "id", postgresql_where=text("state = 'queued'")),
        Index("ix_evaluations_lease", "lease", postgresql_where=text("lease IS NOT NULL")),
        Index("ix_evaluations_failed", "id", postgresql_where=text("failed <> '{}'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    architecture_id: Mapped[int] = mapped_column(ForeignKey(Architecture.id))
    protocol_id: Mapped[int] = mapped_column(ForeignKey(Protocol.id), index=True)
    outstanding: Mapped[list[str]] = mapped_column(server_default="{}")
    """The proxies asked for and not yet scored."""
    failed: Mapped[list[str]] = mapped_column(server_default="{}")
    """The proxies that were tried and given up, for the reason in `error`."""
    state: Mapped[str] = mapped_column(server_default="done")
    suspect: Mapped[bool] = mapped_column(server_default=text("false"))
    """Was being computed when a worker died: it is claimed alone from now on."""
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How often it was alone when its worker died."""
    lease: Mapped[UUID | None]
    """Of the worker that computes it; no row of `leases` is the same as one that ran out."""
    alone: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the lease is for this evaluation alone."""
    error: Mapped[dict[str, Any] | None]


class Training(Base):
    """One network's reduced training: it goes on from here, and answers all that is shorter."""

    __tablename__ = "trainings"
    __table_args__ = (
        CheckConstraint(
            "cardinality(accuracies) = cardinality(losses) "
            "AND cardinality(accuracies) = cardinality(seconds)",
            name="of_each_epoch",
        ),
        # Old ones are looked for at every sweep.
        Index(
            "ix_trainings_checkpoint",
            "updated_at",
            postgresql_where=text("checkpoint IS NOT NULL"),
        ),
    )

    architecture_id: Mapped[int] = mapped_column(ForeignKey(Architecture.id), primary_key=True)
    run: Mapped[str] = mapped_column(primary_key=True)
    """What all protocols share under which it has the same epochs, as a digest."""
    accuracies: Mapped[list[float]] = mapped_column(ARRAY(Double))
    """On the test images after each epoch, in [0, 1]."""
    losses: Mapped[list[float]] = mapped_column(ARRAY(Double))
    """The mean of each epoch's training images."""
    seconds: Mapped[list[float]] = mapped_column(ARRAY(Double))
    """What each epoch took."""
    diverged: Mapped[str | None]
    """Why there is no further epoch; None where there may be."""
    checkpoint: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of the last epoch; None where there is none behind it."""
    device: Mapped[str]
    """Of the last epoch, as the next."""
    torch: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    """When its last epoch was written."""


class Lease(Base):
    """A worker's hold on a chunk.

    A table of its own: a heartbeat that touched the evaluations themselves would wait for, and
    deadlock with, the requests that lock them to ask for more.
    """

    __tablename__ = "leases"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    worker_id: Mapped[UUID | None]
    """Whose it is, for who looks on; nothing is decided by it."""
    job_id: Mapped[UUID | None]
    """The job that the chunk was claimed for."""
    question: Mapped[dict[str, Any] | None]
    """Of evidence, what is asked: see `service.db.questions`."""


class Score(Base):
    """Insert-only: the first value of a key stays."""

    __tablename__ = "scores"
    __table_args__ = (
        # Postgres sorts NaN and Infinity above every number: such a value would lead a ranking.
        CheckConstraint("value > '-Infinity' AND value < 'Infinity'", name="finite"),
        CheckConstraint("(value IS NULL) = (undefined IS NOT NULL)", name="value_or_reason"),
        Index(
            "ix_scores_board",
            "protocol_id",
            "proxy",
            "revision",
            "value",
            "architecture_id",
            postgresql_where=text("value IS NOT NULL"),
        ),
        # Of the undefined there are few; without it, to count them takes a look at every score.
        Index(
            "ix_scores_undefined",
            "protocol_id",
            "proxy",
            "revision",
            postgresql_where=text("value IS NULL"),
        ),
    )

    architecture_id: Mapped[int] = mapped_column(ForeignKey(Architecture.id), primary_key=True)
    protocol_id: Mapped[int] = mapped_column(ForeignKey(Protocol.id), primary_key=True)
    proxy: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    value: Mapped[float | None] = mapped_column(Double)
    undefined: Mapped[str | None]
    """Why there is no value."""
    device: Mapped[str]
    torch: Mapped[str]
    seconds: Mapped[float] = mapped_column(Double)
    """Of the whole computation that gave this score and its companions."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Series(Base):
    """A column of somebody's table: trained accuracies of a bench, or scores by another tool."""

    __tablename__ = "series"
    __table_args__ = (
        UniqueConstraint("bench", "name"),
        CheckConstraint("kind IN ('accuracy', 'score')", name="kind"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    bench: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    """What requests call it: `cifar10-test-200ep`, `suitezero.synflow.cifar10`."""
    dataset: Mapped[str]
    split: Mapped[str | None]
    """Of an accuracy: `validation` or `test`."""
    metric: Mapped[str]
    """The unit and what it says, such as `top1_percent`."""
    epochs: Mapped[int | None]
    """Of training, for an accuracy."""
    source: Mapped[str]
    """Who measured it."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """How often values were written: what was computed from an older number is stale."""
    value_count: Mapped[int] = mapped_column(server_default="0")
    """Kept by a trigger, as the next."""
    architecture_count: Mapped[int] = mapped_column(server_default="0")
    """How many have a value."""


class SeriesValue(Base):
    """One value of a series: of one spelling and one training seed."""

    __tablename__ = "series_values"
    __table_args__ = (
        CheckConstraint("value BETWEEN -1e15 AND 1e15", name="bounded"),
        UniqueConstraint("series_id", "spelling", "seed", postgresql_nulls_not_distinct=True),
        Index("ix_series_values_architecture_id", "architecture_id", "series_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey(Series.id, ondelete="CASCADE"))
    architecture_id: Mapped[int] = mapped_column(ForeignKey(Architecture.id))
    spelling: Mapped[str]
    """The spelling as it was read, as compact JSON with sorted keys: the table has a value for
    each, and an architecture has many."""
    whole: Mapped[bool]
    """Whether every operation of the spelling lies on a path from input to output."""
    seed: Mapped[int | None]
    """Of the training; None where the value is a mean over seeds or the seed is not told."""
    value: Mapped[float] = mapped_column(Double)


class Unplaced(Base):
    """An architecture that has got an accuracy, and is to be placed where boards' filters look for
    such; a trigger notes it."""

    __tablename__ = "unplaced"

    series_id: Mapped[int] = mapped_column(
        ForeignKey(Series.id, ondelete="CASCADE"), primary_key=True
    )
    architecture_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Correlation(Base):
    """How well one score ranks one truth, as a worker has computed it from stored rows."""

    __tablename__ = "correlations"
    __table_args__ = (
        UniqueConstraint(
            "truth_id",
            "members",
            "proxy",
            "protocol_id",
            "revision",
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    truth_id: Mapped[int] = mapped_column(ForeignKey(Series.id, ondelete="CASCADE"))
    members: Mapped[str]
    """The set: `classes`, `spellings`, or `whole_spellings`."""
    proxy: Mapped[str]
    """A proxy, an ensemble, or the name of a series."""
    protocol_id: Mapped[int | None] = mapped_column(ForeignKey(Protocol.id))
    """None for a series."""
    revision: Mapped[int | None] = mapped_column(SmallInteger)
    findings: Mapped[dict[str, Any]]
    """Sizes, and for all members and for the true top tenth each metric with its interval."""
    inputs: Mapped[str]
    """What it was computed from, so that one can see that it is stale."""
    seconds: Mapped[float] = mapped_column(Double)
    computed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PassSeconds(Base):
    """What a pass has taken by now, all evaluations on one kind of device together.

    By the protocol's name: seeds and datasets change no time, and whoever asks for many makes no
    rows.
    """

    __tablename__ = "pass_seconds"

    bench: Mapped[str] = mapped_column(primary_key=True)
    protocol: Mapped[str] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    """See `service.cost`."""
    evaluations: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float] = mapped_column(Double)


class Board(Base):
    """Scores that are ranked together."""

    __tablename__ = "boards"
    __table_args__ = (UniqueConstraint("protocol_id", "proxy", "revision"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    protocol_id: Mapped[int] = mapped_column(ForeignKey(Protocol.id))
    proxy: Mapped[str]
    revision: Mapped[int] = mapped_column(SmallInteger)


class BoardCount(Base):
    """How many scores of a board are in a size class, kept by a trigger as they are added."""

    __tablename__ = "board_counts"

    board_id: Mapped[int] = mapped_column(primary_key=True)
    known: Mapped[bool] = mapped_column(primary_key=True)
    """Whether only architectures with a trained accuracy are counted."""
    size_class: Mapped[int] = mapped_column(primary_key=True)
    defined: Mapped[int]
    undefined: Mapped[int]
    """0 where `known`."""


class Place(Base):
    """A score where the boards' filters look for it, put there by a trigger.

    Once for everybody, and again for who asks for trained accuracies. All of it is its key, so that
    a page is read from the index alone; references would be checked row by row.
    """

    __tablename__ = "places"

    board_id: Mapped[int] = mapped_column(primary_key=True)
    known: Mapped[bool] = mapped_column(primary_key=True)
    size_class: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[float] = mapped_column(Double, primary_key=True)
    architecture_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    parameters: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    flops: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Job(Base):
    """What one request asked for: a list of evaluations and the proxies wanted of them."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("priority IN ('live', 'bulk', 'background')", name="priority"),
        CheckConstraint("state IN ('running', 'done', 'cancelled')", name="state"),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended"),
        CheckConstraint(
            "state = 'cancelled' OR (state = 'done') = (unfinished = 0)", name="done_waits_for_none"
        ),
        CheckConstraint("unfinished BETWEEN 0 AND size", name="unfinished_of_size"),
        CheckConstraint(
            "(idempotency_key IS NULL) = (request_sha256 IS NULL)", name="key_with_request"
        ),
        Index("ix_jobs_running", "priority", postgresql_where=text("state = 'running'")),
        Index("ix_jobs_ended_at", "ended_at", postgresql_where=text("state <> 'running'")),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    protocol_id: Mapped[int] = mapped_column(ForeignKey(Protocol.id))
    proxies: Mapped[list[str]]
    priority: Mapped[str]
    request_id: Mapped[str]
    state: Mapped[str]
    size: Mapped[int]
    """How many items the job has."""
    unfinished: Mapped[int]
    """How many of them still wait for their answer."""
    finishes: Mapped[int]
    """How often an item has finished: the number of the job's latest event. More than `size` where
    a failed one was tried again."""
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    request_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of the request that first came with the key."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class JobItem(Base):
    """One architecture of a job, in the order asked."""

    __tablename__ = "job_items"
    __table_args__ = (
        Index("ix_job_items_unfinished", "job_id", postgresql_where=text("finished IS NULL")),
        Index(
            "uq_job_items_finished",
            "job_id",
            "finished",
            unique=True,
            postgresql_where=text("finished IS NOT NULL"),
        ),
    )

    job_id: Mapped[UUID] = mapped_column(ForeignKey(Job.id, ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(ForeignKey(Evaluation.id), index=True)
    asked: Mapped[dict[str, Any]]
    finished: Mapped[int | None]
    """Which of the job's `finishes` was this item's: its evaluation has answered, with scores or
    with a failure, all that the job asked. None while it has not."""


class Worker(Base):
    """A worker process and when it was last heard of."""

    __tablename__ = "workers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    device: Mapped[str]
    torch: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Throughput(Base):
    """How many architectures a worker has settled in a slot of time, see `service.db.throughput`.

    Kept for an hour: it says how fast work goes, and nothing else depends on it.
    """

    __tablename__ = "throughput"

    worker_id: Mapped[UUID] = mapped_column(primary_key=True)
    """Of one that may be gone by now."""
    began: Mapped[datetime] = mapped_column(primary_key=True)
    evaluated: Mapped[int]
    failed: Mapped[int]
