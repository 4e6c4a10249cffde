"""Guesses about weights after one step of gradient descent, and about gradients of two passes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.diagnosis.context import Context
from grader.diagnosis.guess import Guess, close
from grader.records.measurements import Array


def steps(seen: Array, expected: Array, context: Context, rtol: float) -> Iterator[Guess]:
    """Other steps along the gradient, if the context explains the right one."""
    before, slope, rate = context.before, context.gradient, context.rate
    if before is None or slope is None or not rate:
        return
    if not (seen.shape == before.shape == slope.shape == expected.shape):
        return
    if not close(before - rate * slope, expected, max(rtol, 1e-9)):
        return
    square = float(np.sum(slope * slope))
    if not square:
        return
    moved = float(np.sum((before - seen) * slope)) / square
    told = {"moved": moved}
    family = "other-rate"
    yield Guess(kind=family, values=before - moved * slope, blanks=told, family=True)
    known = {"not-updated": 0.0, "added": -rate, "updated-twice": 2 * rate, "without-rate": 1.0}
    n = context.samples
    if n is not None and n > 1:
        known |= {"updated-with-sum": n * rate, "updated-with-mean-twice": rate / n}
    for kind, actual in known.items():
        yield Guess(kind=kind, values=before - actual * slope, within=(family,))
    yield Guess(kind="weights-replaced", values=rate * slope, blanks={"sign": ""})
    yield Guess(kind="weights-replaced", values=-rate * slope, blanks={"sign": "minus "})


def passes(expected: Array, context: Context) -> Iterator[Guess]:
    """The gradient of the pass before, alone or added."""
    previous = context.previous
    if previous is None or previous.shape != expected.shape:
        return
    yield Guess(kind="accumulated", values=previous + expected)
    yield Guess(kind="stale", values=previous)
