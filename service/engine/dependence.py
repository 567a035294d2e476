"""What a tensor was computed from, as autograd recorded it."""

from torch import Tensor


def leaves(tensor: Tensor) -> list[Tensor]:
    """The leaves that gradients of `tensor` reach, itself where it is one."""
    if tensor.grad_fn is None:
        return [tensor] if tensor.requires_grad else []
    found: list[Tensor] = []
    waiting = [tensor.grad_fn]
    # Nodes, not their ids: a node that is let go of would lend its id to another.
    known = {tensor.grad_fn}
    while waiting:
        node = waiting.pop()
        if node.name() == "torch::autograd::AccumulateGrad":
            found.append(node.variable)  # type: ignore[attr-defined]
        for following, _ in node.next_functions:
            if following is not None and following not in known:
                known.add(following)
                waiting.append(following)
    return found
