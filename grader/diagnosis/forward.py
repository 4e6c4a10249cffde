"""A forward pass of dense layers whose parts are exchanged for wrong ones.

What comes out are suspects for `Context.suspects`: of predictions, and of the weights after a step
along a gradient that belongs to the wrong pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from grader.diagnosis import backprop
from grader.diagnosis.backprop import Pass, softmax
from grader.diagnosis.context import Suspected
from grader.diagnosis.rules import HIDDEN
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


SOFTMAX = "Exponentiate the scores, and divide each row by its sum: axis 1, with keepdims."
RELU = "Between the layers set negative values to 0, and leave the others as they are."
ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "leaves out ReLU: negative values of the hidden layer go on": lambda z: z,
    "has ReLU turned round: positive values of the hidden layer become 0": lambda z: -_relu(-z),
    "applies tanh where ReLU belongs": np.tanh,
    "applies the sigmoid function where ReLU belongs": _sigmoid,
    "takes the absolute value where ReLU belongs": np.abs,
}
ENDS: Mapping[str, Callable[[Array], Array]] = {
    "leaves out softmax: it returns the scores": lambda z: z,
    "takes softmax over axis 0, so that each column sums to 1, not each row": lambda z: (
        softmax(z.T).T
    ),
    "divides by the sum over the whole batch, so that all rows together sum to 1": lambda z: (
        softmax(z.reshape(1, -1)).reshape(z.shape)
    ),
    "exponentiates the scores, but does not divide by their sum": np.exp,
    "divides the scores by their sum, but does not exponentiate them": lambda z: (
        z / z.sum(axis=1, keepdims=True)
    ),
    "returns logarithms of the probabilities": lambda z: np.log(softmax(z)),
    "applies softmax twice": lambda z: softmax(softmax(z)),
    "applies the sigmoid function where softmax belongs": _sigmoid,
    "applies ReLU to the last scores too, before softmax": lambda z: softmax(_relu(z)),
}
FRONT = "Append the column of ones behind the others: the last row of the weights is the bias."


def predicted(run: Pass, how: Forward) -> Array:
    """(N, C) what the network answers when its parts are computed so."""
    width = run.layers[0].inputs.shape[1] - (run.bias != "none")
    after = run.layers[0].inputs[:, :width]
    for index, layer in enumerate(run.layers):
        column = np.full((len(after), 1), how.ones)
        parts = [column, after] if index in how.front else [after, column]
        scores = (after if run.bias == "none" else np.hstack(parts)) @ layer.weights
        after = how.activation(scores)
    return how.end(scores)


def predictions(run: Pass) -> tuple[Suspected, ...]:
    """What each known mistake in a forward pass makes of the probabilities, (N, C)."""
    with np.errstate(all="ignore"):
        return tuple((f"{{it}} {told}.", fix, predicted(run, how)) for told, fix, how in _all(run))


def _all(run: Pass) -> Iterator[tuple[str, str, Forward]]:
    for told, activation in ACTIVATIONS.items():
        yield told, RELU, Forward(activation=activation)
    for told, end in ENDS.items():
        yield told, SOFTMAX, Forward(end=end)
    if run.bias == "last":
        layers = range(len(run.layers))
        for count in range(1, len(run.layers) + 1):
            for front in combinations(layers, count):
                which = " and ".join(f"`w{i + 1}`" for i in front)
                told = f"has the column of ones before the other inputs of {which}"
                yield told, FRONT, Forward(front=front)
    if run.bias != "none":
        yield "leaves out the bias", "Add the bias in every layer.", Forward(ones=0.0)


def descents(run: Pass, rate: float) -> tuple[tuple[Suspected, ...], ...]:
    """For each parameter: what a step becomes when the gradient is that of another network."""
    straight, inputs = [], run.layers[0].inputs
    for layer in run.layers:
        scores = inputs @ layer.weights
        straight.append(replace(layer, inputs=inputs, below=inputs, scores=scores))
        inputs = backprop.extended(scores, run.bias)
    wrong = backprop.gradients(replace(run, layers=tuple(straight)), HIDDEN["relu-missing"])
    told = "{it} moved along the gradient of a network without ReLU."
    weights = [layer.weights for layer in run.layers]
    if run.bias == "apart":
        weights = [part for w in weights for part in (w[:-1], w[-1])]
    return tuple(((told, RELU, w - rate * g),) for w, g in zip(weights, wrong, strict=True))
