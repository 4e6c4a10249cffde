"""A backward pass in NumPy whose parts can be exchanged for wrong ones.

A network of dense layers with ReLU between them and cross-entropy at its end. Each known mistake
replaces one part of the pass; what then comes out for all parameters is a suspect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader.diagnosis.context import Bias, Context
from grader.diagnosis.rules import (
    BACK,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """One layer as the reference ran it, float64."""

    inputs: Array
    """(N, D) what the weights were multiplied with, a column of ones last where there is a bias."""
    below: Array
    """(N, D) the same before the ReLU of the layer below; `inputs` in the first layer."""
    weights: Array
    """(D, H), the bias as its last row."""
    scores: Array
    """(N, H) before the activation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A forward pass of the whole network, from which the gradients follow."""

    layers: tuple[Dense, ...]
    labels: Array
    """(N, C) one-hot."""
    bias: Bias

    @property
    def probabilities(self) -> Array:
        """(N, C) softmax of the last layer's scores."""
        return softmax(self.layers[-1].scores)

    @classmethod
    def forward(cls, images: Array, params: Sequence[Array], labels: Array, bias: Bias) -> Pass:
        """The pass of (N, D) images through weights, in the order of the parameters.

        `last`: one matrix for each layer; `apart`: matrix, vector, matrix, vector …;
        `none`: one matrix for each layer, no bias.
        """
        params = [np.asarray(p, np.float64) for p in params]
        if bias == "apart":
            params = [np.vstack(p) for p in zip(params[::2], params[1::2], strict=True)]
        after = before = np.asarray(images, np.float64).reshape(len(images), -1)
        layers = []
        for weights in params:
            inputs, below = extended(after, bias), extended(before, bias)
            before = inputs @ weights
            layers.append(Dense(inputs=inputs, below=below, weights=weights, scores=before))
            after = np.maximum(before, 0.0)
        known = Context(labels=np.asarray(labels), probabilities=before).onehot
        assert known is not None
        return cls(layers=tuple(layers), labels=known, bias=bias)


def softmax(scores: Array) -> Array:
    """Rows of probabilities."""
    powers = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    rows: Array = powers / np.sum(powers, axis=1, keepdims=True)
    return rows


def extended(rows: Array, bias: Bias) -> Array:
    """(N, D) inputs with the column of ones behind them, where there is a bias."""
    return rows if bias == "none" else np.hstack([rows, np.ones((len(rows), 1))])


def gradients(run: Pass, rules: Rules = RIGHT, *, only: int | None = None) -> tuple[Array, ...]:
    """Gradients of all parameters, in their order, by these rules.

    Where `only` is given, one layer goes by them and the others are right.
    """
    top = run.layers[-1]
    delta = rules.top(run.probabilities, run.labels, top.scores)
    found: list[Array] = []
    for index in reversed(range(len(run.layers))):
        layer = run.layers[index]
        here = rules if only in (None, index) else RIGHT
        own = here.weigh(layer.inputs, layer.below, delta)
        found += [own[-1], own[:-1]] if run.bias == "apart" else [own]
        if not index:
            break
        up = here.send(delta, layer.weights, own)
        if run.bias != "none":
            up = np.delete(up, here.column, axis=1)
        below = run.layers[index - 1]
        rules_below = rules if only in (None, index - 1) else RIGHT
        delta = up * rules_below.mask(below.scores, up, below.inputs)
    return tuple(reversed(found))


Suspect = tuple[str, Blanks, tuple[Array, ...]]
"""(kind, what its sentence says, gradients of all parameters)."""


def suspects(run: Pass, rate: float | None) -> Iterator[Suspect]:
    """What each mistake in one backward pass would make of all gradients."""
    count = len(run.layers)
    everywhere: tuple[int | None, ...] = (None,)
    hidden = everywhere + (tuple(range(count - 1)) if count > 2 else ())
    upper = everywhere + (tuple(range(1, count)) if count > 2 else ())
    parts: list[tuple[str, Rules, Blanks, tuple[int | None, ...]]]
    parts = [(k, r, {}, everywhere) for k, r in TOP.items()]
    parts += [(k, r, b, everywhere) for k, r, b in by_label()]
    parts += [(k, r, {}, hidden) for k, r in HIDDEN.items()]
    parts += [(k, r, {}, upper) for k, r in {**PRODUCT, **BACK}.items()]
    if len(run.labels) > 1:
        each = everywhere + (tuple(range(count)) if count > 1 else ())
        parts += [(k, r, b, each) for k, r, b in by_sample(len(run.labels))]
    if rate is not None:
        spent = replace(RIGHT, send=lambda d, w, g: d @ (w - rate * g).T)
        parts.append(("weights-updated", spent, {}, upper))
    for kind, rules, blanks, places in parts:
        for only in places:
            yield kind, blanks, gradients(run, rules, only=only)


def contexts(run: Pass) -> tuple[Context, ...]:
    """What is known around each parameter, in their order."""
    found: list[Context] = []
    ups = _upstreams(run)
    last = len(run.layers) - 1
    for index, layer in enumerate(run.layers):
        known = Context(
            batch=len(run.labels),
            bias=run.bias if run.bias != "apart" else "none",
            inputs=layer.inputs if run.bias != "apart" else layer.inputs[:, :-1],
            below=layer.below if run.bias != "apart" else layer.below[:, :-1],
            scores=None if index == last else layer.scores,
            upstream=None if index == last else ups[index],
            logits=run.layers[-1].scores,
            probabilities=run.probabilities,
            labels=run.labels,
        )
        found += [known, known] if run.bias == "apart" else [known]
    return tuple(found)


def _upstreams(run: Pass) -> list[Array]:
    """(N, H) for each layer: the gradient by its outputs after ReLU; the last has none."""
    delta = RIGHT.top(run.probabilities, run.labels, run.layers[-1].scores)
    found = [delta]
    for layer, below in zip(run.layers[:0:-1], run.layers[-2::-1], strict=True):
        up = RIGHT.send(delta, layer.weights, delta)
        up = up if run.bias == "none" else up[:, :-1]
        found.append(up)
        delta = up * RIGHT.mask(below.scores, up, below.inputs)
    return found[::-1]
