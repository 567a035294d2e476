"""The two walks over a network: forward with values and motions, back with cotangents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from service.engine.cotangents import Cotangents, MovingCotangents
from service.engine.plan import Plan, Step
from service.engine.rules import RULES, Layer, Motion, Parameters, Rule

MakeRule = Callable[[Step], Rule]


def rules_with(parameters: Parameters) -> MakeRule:
    """Every operation's own rule."""
    return lambda step: RULES[type(step.operation)](step.operation, parameters)


@dataclass(frozen=True)
class Walked:
    """What a forward leaves for the reverse, which uses it up."""

    output: Motion
    rules: dict[int, Rule]
    """By step, with what it keeps."""


def forward(
    plan: Plan,
    rule_of: MakeRule,
    images: Tensor,
    *,
    moving: bool = False,
    reversing: bool = True,
    read: Callable[[Step, Tensor], None] | None = None,
) -> Walked:
    """From the images to the output.

    With `moving` every value has its motion. Without `reversing` nothing is kept for a reverse.
    `read` sees every step's value.
    """
    values = {0: Motion(images)}
    rules: dict[int, Rule] = {}
    for step in plan.steps:
        sources = [values[source] for source in step.sources]
        rule = rule_of(step)
        rule.spare_source = step.spare_source
        value = rule.forward(*(source.u for source in sources))
        values[step.index] = rule.tangent(value, *sources) if moving else Motion(value)
        if read is not None:
            read(step, value)
        if reversing:
            rules[step.index] = rule
        for finished in step.finished:
            del values[finished]
    return Walked(values[plan.output], rules)


def reverse(
    plan: Plan,
    rules: dict[int, Rule],
    A: Motion | None,
    B: Tensor | None,
    *,
    moving: bool = False,
    read: Callable[[int, Layer, Motion], None],
) -> Tensor | None:
    """From the output back: A to every layer, B to the images.

    `read` sees every layer that A reaches, with A at its value. Answers B at the images, or None
    where no path leads there. Each rule is dropped once it has been passed, and A and B with it.
    """
    of_loss, of_sum = MovingCotangents(), Cotangents()
    weighs, sees = _wanted(plan)
    if A is not None and weighs[plan.output]:
        of_loss.add(plan.output, A, spare=False)
    if B is not None and sees[plan.output]:
        of_sum.add(plan.output, B, spare=False)
    for step in reversed(plan.steps):
        rule = rules.pop(step.index)
        spare = not rule.passes_on
        if (given := of_sum.take(step.index)) is not None:
            b, rule.spare_cotangent = given
            for source, u in zip(step.sources, rule.reverse(b), strict=True):
                if sees[source]:
                    of_sum.add(source, u, spare)
        if (moving_given := of_loss.take(step.index)) is None:
            continue
        a, rule.spare_cotangent = moving_given
        if isinstance(rule, Layer):
            read(step.index, rule, a)
        if not any(weighs[source] for source in step.sources):
            continue
        for source, motion in zip(step.sources, _back(rule, a, moving), strict=True):
            if weighs[source]:
                of_loss.add(source, motion, spare)
    found = of_sum.take(0)
    return None if found is None else found[0]


def _back(rule: Rule, A: Motion, moving: bool) -> tuple[Motion, ...]:
    if moving:
        return rule.reverse_tangent(A)
    return tuple(Motion(u) for u in rule.reverse(A.u))


def _wanted(plan: Plan) -> tuple[Mapping[int, bool], Mapping[int, bool]]:
    """By value, whether it depends on weights, and whether on the images."""
    weighs = {step.index: step.depends_on_weights for step in plan.steps}
    sees = {step.index: step.depends_on_input for step in plan.steps}
    return {0: False, **weighs}, {0: True, **sees}
