"""Candidates for weights after one step of gradient descent, and for gradients of two passes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.diagnosis.context import Context
from grader.diagnosis.records import Candidate
from grader.diagnosis.tolerance import Tolerance
from grader.records.measurements import Array

ROUNDING = 1e-9
"""Up to this the context has to yield the right step."""


def list_steps(
    seen: Array, expected: Array, context: Context, tolerance: Tolerance
) -> Iterator[Candidate]:
    """Other steps along the gradient, if the context explains the right one."""
    before, slope, rate = context.before, context.gradient, context.rate
    if before is None or slope is None or not rate:
        return
    if not (seen.shape == before.shape == slope.shape == expected.shape):
        return
    if not tolerance.at_least(ROUNDING).allows(before - rate * slope, expected):
        return
    square = float(np.sum(slope * slope))
    if not square:
        return
    moved = float(np.sum((before - seen) * slope)) / square
    general, facts = "other-rate", {"moved": moved}
    yield Candidate(code=general, values=before - moved * slope, facts=facts, general=True)
    known = {"not-updated": 0.0, "added": -rate, "updated-twice": 2 * rate, "without-rate": 1.0}
    n = context.samples
    if n is not None and n > 1:
        known |= {"updated-with-sum": n * rate, "updated-with-mean-twice": rate / n}
    for code, actual in known.items():
        yield Candidate(code=code, values=before - actual * slope, within=(general,))
    yield Candidate(code="weights-replaced", values=rate * slope, facts={"sign": ""})
    yield Candidate(code="weights-replaced", values=-rate * slope, facts={"sign": "minus "})


def list_passes(expected: Array, context: Context) -> Iterator[Candidate]:
    """The gradient of the pass before, alone or added."""
    previous = context.previous
    if previous is None or previous.shape != expected.shape:
        return
    yield Candidate(code="accumulated", values=previous + expected)
    yield Candidate(code="stale", values=previous)
