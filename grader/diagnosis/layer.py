"""Guesses about one gradient from what is known of its layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from grader.diagnosis.context import Context
from grader.diagnosis.guess import Guess, close
from grader.diagnosis.rules import (
    HIDDEN,
    PRODUCT,
    RIGHT,
    TOP,
    Blanks,
    Rules,
    by_label,
    by_sample,
)
from grader.records.measurements import Array


def guesses(expected: Array, context: Context, rtol: float) -> Iterator[Guess]:
    """What mistakes in one layer would make of a gradient, if the context yields the right one."""
    known = _known(context)
    if known is None:
        return
    inputs, delta = known
    shape = _shape(inputs, delta(RIGHT), expected, rtol)
    if shape is None:
        return
    table = HIDDEN if context.upstream is not None else TOP
    parts: list[tuple[str, Rules, Blanks]] = [(k, r, {}) for k, r in table.items()]
    if context.upstream is None:
        parts += by_label()
    if context.below is not None:
        parts += [(k, r, {}) for k, r in PRODUCT.items()]
    if len(inputs) > 1:
        parts += by_sample(len(inputs))
    below = inputs if context.below is None else context.below
    for kind, rules, blanks in parts:
        part = rules.weigh is not RIGHT.weigh
        within = ("part-zero",) if part else ()
        values = shape(rules, below, delta(rules))
        if values is not None:
            yield Guess(kind=kind, values=values, blanks=blanks, within=within)


def _known(context: Context) -> tuple[Array, Callable[[Rules], Array]] | None:
    """(inputs, gradient by the layer's scores as rules make it), where enough is known."""
    scores, up, wide = context.scores, context.upstream, context.onehot
    if up is not None and scores is not None and up.shape == scores.shape:
        inputs = np.ones((len(up), 1)) if context.inputs is None else context.inputs
        return inputs, lambda rules: up * rules.mask(scores, up, inputs)
    p = context.probabilities
    if up is not None or p is None or wide is None:
        return None
    inputs = np.ones((len(p), 1)) if context.inputs is None else context.inputs
    logits = np.full_like(p, np.nan) if context.logits is None else context.logits
    return inputs, lambda rules: rules.top(p, wide, logits)


def _shape(
    inputs: Array, delta: Array, expected: Array, rtol: float
) -> Callable[[Rules, Array, Array], Array | None] | None:
    """How `expected` comes from the layer: its weights either way round, its bias, or delta."""
    ones = np.ones((len(delta), 1))

    def weights(rules: Rules, below: Array, d: Array) -> Array:
        return rules.weigh(inputs, below, d)

    def turned(rules: Rules, below: Array, d: Array) -> Array:
        return rules.weigh(inputs, below, d).T

    def bias(rules: Rules, _: Array, d: Array) -> Array:
        return rules.weigh(ones, ones, d).reshape(expected.shape)

    def itself(rules: Rules, _: Array, d: Array) -> Array | None:
        return d if rules.weigh is RIGHT.weigh else None

    forms: list[tuple[Callable[[Rules, Array, Array], Array | None], Array]] = [
        (weights, inputs.T @ delta),
        (turned, (inputs.T @ delta).T),
        (bias, delta.sum(axis=0)),
        (bias, delta.sum(axis=0, keepdims=True)),
        (itself, delta),
    ]
    for form, right in forms:
        if right.shape == expected.shape and close(right, expected, max(rtol, 1e-6)):
            return form
    return None
