"""A forward pass of dense layers whose parts are exchanged for wrong ones.

What comes out are candidates for `Context.candidates`: of predictions, and of the weights after a
step along a gradient that belongs to the wrong pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from grader.diagnosis.candidates import backward
from grader.diagnosis.candidates.backward import Pass
from grader.diagnosis.candidates.rules import WITHOUT_RELU
from grader.diagnosis.numerics import softmax
from grader.diagnosis.records import Candidate, Facts
from grader.records.measurements import Array


def _relu(scores: Array) -> Array:
    positive: Array = np.maximum(scores, 0.0)
    return positive


def _sigmoid(scores: Array) -> Array:
    squeezed: Array = 1.0 / (1.0 + np.exp(-scores))
    return squeezed


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """How the parts of a forward pass are computed; the defaults are right."""

    activation: Callable[[Array], Array] = _relu
    """What follows every layer but the last."""
    end: Callable[[Array], Array] = softmax
    """What follows the last layer."""
    front: tuple[int, ...] = ()
    """Layers whose column of ones stands before the inputs, in place of behind them."""
    ones: float = 1.0
    """What feeds the bias."""


ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "forward-relu-missing": lambda z: z,
    "forward-relu-inverted": lambda z: -_relu(-z),
    "forward-tanh": np.tanh,
    "forward-sigmoid": _sigmoid,
    "forward-absolute": np.abs,
}
"""Code → what a hidden layer applies in place of ReLU."""
ENDS: Mapping[str, Callable[[Array], Array]] = {
    "forward-softmax-missing": lambda z: z,
    "forward-softmax-over-samples": lambda z: softmax(z.T).T,
    "forward-softmax-over-all": lambda z: softmax(z.reshape(1, -1)).reshape(z.shape),
    "forward-not-normalised": np.exp,
    "forward-not-exponentiated": lambda z: z / z.sum(axis=1, keepdims=True),
    "forward-logarithms": lambda z: np.log(softmax(z)),
    "forward-softmax-twice": lambda z: softmax(softmax(z)),
    "forward-sigmoid-at-end": _sigmoid,
    "forward-relu-at-end": lambda z: softmax(_relu(z)),
}
"""Code → what the last layer applies in place of softmax."""


def predict(run: Pass, how: Forward) -> Array:
    """(N, C) what the network answers when its parts are computed so."""
    width = run.layers[0].inputs.shape[1] - (run.bias != "none")
    after = run.layers[0].inputs[:, :width]
    for index, layer in enumerate(run.layers):
        column = np.full((len(after), 1), how.ones)
        parts = [column, after] if index in how.front else [after, column]
        scores = (after if run.bias == "none" else np.hstack(parts)) @ layer.weights
        after = how.activation(scores)
    return how.end(scores)


def predictions(run: Pass) -> tuple[Candidate, ...]:
    """What each known mistake in a forward pass makes of the probabilities, (N, C)."""
    with np.errstate(all="ignore"):
        return tuple(
            Candidate(code=code, values=predict(run, how), facts=facts)
            for code, how, facts in _list_mistakes(run)
        )


def _list_mistakes(run: Pass) -> Iterator[tuple[str, Forward, Facts]]:
    """(code, how the pass is computed, what its sentence says)."""
    for code, activation in ACTIVATIONS.items():
        yield code, Forward(activation=activation), {}
    for code, end in ENDS.items():
        yield code, Forward(end=end), {}
    if run.bias == "last":
        layers = range(len(run.layers))
        for count in range(1, len(run.layers) + 1):
            for front in combinations(layers, count):
                which = " and ".join(f"`w{i + 1}`" for i in front)
                yield "forward-ones-first", Forward(front=front), {"which": which}
    if run.bias != "none":
        yield "forward-bias-missing", Forward(ones=0.0), {}


def descents(run: Pass, rate: float) -> tuple[tuple[Candidate, ...], ...]:
    """For each parameter: what a step becomes when the gradient is that of another network."""
    straight, inputs = [], run.layers[0].inputs
    for layer in run.layers:
        scores = inputs @ layer.weights
        straight.append(replace(layer, inputs=inputs, below=inputs, scores=scores))
        inputs = backward.append_ones(scores, run.bias)
    wrong = backward.compute_gradients(replace(run, layers=tuple(straight)), WITHOUT_RELU)
    weights = [layer.weights for layer in run.layers]
    if run.bias == "apart":
        weights = [part for w in weights for part in (w[:-1], w[-1])]
    pairs = zip(weights, wrong, strict=True)
    return tuple((Candidate(code="step-without-relu", values=w - rate * g),) for w, g in pairs)
