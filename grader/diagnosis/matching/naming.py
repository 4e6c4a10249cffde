"""The mistake in one array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from grader.diagnosis.candidates import arrays, layer, loss, update
from grader.diagnosis.candidates.factors import (
    LOGARITHMS,
    STACKABLE,
    list_factors,
    list_loss_factors,
)
from grader.diagnosis.context import Context
from grader.diagnosis.matching.case import LOOSEST, REAL, Case, are_equal
from grader.diagnosis.matching.fitting import choose, may_be_close, select_fitting
from grader.diagnosis.matching.rounding import name_infinite, name_rounding
from grader.diagnosis.numerics import is_informative, peak
from grader.diagnosis.records import Candidate, Diagnosis
from grader.diagnosis.tolerance import Tolerance
from grader.diagnosis.wording import word
from grader.records.measurements import Array

IT = "Your result"
ONE_NUMBER = Tolerance(rtol=1e-9)
"""A single number is explained by many stories unless it is met exactly."""
ONE_SINGLE = Tolerance(rtol=1e-6)
"""The same of one that was computed in float32."""
ALONE = ("bias-not-summed", "zero", "rate-inside")
"""Mistakes besides which no second one is looked for."""


def name(
    seen: Array,
    expected: Array,
    *,
    context: Context | None = None,
    rtol: float = 1e-6,
    it: str = IT,
) -> Diagnosis | None:
    """The mistake that explains every number of `seen`; None where it is right or none does.

    `it` is how the sentence calls the array: "Your gradient of `w1`".
    """
    return name_case(Case.read(seen, expected, context or Context(), rtol), it)


def name_case(case: Case, it: str, rivals: tuple[Candidate, ...] = ()) -> Diagnosis | None:
    """The same, where `rivals` are further candidates that explain the array."""
    with np.errstate(all="ignore"):
        return _name_case(case, it, rivals)


def _name_case(case: Case, it: str, rivals: tuple[Candidate, ...]) -> Diagnosis | None:
    if case.raw.dtype.kind not in REAL or not case.seen.size or not case.expected.size:
        return None
    if not np.all(np.isfinite(case.expected)):
        return None
    if not np.all(np.isfinite(case.seen)):
        return name_infinite(case, it)
    if case.is_right:
        return None
    rounding = name_rounding(case, it)
    if rounding is not None:
        return rounding
    candidate = find_best(case, rivals)
    return None if candidate is None else say(candidate, case.context, it)


def find_best(case: Case, rivals: tuple[Candidate, ...] = ()) -> Candidate | None:
    """The candidate that explains all numbers: one mistake, or else two; None where unclear."""
    if case.expected.ndim == 0:
        return _find_best_number(case)
    if not is_informative(case.expected):
        return None
    causes = (*list_plain(case, case.limit), *_list_causes(case), *rivals)
    fitting = _select(case, (*causes, *case.context.candidates))
    if fitting:
        return choose(fitting)
    factors = list_loss_factors if case.expected.ndim == 1 else list_factors
    return choose(_select(case, _stack(causes, case, factors(case.context))))


def _select(case: Case, candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return select_fitting(candidates, case.seen, case.expected, case.limit)


def list_plain(case: Case, tolerance: Tolerance) -> tuple[Candidate, ...]:
    """One mistake each, of those that the two arrays show by themselves."""
    seen, expected, context = case.seen, case.expected, case.context
    scaled = () if context.before is not None else arrays.list_scalings(seen, expected, context)
    places = arrays.list_places(seen, expected, context, tolerance)
    return (*scaled, *places, *arrays.list_parts(seen, expected, context, tolerance))


def _list_causes(case: Case) -> Iterator[Candidate]:
    """One mistake each, of those that need to know what is around the arrays."""
    expected, context, limit = case.expected, case.context, case.limit
    yield from update.list_passes(expected, context)
    yield from update.list_steps(case.seen, expected, context, limit)
    yield from layer.list_gradients(expected, context, limit)
    if expected.ndim == 1:
        yield from loss.list_losses(expected, context, limit)


def _stack(
    causes: Sequence[Candidate], case: Case, factors: Mapping[str, float]
) -> Iterator[Candidate]:
    """Two mistakes each: a cause that changes something, and a factor on top of it."""
    size = peak(case.seen)
    for candidate in causes:
        if candidate.general or candidate.code.partition("+")[0] in {*factors, *ALONE}:
            continue
        own = peak(candidate.values)
        for code, factor in factors.items():
            if (
                code in STACKABLE
                and may_be_close(size, abs(factor) * own, LOOSEST)
                and not are_equal(candidate.values, case.expected, ONE_NUMBER)
            ):
                yield candidate.times(factor, code)


def _find_best_number(case: Case) -> Candidate | None:
    """The mistake in a loss, met exactly; in float32 two mistakes at once are not looked for."""
    seen, expected, context = case.seen, case.expected, case.context
    limit = case.tolerance.at_most((ONE_SINGLE if case.is_single else ONE_NUMBER).rtol)
    causes = tuple(loss.list_losses(expected, context, limit))
    if causes and seen.shape == (context.samples,) and limit.allows(seen.mean(), expected):
        return Candidate(code="not-averaged", values=seen)
    if seen.size == 1 and seen.ndim and limit.allows(seen.reshape(()), expected):
        shapes = {"seen": seen.shape, "expected": "()"}
        return Candidate(code="shape", values=seen, facts=shapes)
    fitting = select_fitting(causes, seen, expected, limit)
    if fitting or case.is_single:
        return choose(fitting)
    factors = list_loss_factors(context)
    pairs = (*_stack(causes, case, factors), *_pair_factors(expected, factors))
    return choose(select_fitting(pairs, seen, expected, limit))


def _pair_factors(expected: Array, factors: Mapping[str, float]) -> Iterator[Candidate]:
    """A loss times two factors that do not exclude each other."""
    codes = list(factors)
    for i, two in enumerate(codes):
        for one in codes[i + 1 :]:
            if {one, two} not in ({"sum-not-mean", "mean-twice"}, set(LOGARITHMS)):
                values = factors[one] * factors[two] * expected
                yield Candidate(code=f"{one}+{two}", values=values)


def say(candidate: Candidate, context: Context, it: str) -> Diagnosis:
    """The candidate as a diagnosis."""
    known = {"n": context.samples, "c": context.classes, "rate": context.rate}
    return word(candidate.code, {**known, **candidate.facts, "it": it}, candidate.wording)
