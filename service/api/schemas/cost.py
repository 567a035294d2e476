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

    minibatches: int = Field(
        description="1 for each question that the network is run for, as Abdelfattah et al. 2021 "
        "count; 0 where it is not run."
    )
    forwards: int = Field(description="Multiply-adds, in those of a forward pass of the minibatch.")
    image_forwards: int = Field(
        description="And besides, in those of a forward pass of one image: `synflow` needs no more."
    )
    multiply_adds: dict[str, dict[str, float]] = Field(
        description="By bench and protocol, of the median architecture of a sample.",
        examples=[{"nb201": {"full": 9e9, "fast": 2.9e8}}],
    )
    measured: list[TimesUnder] = Field(
        description="Empty until workers have run it, and for what needs no run at all."
    )


class CorrelatedCost(BaseModel):
    """Of a score under the protocol asked for, or of a training."""

    minibatches: int | None = Field(
        description="Of reduced training: its epochs, each of the images that the bench trains "
        "on, at 256 a minibatch. Null where nobody says."
    )
    multiply_adds: float | None = Field(description="Of the median architecture of a sample.")
    seconds: float | None = Field(
        description="On the device with the most evaluations; null where none is timed."
    )
    measured: list[Times] = Field(description="By device, the most evaluations first.")
