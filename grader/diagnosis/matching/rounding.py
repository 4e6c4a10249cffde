"""What shows in the numbers as such: NaN and infinities, and fewer digits than asked for."""

from __future__ import annotations

import numpy as np

from grader.diagnosis.matching.case import SINGLE, Case
from grader.diagnosis.numerics import is_informative
from grader.diagnosis.records import Diagnosis
from grader.diagnosis.tolerance import Tolerance
from grader.diagnosis.wording import word
from grader.records.measurements import Array

HALF = Tolerance(rtol=5e-3)
"""Numbers computed in float16 agree up to this, relative to the greatest."""
LARGEST_POWER = {2: 11.0, 4: 88.7}
"""Scores above which exp overflows, by bytes of a number; 709.7 in float64."""


def name_rounding(case: Case, it: str) -> Diagnosis | None:
    """The student's code computed in fewer digits and is right otherwise."""
    seen, expected = case.seen, case.expected
    if seen.shape != expected.shape or not is_informative(expected):
        return None
    for dtype, tolerance, bits in ((np.float16, HALF, 5), (np.float32, SINGLE, 12)):
        held = np.array_equal(seen.astype(dtype), seen) and not _has_few_digits(seen, bits)
        lost = not np.array_equal(expected.astype(dtype), expected)
        if held and lost and tolerance.allows(seen, expected):
            return word("rounding", {"dtype": np.dtype(dtype).name, "it": it})
    return None


def _has_few_digits(values: Array, bits: int) -> bool:
    """True where most numbers, as whole ones do, need no more binary digits than these."""
    mantissas = np.frexp(values[values != 0.0])[0] * 2.0**bits
    return bool(2 * np.sum(mantissas == np.round(mantissas)) >= mantissas.size)


def name_infinite(case: Case, it: str) -> Diagnosis:
    """Overflow or a logarithm of 0, where the context shows it."""
    raw, context = case.raw, case.context
    lost = ~np.isfinite(raw)
    where = f" in {int(lost.sum()):,} of {raw.size:,} places" if not lost.all() else " everywhere"
    facts: dict[str, object] = {"where": where if raw.ndim else "", "it": it}
    logits, p = context.logits, context.probabilities
    like_a_loss = case.expected.ndim <= 1
    zero = p is not None and bool(np.any(p == 0.0))
    greatest = 0.0 if logits is None else float(np.max(logits, initial=0.0))
    if greatest > LARGEST_POWER.get(raw.dtype.itemsize, 709.7):
        if np.isnan(raw).any() and not (like_a_loss and zero):
            return word("overflow", {**facts, "greatest": greatest})
    elif like_a_loss and zero and context.onehot is not None:
        return word("log-of-zero", facts)
    return word("nan", facts)
