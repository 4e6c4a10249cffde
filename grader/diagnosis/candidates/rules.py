"""The parts of a backward pass, right and as known mistakes compute them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from grader.diagnosis.numerics import one_hot
from grader.diagnosis.records import Facts
from grader.records.measurements import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the parts of a backward pass are computed; the defaults are right."""

    top: Callable[[Array, Array, Array], Array] = lambda p, y, _: (p - y) / len(p)
    """(probabilities, labels, scores) → gradient by the scores of the last layer."""
    mask: Callable[[Array, Array, Array], Array] = lambda z, _up, _x: (z > 0) * 1.0
    """(scores, gradient after ReLU, inputs) → what that gradient is multiplied with."""
    weigh: Callable[[Array, Array, Array], Array] = lambda x, _before, d: x.T @ d
    """(inputs, inputs before ReLU, gradient by the scores) → gradient of the weights."""
    send: Callable[[Array, Array, Array], Array] = lambda d, w, _: d @ w.T
    """(gradient by the scores, weights, their gradient) → gradient of the inputs."""
    column: int = -1
    """Which column of that gradient belongs to the ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A backward pass with one part exchanged."""

    code: str
    """The mistake."""
    rules: Rules
    facts: Facts = field(default_factory=dict)


RIGHT = Rules()
WITHOUT_RELU = Rules(mask=lambda z, _up, _x: np.ones_like(z))


def _mask_by_input(scores: Array, up: Array, inputs: Array) -> Array:
    """A mask from the layer's inputs, where they have the shape of its outputs; else no mask."""
    rows = inputs[:, : scores.shape[1]]
    if rows.shape == scores.shape and inputs.shape[1] - scores.shape[1] in (0, 1):
        return (rows > 0) * 1.0
    return np.full_like(up, np.nan)


def _classify(p: Array) -> Array:
    """(N, C) 1 for the most probable class, else 0."""
    return one_hot(np.argmax(p, axis=1), p.shape[1])


def _send_untransposed(delta: Array, weights: Array, _: Array) -> Array:
    """Through the weights as they are, where they are square but for the row of the bias."""
    rows, columns = weights.shape
    if rows - columns not in (0, 1):
        return np.full((len(delta), rows), np.nan)
    back = delta @ weights[:columns]
    return back if rows == columns else np.hstack([back, np.zeros((len(back), 1))])


TOP = (
    Variant(code="label-missing", rules=Rules(top=lambda p, y, _: p / len(y))),
    Variant(code="prediction-missing", rules=Rules(top=lambda p, y, _: -y / len(p))),
    Variant(code="softmax-missing", rules=Rules(top=lambda p, y, _: -y / p / len(p))),
    Variant(code="softmax-diagonal", rules=Rules(top=lambda p, y, _: -y * (1 - p) / len(p))),
    Variant(code="softmax-twice", rules=Rules(top=lambda p, y, _: (p - y) * p * (1 - p) / len(p))),
    Variant(code="scores-for-probabilities", rules=Rules(top=lambda _, y, z: (z - y) / len(z))),
    Variant(
        code="classes-for-probabilities",
        rules=Rules(top=lambda p, y, _: (_classify(p) - y) / len(p)),
    ),
)
"""The gradient by the last scores."""
HIDDEN = (
    Variant(code="relu-missing", rules=WITHOUT_RELU),
    Variant(code="relu-inverted", rules=Rules(mask=lambda z, _up, _x: (z <= 0) * 1.0)),
    Variant(code="relu-from-upstream", rules=Rules(mask=lambda _z, up, _x: (up > 0) * 1.0)),
    Variant(code="relu-from-input", rules=Rules(mask=_mask_by_input)),
    Variant(code="relu-value", rules=Rules(mask=lambda z, _up, _x: np.maximum(z, 0.0))),
)
"""The mask of ReLU in a hidden layer."""
PRODUCT = (Variant(code="before-relu", rules=Rules(weigh=lambda _x, before, d: before.T @ d)),)
"""The product that gives the gradient of the weights."""
BACK = (
    Variant(code="wrong-column", rules=Rules(column=0)),
    Variant(code="weights-not-transposed", rules=Rules(send=_send_untransposed)),
)
"""The way back to the layer below."""


def list_samples(n: int) -> Iterator[Variant]:
    """Passes that count some samples only; a single one may also be taken for the mean."""

    def count(chosen: slice, factor: float = 1.0) -> Rules:
        return Rules(weigh=lambda x, _, d: factor * x[chosen].T @ d[chosen])

    facts = {"n": n}
    for code, only in (("first-sample", slice(0, 1)), ("last-sample", slice(-1, None))):
        yield Variant(code=code, rules=count(only), facts=facts)
        yield Variant(code=code, rules=count(only, float(n)), facts=facts)
    for code, most in (("without-first", slice(1, None)), ("without-last", slice(0, -1))):
        yield Variant(code=code, rules=count(most), facts=facts)
        yield Variant(code=code, rules=count(most, n / (n - 1)), facts=facts)


def list_shifts() -> Iterator[Variant]:
    """Passes with one-hot labels that stand one column too far right or left."""

    def shift(step: int) -> Rules:
        return Rules(top=lambda p, y, _: (p - np.roll(y, step, axis=1)) / len(p))

    for step, counted in ((1, "k + 1"), (-1, "k - 1")):
        facts = {"label": "k", "counted": counted}
        yield Variant(code="labels-shifted", rules=shift(step), facts=facts)
