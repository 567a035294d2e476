"""The zoo by name."""

import torch
from torch import Tensor

from . import zoo, zoo_oddities, zoo_wiring
from .sheet import CLASSES, IMAGES, Member

ZOO = {
    kind.__name__: kind
    for module in (zoo, zoo_wiring, zoo_oddities)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Member) and kind is not Member
}


def born(name: str) -> Member:
    """In float64 and in train mode; always the same weights."""
    torch.manual_seed(7)
    return ZOO[name]().double()


def minibatch(member: Member) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    images = torch.randn(IMAGES, *member.shape, generator=generator, dtype=torch.float64)
    return images, torch.randint(CLASSES, (IMAGES,), generator=generator)
