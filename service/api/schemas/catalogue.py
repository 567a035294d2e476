"""What there is: benches, proxies, protocols, datasets."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from service.api.schemas.cost import ProxyCost
from service.api.schemas.protocol import Protocol
from service.api.schemas.score import Written
from service.catalogue import Direction
from service.ensembles import Rule


class SlotAnswer(BaseModel):
    """A place of a cell at which one operation of several stands."""

    name: str
    choices: list[str]
    optional: bool = Field(description="Whether it may be left out.")


class BenchAnswer(BaseModel):
    """A search space with a fixed skeleton."""

    name: str
    title: str
    source: str
    classes: int
    operations: list[str]
    spelling_fields: list[str]
    text_field: str | None = Field(
        description="The spelling field that is a text, the bench's own way to write a cell."
    )
    slots: list[SlotAnswer] = Field(
        description="What a spelling's `ops` list, in order; empty where `ops` are the vertices of "
        "its `matrix`."
    )
    example: Written
    skeletons: dict[str, dict[str, int]]


class Sampled(BaseModel):
    """One architecture of a sample."""

    hash: str
    asked: Written
    spec: Written


class SampleAnswer(BaseModel):
    """Random architectures, the same for everyone who asks with the seed."""

    bench: str
    n: int
    seed: int
    uniform_over: Literal["spellings"]
    architectures: list[Sampled]


class EnsembleAnswer(BaseModel):
    """How several proxies are ranked as one, against a reference population."""

    rule: Rule = Field(
        description="`log_rank`: the sum of ln(rank/n). `copeland`: the share of the population "
        "that it beats by majority."
    )
    members: dict[str, int] = Field(
        description="By proxy: -1 where the smaller value counts as the better one."
    )
    labels: str | None = Field(
        description="How trained accuracies had a part in choosing it; null where they had none."
    )
    default_of: list[str] = Field(description="The benches that it ranks unless told otherwise.")


class ProxyAnswer(BaseModel):
    """A proxy, or an ensemble of some."""

    name: str
    summary: str
    source: str
    revision: int = Field(description="Of an ensemble, 0: its scores have the population's.")
    better: dict[str, Direction]
    evidence: dict[str, str]
    structural: bool = Field(description="Of a bench's cell alone: no network, no weights.")
    cost: ProxyCost
    ensemble: EnsembleAnswer | None = Field(description="Of an ensemble; null for a proxy.")


class ProtocolAnswer(BaseModel):
    """A named protocol."""

    name: str
    summary: str
    batch_size: int
    proxies: Literal["zero_cost", "reduced_training"] = Field(
        description="What is computed under it: every proxy but `reduced_training`, or that alone."
    )
    skeletons: dict[str, dict[str, int]] = Field(description="The networks, by bench.")
    epochs: int | None = Field(description="Of reduced training alone.")
    benches: dict[str, Protocol] = Field(
        description="What it is on each bench with the default dataset and seed. Empty of reduced "
        "training: it needs a dataset that is stored whole."
    )


class MinibatchAnswer(BaseModel):
    """The one minibatch of a dataset at a size and a resolution."""

    sha256: str
    batch_size: int
    resolution: int


class SplitAnswer(BaseModel):
    """All images of a dataset to train on, or to test on."""

    images: int = Field(description="How many are stored, each of 32 by 32 pixels.")
    sha256: str = Field(description="Of all of them and their labels, as stored.")


class DatasetAnswer(BaseModel):
    """Where minibatches come from, and what can be trained on."""

    name: str
    description: str
    source: str
    licence: str
    format: str = Field(
        description="What it was read from.",
        examples=["built-in", "cifar-10", "cifar-100", "imagenet16-120", "npz", "folder"],
    )
    source_sha256: str = Field(description="Of the file or folder it was read from.")
    images: int = Field(description="How many there were to draw from.")
    seed: int = Field(description="Of the draw.")
    added_at: datetime
    classes: list[str]
    mean: list[float] = Field(description="By channel, of pixel values in [0, 1].")
    std: list[float]
    minibatches: list[MinibatchAnswer]
    train: SplitAnswer | None = Field(
        description="What can be trained on; null where only minibatches are stored."
    )
    test: SplitAnswer | None = Field(description="What is then tested on; null with `train`.")
