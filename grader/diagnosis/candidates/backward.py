"""A backward pass in NumPy whose parts can be exchanged for wrong ones.

A network of dense layers with ReLU between them and cross-entropy at its end. Each known mistake
replaces one part of the pass; what then comes out for all parameters is a candidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader.diagnosis.candidates import rules
from grader.diagnosis.candidates.rules import RIGHT, Rules, Variant
from grader.diagnosis.context import Bias, Context
from grader.diagnosis.numerics import one_hot, softmax
from grader.diagnosis.records import Facts
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
            inputs, below = append_ones(after, bias), append_ones(before, bias)
            before = inputs @ weights
            layers.append(Dense(inputs=inputs, below=below, weights=weights, scores=before))
            after = np.maximum(before, 0.0)
        return cls(layers=tuple(layers), labels=one_hot(labels, before.shape[1]), bias=bias)


def append_ones(rows: Array, bias: Bias) -> Array:
    """(N, D) inputs with the column of ones behind them, where there is a bias."""
    return rows if bias == "none" else np.hstack([rows, np.ones((len(rows), 1))])


def compute_gradients(
    run: Pass, how: Rules = RIGHT, *, only: int | None = None
) -> tuple[Array, ...]:
    """Gradients of all parameters, in their order, by these rules.

    Where `only` is given, one layer goes by them and the others are right.
    """
    top = run.layers[-1]
    delta = how.top(run.probabilities, run.labels, top.scores)
    gradients: list[Array] = []
    for index in reversed(range(len(run.layers))):
        layer = run.layers[index]
        here = how if only in (None, index) else RIGHT
        own = here.weigh(layer.inputs, layer.below, delta)
        gradients += [own[-1], own[:-1]] if run.bias == "apart" else [own]
        if not index:
            break
        up = here.send(delta, layer.weights, own)
        if run.bias != "none":
            up = np.delete(up, here.column, axis=1)
        below = run.layers[index - 1]
        there = how if only in (None, index - 1) else RIGHT
        delta = up * there.mask(below.scores, up, below.inputs)
    return tuple(reversed(gradients))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """What one mistake in a backward pass makes of all gradients."""

    code: str
    """Stable name of the mistake, such as `relu-missing`; of two together `relu-missing+sign`."""
    facts: Facts
    """What the sentence says of this pass."""
    gradients: tuple[Array, ...]
    """Of all parameters, in their order."""


def list_suspects(run: Pass, rate: float | None) -> Iterator[Suspect]:
    """What each mistake in one backward pass would make of all gradients."""
    for variant, places in _list_variants(run, rate):
        for only in places:
            gradients = compute_gradients(run, variant.rules, only=only)
            yield Suspect(code=variant.code, facts=variant.facts, gradients=gradients)


Places = tuple[int | None, ...]
"""Layers in which one mistake may have been made; None for all of them."""


def _list_variants(run: Pass, rate: float | None) -> Iterator[tuple[Variant, Places]]:
    """Each mistake, and where it may have been made."""
    count = len(run.layers)
    everywhere: Places = (None,)
    hidden: Places = everywhere + (tuple(range(count - 1)) if count > 2 else ())
    upper: Places = everywhere + (tuple(range(1, count)) if count > 2 else ())
    each: Places = everywhere + (tuple(range(count)) if count > 1 else ())
    for variant in (*rules.TOP, *rules.list_shifts()):
        yield variant, everywhere
    for variant in rules.HIDDEN:
        yield variant, hidden
    for variant in (*rules.PRODUCT, *rules.BACK):
        yield variant, upper
    if len(run.labels) > 1:
        for variant in rules.list_samples(len(run.labels)):
            yield variant, each
    if rate is not None:
        late = replace(RIGHT, send=lambda d, w, g: d @ (w - rate * g).T)
        yield Variant(code="weights-updated", rules=late), upper


def list_contexts(run: Pass) -> tuple[Context, ...]:
    """What is known around each parameter, in their order."""
    contexts: list[Context] = []
    ups = _compute_upstreams(run)
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
        contexts += [known, known] if run.bias == "apart" else [known]
    return tuple(contexts)


def _compute_upstreams(run: Pass) -> list[Array]:
    """(N, H) for each layer: the gradient by its outputs after ReLU; the last has none."""
    delta = RIGHT.top(run.probabilities, run.labels, run.layers[-1].scores)
    gradients = [delta]
    for layer, below in zip(run.layers[:0:-1], run.layers[-2::-1], strict=True):
        up = RIGHT.send(delta, layer.weights, delta)
        up = up if run.bias == "none" else up[:, :-1]
        gradients.append(up)
        delta = up * RIGHT.mask(below.scores, up, below.inputs)
    return gradients[::-1]
