"""Protocols as answers show them."""

from typing import Self

from pydantic import BaseModel, Field

from service import protocol


class Protocol(BaseModel):
    """Everything besides the architecture that a score depends on."""

    name: str = Field(examples=["fast"])
    digest: str = Field(description="Of all the other fields: equal digests, equal scores.")
    dataset: str = Field(examples=["patches"])
    seed: int = Field(description="Of the initial weights.")
    skeleton: dict[str, int] = Field(examples=[{"channels": 8, "cells": 5, "resolution": 16}])
    classes: int
    batch_size: int
    minibatch: str = Field(description="SHA-256 of the images and labels.")
    precision: str
    weights: str = Field(description="The initialisation's name.")

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
        )
