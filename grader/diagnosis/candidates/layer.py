"""Candidates for one gradient, from what is known of its layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from grader.diagnosis.candidates import rules
from grader.diagnosis.candidates.rules import RIGHT, Rules, Variant
from grader.diagnosis.context import Context
from grader.diagnosis.records import Candidate
from grader.diagnosis.tolerance import Tolerance
from grader.records.measurements import Array

Form = Callable[[Rules, Array, Array], Array | None]
"""(rules, inputs before ReLU, gradient by the scores) → the array that is compared."""
ROUNDING = 1e-6
"""Up to this the context has to yield the right gradient."""


def list_gradients(expected: Array, context: Context, tolerance: Tolerance) -> Iterator[Candidate]:
    """What mistakes in one layer would make of a gradient, if the context yields the right one."""
    known = _read_context(context)
    if known is None:
        return
    inputs, delta = known
    shape = _find_form(inputs, delta(RIGHT), expected, tolerance.at_least(ROUNDING))
    if shape is None:
        return
    below = inputs if context.below is None else context.below
    for variant in _list_variants(context, len(inputs)):
        within = ("part-zero",) if variant.rules.weigh is not RIGHT.weigh else ()
        values = shape(variant.rules, below, delta(variant.rules))
        if values is not None:
            code, facts = variant.code, variant.facts
            yield Candidate(code=code, values=values, facts=facts, within=within)


def _list_variants(context: Context, samples: int) -> Iterator[Variant]:
    """The mistakes that can be made in a layer of which this is known."""
    if context.upstream is None:
        yield from rules.TOP
        yield from rules.list_shifts()
    else:
        yield from rules.HIDDEN
    if context.below is not None:
        yield from rules.PRODUCT
    if samples > 1:
        yield from rules.list_samples(samples)


def _read_context(context: Context) -> tuple[Array, Callable[[Rules], Array]] | None:
    """(inputs, gradient by the layer's scores as rules make it), where enough is known."""
    scores, up, wide = context.scores, context.upstream, context.onehot
    if up is not None and scores is not None and up.shape == scores.shape:
        inputs = np.ones((len(up), 1)) if context.inputs is None else context.inputs
        return inputs, lambda how: up * how.mask(scores, up, inputs)
    p = context.probabilities
    if up is not None or p is None or wide is None:
        return None
    inputs = np.ones((len(p), 1)) if context.inputs is None else context.inputs
    logits = np.full_like(p, np.nan) if context.logits is None else context.logits
    return inputs, lambda how: how.top(p, wide, logits)


def _find_form(inputs: Array, delta: Array, expected: Array, tolerance: Tolerance) -> Form | None:
    """How `expected` comes from the layer: its weights either way round, its bias, or delta."""
    ones = np.ones((len(delta), 1))

    def weights(how: Rules, below: Array, d: Array) -> Array:
        return how.weigh(inputs, below, d)

    def transposed(how: Rules, below: Array, d: Array) -> Array:
        return how.weigh(inputs, below, d).T

    def bias(how: Rules, _: Array, d: Array) -> Array:
        return how.weigh(ones, ones, d).reshape(expected.shape)

    def itself(how: Rules, _: Array, d: Array) -> Array | None:
        return d if how.weigh is RIGHT.weigh else None

    forms: list[tuple[Form, Array]] = [
        (weights, inputs.T @ delta),
        (transposed, (inputs.T @ delta).T),
        (bias, delta.sum(axis=0)),
        (bias, delta.sum(axis=0, keepdims=True)),
        (itself, delta),
    ]
    for form, right in forms:
        if right.shape == expected.shape and tolerance.allows(right, expected):
            return form
    return None
