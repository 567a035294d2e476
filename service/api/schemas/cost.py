"""What scores cost, as answers show it."""

from pydantic import BaseModel, Field


class Times(BaseModel):
    """What a score takes on one kind of device."""

    device: str
    seconds: float = Field(
        description="The sum over the passes it needs, of each the mean over evaluations."
    )
    evaluations: int = Field(description="Of the pass that was timed least often.")
    upper_bound: bool = Field(
        description="Whether a pass was only timed together with what grasp needs, "
        "which takes about twice as long."
    )


class TimesUnder(Times):
    """The same under one protocol of a bench."""

    bench: str
    protocol: str


class ProxyCost(BaseModel):
    """Of a proxy or an ensemble."""

    minibatches: int | None = Field(
        description="1 for each question that the network is run for, as Abdelfattah et al. 2021 "
        "count; 0 where it is not run. Null of `reduced_training`, as are the next two."
    )
    minibatches_under: dict[str, int] = Field(
        description="Of `reduced_training` on NB201 and CIFAR-10, by named protocol; else empty.",
        examples=[{"econas": 980, "econas_plus": 891}],
    )
    forwards: int | None = Field(
        description="Multiply-adds, in those of a forward pass of the minibatch."
    )
    image_forwards: int | None = Field(
        description="And besides, in those of a forward pass of one image: `synflow` needs no more."
    )
    multiply_adds: dict[str, dict[str, float]] = Field(
        description="By bench and protocol, of the median architecture of a sample; of reduced "
        "training, on the 50,000 training images of CIFAR-10.",
        examples=[{"nb201": {"full": 9e9, "fast": 2.9e8}}],
    )
    measured: list[TimesUnder] = Field(
        description="Empty until workers have run it, and for what needs no run at all."
    )


class CorrelatedCost(BaseModel):
    """Of a score under the protocol asked for, or of a training."""

    minibatches: int | None = Field(
        description="Of reduced training: its epochs, each of the images that are trained on, at "
        "256 a minibatch, times the time relative to the full network's. Null where nobody says."
    )
    multiply_adds: float | None = Field(description="Of the median architecture of a sample.")
    seconds: float | None = Field(
        description="On the device with the most evaluations; null where none is timed."
    )
    measured: list[Times] = Field(description="By device, the most evaluations first.")
