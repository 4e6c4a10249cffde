"""The parts of a backward pass, right and as known mistakes compute them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from grader.records.measurements import Array

Blanks = Mapping[str, object]
"""What a sentence says of the array: factors, places, counts."""


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


RIGHT = Rules()


def _from_input(scores: Array, up: Array, inputs: Array) -> Array:
    """A mask from the layer's inputs, where they have the shape of its outputs; else no mask."""
    rows = inputs[:, : scores.shape[1]]
    if rows.shape == scores.shape and inputs.shape[1] - scores.shape[1] in (0, 1):
        return (rows > 0) * 1.0
    return np.full_like(up, np.nan)


def _classes(p: Array) -> Array:
    wide: Array = np.eye(p.shape[1])[np.argmax(p, axis=1)]
    return wide


def _untransposed(delta: Array, weights: Array, _: Array) -> Array:
    """Through the weights as they are, where they are square but for the row of the bias."""
    rows, columns = weights.shape
    if rows - columns not in (0, 1):
        return np.full((len(delta), rows), np.nan)
    back = delta @ weights[:columns]
    return back if rows == columns else np.hstack([back, np.zeros((len(back), 1))])


TOP: Mapping[str, Rules] = {
    "label-missing": Rules(top=lambda p, y, _: p / len(y)),
    "prediction-missing": Rules(top=lambda p, y, _: -y / len(p)),
    "softmax-missing": Rules(top=lambda p, y, _: -y / p / len(p)),
    "softmax-diagonal": Rules(top=lambda p, y, _: -y * (1 - p) / len(p)),
    "softmax-twice": Rules(top=lambda p, y, _: (p - y) * p * (1 - p) / len(p)),
    "scores-for-probabilities": Rules(top=lambda _, y, z: (z - y) / len(z)),
    "classes-for-probabilities": Rules(top=lambda p, y, _: (_classes(p) - y) / len(p)),
}
HIDDEN: Mapping[str, Rules] = {
    "relu-missing": Rules(mask=lambda z, _up, _x: np.ones_like(z)),
    "relu-inverted": Rules(mask=lambda z, _up, _x: (z <= 0) * 1.0),
    "relu-from-upstream": Rules(mask=lambda _z, up, _x: (up > 0) * 1.0),
    "relu-from-input": Rules(mask=_from_input),
    "relu-value": Rules(mask=lambda z, _up, _x: np.maximum(z, 0.0)),
}
PRODUCT: Mapping[str, Rules] = {"before-relu": Rules(weigh=lambda _x, before, d: before.T @ d)}
BACK: Mapping[str, Rules] = {
    "wrong-column": Rules(column=0),
    "weights-not-transposed": Rules(send=_untransposed),
}


def by_sample(n: int) -> Iterator[tuple[str, Rules, Blanks]]:
    """Passes that count some samples only; a single one may also be taken for the mean."""

    def counting(chosen: slice, factor: float = 1.0) -> Rules:
        return Rules(weigh=lambda x, _, d: factor * x[chosen].T @ d[chosen])

    told = {"n": n}
    for kind, only in (("first-sample", slice(0, 1)), ("last-sample", slice(-1, None))):
        yield kind, counting(only), told
        yield kind, counting(only, float(n)), told
    for kind, most in (("without-first", slice(1, None)), ("without-last", slice(0, -1))):
        yield kind, counting(most), told
        yield kind, counting(most, n / (n - 1)), told


def by_label() -> Iterator[tuple[str, Rules, Blanks]]:
    """Passes with one-hot labels that stand one column too far right or left."""

    def moved(step: int) -> Callable[[Array, Array, Array], Array]:
        return lambda p, y, _: (p - np.roll(y, step, axis=1)) / len(p)

    yield "labels-shifted", Rules(top=moved(1)), {"label": "k", "counted": "k + 1"}
    yield "labels-shifted", Rules(top=moved(-1)), {"label": "k", "counted": "k - 1"}
