"""The rules of every operation: forward, tangent, reverse, reverse-tangent, one file each."""

from collections.abc import Mapping
from types import MappingProxyType

from service.engine.rules.add import AddRule
from service.engine.rules.average_pool import AveragePoolRule
from service.engine.rules.batch_norm import BatchNormRule
from service.engine.rules.concat import ConcatRule
from service.engine.rules.convolution import ConvolutionRule
from service.engine.rules.crop import CropRule
from service.engine.rules.global_average_pool import GlobalAveragePoolRule
from service.engine.rules.linear import LinearRule
from service.engine.rules.max_pool import MaxPoolRule
from service.engine.rules.relu import ReLURule
from service.engine.rules.rule import Layer, Motion, Parameters, Rule
from service.engine.rules.shift import ShiftRule
from service.engine.rules.zero import ZeroRule
from service.graph import (
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Convolution,
    Crop,
    GlobalAveragePool,
    Linear,
    MaxPool,
    Operation,
    ReLU,
    Shift,
    Zero,
)

RULES: Mapping[type[Operation], type[Rule]] = MappingProxyType(
    {
        Add: AddRule,
        AveragePool: AveragePoolRule,
        BatchNorm: BatchNormRule,
        Concat: ConcatRule,
        Convolution: ConvolutionRule,
        Crop: CropRule,
        GlobalAveragePool: GlobalAveragePoolRule,
        Linear: LinearRule,
        MaxPool: MaxPoolRule,
        ReLU: ReLURule,
        Shift: ShiftRule,
        Zero: ZeroRule,
    }
)
"""By operation; the `Input` alone has none, for its value is given."""

__all__ = ["RULES", "Layer", "Motion", "Parameters", "Rule"]
