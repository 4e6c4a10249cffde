"""Guesses about a cross-entropy, for one number or one per sample."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from grader.diagnosis.context import Context
from grader.diagnosis.guess import Guess, close
from grader.records.measurements import Array

OTHER_EPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16)
LOGARITHMS = {"log2": 1.0 / float(np.log(2.0)), "log10": 1.0 / float(np.log(10.0))}


def guesses(expected: Array, context: Context, rtol: float) -> Iterator[Guess]:
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
    if not close(_reduced(right, expected), expected, max(rtol, 1e-9)):
        return
    for kind, rows, blanks in _rows(p, y, context.eps):
        told = {**blanks, "asked": context.eps}
        values = _reduced(rows, expected)
        # as long as no number shows where a small eps stands, this covers the others
        yield Guess(kind=kind, values=values, blanks=told, family=kind == "eps-missing")
    for kind, factor in factors(context).items():
        if expected.ndim == 0 or kind not in ("sum-not-mean", "mean-twice"):
            general = ("scaled", "doubled", "halved")
            yield Guess(kind=kind, values=factor * expected, within=general)
    if expected.ndim == 0 and len(p) > 1:
        yield Guess(kind="first-sample", values=right[0])
        yield Guess(kind="last-sample", values=right[-1])


def factors(context: Context) -> dict[str, float]:
    """Kind → factor, of those mistakes that multiply a loss by one number."""
    found = {"sign": -1.0, **LOGARITHMS}
    n, c = context.samples, context.classes
    if n is not None and n > 2:
        found |= {"sum-not-mean": float(n), "mean-twice": 1.0 / n}
    if c is not None and c > 2:
        found["mean-over-classes"] = 1.0 / c
    return found


def _reduced(rows: Array, expected: Array) -> Array:
    return np.asarray(rows.mean()) if expected.ndim == 0 else rows


def _rows(p: Array, y: Array, eps: float) -> Iterator[tuple[str, Array, dict[str, Any]]]:
    """(kind, one number for each sample, what its sentence says)."""

    def entropy(logs: Array) -> Array:
        rows: Array = -np.sum(np.where(y == 0, 0.0, y * logs), axis=1)
        return rows

    logs = np.log(p + eps)
    if eps:
        yield "eps-missing", entropy(np.log(p)), {}
        yield "eps-outside", entropy(np.log(p) + eps), {}
        yield "eps-clipped", entropy(np.log(np.maximum(p, eps))), {}
    for other in OTHER_EPS:
        if other != eps:
            kind = "eps-other" if eps else "eps-added"
            yield kind, entropy(np.log(p + other)), {"eps": other}
    yield "all-classes", -logs.sum(axis=1), {}
    yield "binary", entropy(logs) - np.sum((1 - y) * np.log(1 - p + eps), axis=1), {}
    if eps:
        yield "swapped", -np.sum(p * np.log(y + eps), axis=1), {}
    yield "no-logarithm", np.sum(y * p, axis=1), {}
    yield "entropy", -np.sum(p * logs, axis=1), {}
    yield "squared", np.sum((p - y) ** 2, axis=1), {}
    twice = np.exp(p) / np.sum(np.exp(p), axis=1, keepdims=True)
    yield "softmax-applied-twice", entropy(np.log(twice + eps)), {}
    for step, counted in ((1, "k + 1"), (-1, "k - 1")):
        rows = -np.sum(np.roll(y, step, axis=1) * logs, axis=1)
        yield "labels-shifted", rows, {"label": "k", "counted": counted}
