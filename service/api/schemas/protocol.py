"""Protocols as answers show them."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from service import protocol


class TrainingRecipe(BaseModel):
    """How a network is trained, besides its size and the size of its minibatches."""

    model_config = ConfigDict(from_attributes=True)

    samples: int = Field(description="s: training images, as equal by class as can be; 0 for all.")
    schedule_epochs: int = Field(description="After so many the learning rate would be 0.")
    learning_rate: float = Field(description="Of the first epoch; half a cosine from there on.")
    momentum: float = Field(description="Nesterov's.")
    weight_decay: float


class Training(TrainingRecipe):
    """The same, and for how long and on what."""

    epochs: int = Field(description="e: after so many the accuracy is read.")
    images: int = Field(description="On how many it trains.")
    train: str = Field(description="SHA-256 of all training images and labels.")
    test: str = Field(description="The same of the test images.")
    revision: str = Field(description="Of what trains.")


class Protocol(BaseModel):
    """Everything besides the architecture that a score depends on."""

    name: str = Field(examples=["fast"])
    digest: str = Field(description="Of all the other fields: equal digests, equal scores.")
    dataset: str = Field(examples=["patches"])
    seed: int = Field(description="Of the initial weights.")
    skeleton: dict[str, int] = Field(examples=[{"channels": 8, "cells": 5, "resolution": 16}])
    classes: int
    batch_size: int
    minibatch: str | None = Field(
        description="SHA-256 of the images and labels; null where a network is trained."
    )
    precision: str
    weights: str = Field(description="The initialisation's name.")
    training: Training | None = Field(description="Of reduced training alone.")

    @classmethod
    def of(cls, described: protocol.Protocol) -> Self:
        return cls(
            name=described.name,
            digest=described.digest,
            dataset=described.dataset,
            seed=described.seed,
            skeleton=described.skeleton,
            classes=described.classes,
            batch_size=described.batch_size,
            minibatch=described.minibatch,
            precision=described.precision,
            weights=described.weights,
            training=described.training and Training.model_validate(described.training),
        )
