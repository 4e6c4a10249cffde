"""Networks that use a layer again and again, as recurrent ones do once for each step. Pure.

`nn.LSTM` multiplies all inputs of a sequence by a weight at once, a loop with `nn.LSTMCell` one
after the other; which of both was written says nothing about the network. So of such a layer one
row is compared, and of its shape the features that it gives, not how many rows went in at a time.
"""

from __future__ import annotations

from dataclasses import replace

from grader.records.measurements import Layer, Layers

MOST = 200
"""Rows that are compared one by one: steps of a sequence may be many more."""


def fold(student: Layers, reference: Layers) -> tuple[Layers, Layers]:
    """Both with one row for each layer, where the reference uses a layer again and again."""
    if not _is_recurrent(reference):
        return student, reference
    return _fold(student), _fold(reference)


def keep_comparable(student: Layers, reference: Layers) -> tuple[Layers, Layers]:
    """Both with the rows whose values can be compared.

    Where two recurrent networks run their layers differently, those are the layers that each of
    them runs once, and of the sequence only what comes of it.
    """
    kinds, ours = ([r.kind for r in layers.rows] for layers in (student, reference))
    if not _is_recurrent(reference) or (kinds == ours and len(kinds) <= MOST):
        return student, reference
    return _keep_single(student), _keep_single(reference)


def _is_recurrent(layers: Layers) -> bool:
    return any(row.again for row in layers.rows)


def _fold(layers: Layers) -> Layers:
    return replace(layers, rows=tuple(_shorten(row) for row in layers.rows if not row.again))


def _shorten(row: Layer) -> Layer:
    """A linear layer by its features, without values: those belong to one step of many."""
    shape = row.shape[-1:] if row.kind == "linear" else row.shape
    return replace(row, shape=shape, start=None, result=None)


def _keep_single(layers: Layers) -> Layers:
    """The rows of weights that are used once, on one row of numbers for each sample."""
    often = {row.weights for row in layers.rows if row.again}
    last = len(layers.rows) - 1
    rows = [
        row if i == last else replace(row, end=row.result, steps=())
        for i, row in enumerate(layers.rows)
        if row.weights not in often and len(row.shape) == 1
    ]
    return replace(layers, rows=tuple(rows), before=())
