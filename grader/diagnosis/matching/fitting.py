"""Candidates are tested and chosen.

A candidate has to explain every number: what it leaves unexplained is below the tolerance, and
below a thousandth of what the mistake changed. Where two candidates fit that do not agree with
each other, a more general one that holds for both is taken; where there is none, nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from grader.diagnosis.numerics import peak
from grader.diagnosis.records import Candidate
from grader.diagnosis.tolerance import Tolerance
from grader.records.measurements import Array

UNEXPLAINED = Tolerance(rtol=1e-3, of="greatest")
"""What may remain, of the mistake's own size: less is rounding, more is another mistake."""
ROUNDING = 1e-11
"""What differs by less, relative to the greatest number, differs by the order of a sum."""


def may_be_close(seen: float, other: float, tolerance: Tolerance) -> bool:
    """False where arrays with these peaks cannot be close. Most candidates fail already here."""
    return other < np.inf and tolerance.at_least(ROUNDING).allows(seen, other)


def fits(candidate: Candidate, seen: Array, expected: Array, tolerance: Tolerance) -> bool:
    """True where the candidate explains all numbers, and could be told from a right answer."""
    values = candidate.values
    tolerance = tolerance.at_least(ROUNDING)
    if seen.shape != values.shape or not may_be_close(peak(seen), peak(values), tolerance):
        return False
    if not tolerance.allows(seen, values):
        return False
    if values.shape != expected.shape:
        return True
    explained = peak(seen - values) <= UNEXPLAINED.limits(values - expected)
    return bool(explained) and not tolerance.allows(values, expected)


def select_fitting(
    candidates: Iterable[Candidate], seen: Array, expected: Array, tolerance: Tolerance
) -> tuple[Candidate, ...]:
    """Those that fit, one for each thing that would be said."""
    fitting: dict[object, Candidate] = {}
    for candidate in candidates:
        saying = (candidate.code, candidate.wording, *candidate.facts.items())
        if saying not in fitting and fits(candidate, seen, expected, tolerance):
            fitting[saying] = candidate
    return tuple(fitting.values())


def choose(fitting: Sequence[Candidate]) -> Candidate | None:
    """The most special candidate with which no other one disagrees; None where there is none."""
    only = sum(c.general for c in fitting) == 1
    agreeing = [c for c in fitting if all(_agrees(c, other, only=only) for other in fitting)]
    special = [c for c in agreeing if not any(c.code in other.within for other in agreeing)]
    return special[0] if len(special) == 1 else None


def _agrees(one: Candidate, other: Candidate, *, only: bool) -> bool:
    """True where `other` says the same more generally, or `one` does.

    The only description that fits covers causes too that declare nothing more general.
    """
    if one is other or other.code in one.within or one.code in other.within:
        return True
    return one.general and only and not other.within
