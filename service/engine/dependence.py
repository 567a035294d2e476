"""What tensors were computed from, as autograd recorded it."""

from collections.abc import Iterable, Iterator

from torch import Tensor
from torch.autograd.graph import Node


def nodes(tensors: Iterable[Tensor]) -> Iterator[Node]:
    """Each that gradients of `tensors` may come through, once."""
    # Nodes, not their ids: a node that is let go of would lend its id to another.
    known = {tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None}
    waiting = list(known)
    while waiting:
        node = waiting.pop()
        yield node
        for following, _ in node.next_functions:
            if following is not None and following not in known:
                known.add(following)
                waiting.append(following)


def leaves(tensor: Tensor) -> list[Tensor]:
    """The leaves that gradients of `tensor` reach, itself where it is one."""
    if tensor.grad_fn is None:
        return [tensor] if tensor.requires_grad else []
    return [
        node.variable  # type: ignore[attr-defined]
        for node in nodes([tensor])
        if node.name() == "torch::autograd::AccumulateGrad"
    ]
