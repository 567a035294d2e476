"""What the calls answer: the service's JSON as it is. `GET /docs` says what each field means."""

from typing import Any, Literal, NotRequired, TypedDict

Spelling = dict[str, Any]
"""NB201 `arch` or `ops`; NB101 `matrix` and `ops`."""

Direction = Literal["larger", "smaller"]


class Training(TypedDict):
    """How, for how long and on what a network is trained."""

    epochs: int
    samples: int
    images: int
    schedule_epochs: int
    learning_rate: float
    momentum: float
    weight_decay: float
    train: str
    test: str
    revision: str


class Protocol(TypedDict):
    """Everything besides the architecture that a score depends on."""

    name: str
    digest: str
    dataset: str
    seed: int
    skeleton: dict[str, int]
    classes: int
    batch_size: int
    minibatch: str | None
    precision: str
    weights: str
    training: Training | None


class Failure(TypedDict):
    """Why an evaluation was set aside."""

    type: str
    detail: str


class Result(TypedDict):
    """What is known of one architecture."""

    hash: str
    asked: Spelling
    spec: Spelling
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    scores: dict[str, float | None]
    undefined: dict[str, str]
    error: Failure | None


class ScoreAnswer(TypedDict):
    """The answer to one request of scores."""

    job: str | None
    bench: str
    protocol: Protocol
    results: list[Result]


class Scores(TypedDict):
    """The answers to all requests of one call."""

    jobs: list[str]
    """Of the requests where something had to be computed."""
    bench: str
    protocol: Protocol
    results: list[Result]


class Counts(TypedDict):
    """How many architectures of a job are in each state."""

    queued: int
    running: int
    done: int
    failed: int
    cancelled: int


class EpochCounts(TypedDict):
    """How far the trainings of a job are, all architectures together."""

    done: int
    asked: int


class Reason(TypedDict):
    """Why some architectures of a job failed."""

    type: str
    detail: str
    architectures: int
    hashes: list[str]


class Job(TypedDict):
    """What one request asked for, and how far it is."""

    job: str
    bench: str
    protocol: Protocol
    proxies: list[str]
    priority: Literal["live", "bulk", "background"]
    state: Literal["running", "done", "cancelled"]
    counts: Counts
    reasons: list[Reason]
    epochs: EpochCounts | None
    seconds_left: float | None
    created_at: str
    ended_at: str | None


class ResultPage(TypedDict):
    """Results in the order asked."""

    results: list[Result]
    next: str | None


class Proposal(TypedDict):
    """One of the best."""

    rank: int
    hash: str
    spec: Spelling
    asked: Spelling | None
    score: float
    parents: list[str]


class Proposals(TypedDict):
    """The best of a pool or of children, best first."""

    job: str | None
    bench: str
    proxy: str
    direction: Direction
    protocol: Protocol
    population: int | None
    considered: int
    excluded: int
    undefined: int
    failed: int
    reason: str | None
    items: list[Proposal]


class Ranked(TypedDict):
    """One row of a board."""

    rank: int
    hash: str
    spec: Spelling
    score: float
    accuracy: float | None
    parameters: int
    flops: int


class Board(TypedDict):
    """A page of a leaderboard, best first unless another order is asked for."""

    bench: str
    proxy: str
    protocol: Protocol
    direction: Direction
    evidence: str
    population: int | None
    reason: str | None
    total: int
    undefined: int
    truth: str | None
    sort: Literal["score", "accuracy", "parameters", "flops"]
    reverse: bool
    offset: int
    matches: int | None
    items: list[Ranked]
    next: str | None


class ScoreRecord(TypedDict):
    """A score and where it came from."""

    protocol: str
    proxy: str
    revision: int
    value: float | None
    undefined: str | None
    percentile: float | None
    population: int | None
    device: str
    torch: str
    seconds: float
    created_at: str


class TrainedSpelling(TypedDict):
    """A spelling and its accuracy in one series."""

    spelling: Spelling
    accuracy: float
    values: int


class Accuracy(TypedDict):
    """What one series says of a class of spellings."""

    series: str
    dataset: str
    split: Literal["validation", "test"] | None
    epochs: int | None
    metric: str
    mean: float
    count: int
    spread: float
    spellings: list[TrainedSpelling]


class TrainingRecipe(TypedDict):
    """How a network is trained."""

    samples: int
    schedule_epochs: int
    learning_rate: float
    momentum: float
    weight_decay: float


class TrainingAnswer(TypedDict):
    """One reduced training, epoch by epoch."""

    dataset: str
    seed: int
    skeleton: dict[str, int]
    batch_size: int
    recipe: TrainingRecipe
    accuracies: list[float]
    losses: list[float]
    seconds: list[float]
    diverged: str | None
    device: str
    torch: str
    updated_at: str


class DrawnVertex(TypedDict):
    """An operation of a cell, in a box of 44 by 24 around `x` and `y`."""

    kind: str
    label: str
    x: float
    y: float


class DrawnEdge(TypedDict):
    """What one vertex reads of another, by their place in `vertices`."""

    source: int
    target: int
    times: int
    through: list[list[float]]


class Drawing(TypedDict):
    """A cell as it can be drawn."""

    width: float
    height: float
    vertices: list[DrawnVertex]
    edges: list[DrawnEdge]


class Architecture(TypedDict):
    """A class of spellings that are one network."""

    bench: str
    hash: str
    spec: Spelling
    spellings: list[Spelling]
    spellings_total: int
    parameters: int
    flops: int
    drawing: Drawing
    protocols: list[Protocol]
    scores: list[ScoreRecord]
    accuracy: list[Accuracy]
    trainings: list[TrainingAnswer]


class Known(TypedDict):
    """A hash and what is known of it under one protocol."""

    hash: str
    spec: Spelling | None
    scores: dict[str, float]
    undefined: dict[str, str]
    drawing: Drawing | None


class KnownArchitectures(TypedDict):
    """Scores that are there already."""

    bench: str
    protocol: Protocol
    architectures: list[Known]


class Read(TypedDict):
    """A spelling, and the architecture that it spells."""

    hash: str
    asked: Spelling
    slots: list[str]
    spec: Spelling
    whole: bool
    parameters: int
    flops: int
    drawing: Drawing | None


class ReadArchitectures(TypedDict):
    """What spellings mean."""

    bench: str
    architectures: list[Read]


class Histogram(TypedDict):
    """How the scores of a board are spread."""

    low: float
    high: float
    counts: list[int]


class Standing(TypedDict):
    """A score among all of its board."""

    bench: str
    hash: str
    proxy: str
    protocol: Protocol
    direction: Direction
    population: int | None
    score: float | None
    undefined: str | None
    rank: int | None
    total: int
    beaten: float | None
    histogram: Histogram | None


class Sampled(TypedDict):
    """One architecture of a sample."""

    hash: str
    asked: Spelling
    spec: Spelling


class Sample(TypedDict):
    """Random architectures."""

    bench: str
    n: int
    seed: int
    uniform_over: Literal["spellings"]
    architectures: list[Sampled]


class Slot(TypedDict):
    """A place of a cell at which one operation of several stands."""

    name: str
    choices: list[str]
    optional: bool


class Bench(TypedDict):
    """A search space with a fixed skeleton."""

    name: str
    title: str
    source: str
    classes: int
    operations: list[str]
    spelling_fields: list[str]
    text_field: str | None
    slots: list[Slot]
    example: Spelling
    skeletons: dict[str, dict[str, int]]


class Series(TypedDict):
    """Trained accuracies, or other tools' scores, and what is said of them as a whole."""

    name: str
    kind: Literal["accuracy", "score"]
    dataset: str
    split: Literal["validation", "test"] | None
    metric: str
    epochs: int | None
    source: str
    created_at: str
    changes: int
    values: int
    architectures: int


class AccuracyRow(TypedDict):
    """One value of a series, with the fields of its spelling."""

    hash: str
    value: float
    seed: int | None
    arch: NotRequired[str]
    ops: NotRequired[list[str]]
    matrix: NotRequired[list[list[int]]]


class TakenIn(TypedDict):
    """What became of a table."""

    bench: str
    series: str
    rows: int
    values: int
    added: int
    changed: int
