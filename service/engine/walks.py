"""The walks over a network: forward with values and motions, back with cotangents."""

from collections.abc import Callable
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


def reverse_to_images(plan: Plan, rules: dict[int, Rule], B: Tensor) -> Tensor | None:
    """B from the output to the images; None where no path leads there.

    The rules are used up: each is dropped once it has been passed. Who needs them again gives a
    copy of the dictionary.
    """
    cotangents = Cotangents()
    wanted = {0} | {step.index for step in plan.steps if step.depends_on_input}
    if plan.output in wanted:
        cotangents.add(plan.output, B, spare=False)
    for step in reversed(plan.steps):
        rule = rules.pop(step.index)
        if (given := cotangents.take(step.index)) is None:
            continue
        cotangent, rule.spare_cotangent = given
        for source, u in zip(step.sources, rule.reverse(cotangent), strict=True):
            if source in wanted:
                cotangents.add(source, u, spare=not rule.passes_on)
    found = cotangents.take(0)
    return None if found is None else found[0]


def reverse_to_layers(
    plan: Plan,
    rules: dict[int, Rule],
    A: Motion,
    *,
    moving: bool = False,
    read: Callable[[int, Layer, Motion], None],
) -> None:
    """A, and with `moving` its motion, from the output to every layer.

    `read` sees every layer that A reaches, with A at its value. The rules are used up.
    """
    cotangents = MovingCotangents()
    wanted = {step.index for step in plan.steps if step.depends_on_weights}
    if plan.output in wanted:
        cotangents.add(plan.output, A, spare=False)
    for step in reversed(plan.steps):
        rule = rules.pop(step.index)
        if (given := cotangents.take(step.index)) is None:
            continue
        cotangent, rule.spare_cotangent = given
        if isinstance(rule, Layer):
            read(step.index, rule, cotangent)
        if wanted.isdisjoint(step.sources):
            continue
        for source, motion in zip(step.sources, _back(rule, cotangent, moving), strict=True):
            if source in wanted:
                cotangents.add(source, motion, spare=not rule.passes_on)


def _back(rule: Rule, A: Motion, moving: bool) -> tuple[Motion, ...]:
    if moving:
        return rule.reverse_tangent(A)
    return tuple(Motion(u) for u in rule.reverse(A.u))
