"""Candidates for a cross-entropy, for one number or one per sample."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.diagnosis.candidates.factors import list_loss_factors
from grader.diagnosis.context import Context
from grader.diagnosis.numerics import softmax
from grader.diagnosis.records import Candidate, Facts
from grader.diagnosis.tolerance import Tolerance
from grader.records.measurements import Array

OTHER_EPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16)
ROUNDING = 1e-9
"""Up to this the context has to yield the right loss."""


def list_losses(expected: Array, context: Context, tolerance: Tolerance) -> Iterator[Candidate]:
    """Wrong cross-entropies, if the context yields the right one: no more than one mistake each.

    `expected` is a mean over the samples, (), or has one number for each of them, (N,).
    """
    p, y = context.probabilities, context.onehot
    if p is None or y is None or p.shape != y.shape:
        return
    if expected.shape not in ((), (len(p),)):
        return
    p = np.asarray(p, np.float64)
    right = -np.sum(y * np.log(p + context.eps), axis=1)
    if not tolerance.at_least(ROUNDING).allows(_reduce(right, expected), expected):
        return
    for code, rows, facts in _list_rows(p, y, context.eps):
        values = _reduce(rows, expected)
        asked = {**facts, "asked": context.eps}
        # as long as no number shows where a small eps stands, this covers the others
        general = code == "eps-missing"
        yield Candidate(code=code, values=values, facts=asked, general=general)
    for code, factor in list_loss_factors(context).items():
        if expected.ndim == 0 or code not in ("sum-not-mean", "mean-twice"):
            within = ("scaled", "doubled", "halved")
            yield Candidate(code=code, values=factor * expected, within=within)
    if expected.ndim == 0 and len(p) > 1:
        yield Candidate(code="first-sample", values=right[0])
        yield Candidate(code="last-sample", values=right[-1])


def _reduce(rows: Array, expected: Array) -> Array:
    return np.asarray(rows.mean()) if expected.ndim == 0 else rows


def _list_rows(p: Array, y: Array, eps: float) -> Iterator[tuple[str, Array, Facts]]:
    """(code, one number for each sample, what its sentence says)."""

    def pick(logs: Array) -> Array:
        rows: Array = -np.sum(np.where(y == 0, 0.0, y * logs), axis=1)
        return rows

    logs = np.log(p + eps)
    if eps:
        yield "eps-missing", pick(np.log(p)), {}
        yield "eps-outside", pick(np.log(p) + eps), {}
        yield "eps-clipped", pick(np.log(np.maximum(p, eps))), {}
    for other in OTHER_EPS:
        if other != eps:
            code = "eps-other" if eps else "eps-added"
            yield code, pick(np.log(p + other)), {"eps": other}
    if (p == 0.0).any():
        yield "impossible-left-out", pick(np.where(p > 0.0, logs, 0.0)), {}
    yield "all-classes", -logs.sum(axis=1), {}
    yield "binary", pick(logs) - np.sum((1 - y) * np.log(1 - p + eps), axis=1), {}
    if eps:
        yield "swapped", -np.sum(p * np.log(y + eps), axis=1), {}
    yield "no-logarithm", np.sum(y * p, axis=1), {}
    yield "entropy", -np.sum(p * logs, axis=1), {}
    yield "squared", np.sum((p - y) ** 2, axis=1), {}
    yield "softmax-applied-twice", pick(np.log(softmax(p) + eps)), {}
    for step, counted in ((1, "k + 1"), (-1, "k - 1")):
        rows = -np.sum(np.roll(y, step, axis=1) * logs, axis=1)
        yield "labels-shifted", rows, {"label": "k", "counted": counted}
