"""The mistake in one array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from grader.diagnosis import arrays, layer, loss, update
from grader.diagnosis.context import Context
from grader.diagnosis.guess import (
    Guess,
    alike,
    chosen,
    close,
    fitting,
    informative,
    peak,
)
from grader.diagnosis.wording import Fault, worded
from grader.records.measurements import Array

IT = "Your result"
REAL = "biuf"
"""Kinds of dtypes that hold real numbers."""
LOOSEST = 1e-3
"""A greater tolerance would make mistakes of noise."""
SINGLE = 1e-5
"""Numbers computed in float32 agree up to this, relative to the greatest."""
HALF = 5e-3
ONE_NUMBER = 1e-9
"""A single number is explained by many stories unless it is met exactly."""
ONE_SINGLE = 1e-6
_ALONE = ("suspect", "bias-not-summed", "zero", "rate-inside")
"""Kinds that nothing is said besides."""
LARGEST_POWER = {2: 11.0, 4: 88.7}
"""Scores above which exp overflows, by bytes of a number; 709.7 in float64."""


def name(
    seen: Array,
    expected: Array,
    *,
    context: Context | None = None,
    rtol: float = 1e-6,
    it: str = IT,
) -> Fault | None:
    """The mistake that explains every number of `seen`; None where it is right or none does.

    `it` is how the sentence calls the array: "Your gradient of `w1`".
    """
    return named(np.asarray(seen), np.asarray(expected), context or Context(), rtol, it)


def named(
    raw: Array,
    reference: Array,
    context: Context,
    rtol: float,
    it: str,
    rivals: tuple[Guess, ...] = (),
) -> Fault | None:
    """The same, where `rivals` are further guesses that explain the array."""
    with np.errstate(all="ignore"):
        return _named(raw, reference, context, rtol, it, rivals)


def _named(
    raw: Array,
    reference: Array,
    context: Context,
    rtol: float,
    it: str,
    rivals: tuple[Guess, ...],
) -> Fault | None:
    if raw.dtype.kind not in REAL or reference.dtype.kind not in REAL:
        return None
    seen, expected = np.asarray(raw, np.float64), np.asarray(reference, np.float64)
    if not seen.size or not expected.size or not np.all(np.isfinite(expected)):
        return None
    if not np.all(np.isfinite(seen)):
        return _infinite(raw, expected, context, it)
    if equal(seen, expected, rtol):
        return None
    rounded = _rounded(seen, expected, it)
    if rounded is not None:
        return rounded
    guess = best(seen, expected, context, rtol, rivals)
    return None if guess is None else said(guess, context, it)


def equal(seen: Array, expected: Array, rtol: float) -> bool:
    """True where there is nothing to explain."""
    return seen.shape == expected.shape and close(seen, expected, rtol)


def tolerance(seen: Array, rtol: float) -> float:
    """What numbers that were computed in float32 need, though they are compared in float64."""
    return min(LOOSEST, max(rtol, SINGLE) if _single(seen) else rtol)


def best(
    seen: Array, expected: Array, context: Context, rtol: float, rivals: tuple[Guess, ...] = ()
) -> Guess | None:
    """The guess that explains all numbers: one mistake, or else two; None where it is unclear."""
    if expected.ndim == 0:
        return _one_number(seen, expected, context, rtol)
    if not informative(expected):
        return None
    rtol = tolerance(seen, rtol)
    plain = plain_guesses(seen, expected, context, rtol)
    causes = (*plain, *_causes(seen, expected, context, rtol), *rivals)
    found = fitting(causes, seen, expected, rtol)
    if found:
        return chosen(found)
    several = loss.factors(context) if expected.ndim == 1 else arrays.factors(context)
    return chosen(fitting(_both(causes, seen, expected, several), seen, expected, rtol))


def plain_guesses(seen: Array, expected: Array, context: Context, rtol: float) -> tuple[Guess, ...]:
    """One mistake each, of those that the two arrays show by themselves."""
    scaled = () if context.before is not None else arrays.scalings(seen, expected, context)
    places = arrays.places(seen, expected, context, rtol)
    return (*scaled, *places, *arrays.parts(seen, expected, context, rtol))


def _causes(seen: Array, expected: Array, context: Context, rtol: float) -> Iterator[Guess]:
    """One mistake each, of those that need to know what is around the arrays."""
    yield from update.passes(expected, context)
    yield from update.steps(seen, expected, context, rtol)
    yield from layer.guesses(expected, context, rtol)
    if expected.ndim == 1:
        yield from loss.guesses(expected, context, rtol)
    for sentence, fix, values in context.suspects:
        yield Guess(kind="suspect", values=values, blanks={"sentence": sentence, "fix": fix})


def _both(
    causes: Sequence[Guess], seen: Array, expected: Array, several: dict[str, float]
) -> Iterator[Guess]:
    """Two mistakes each: a cause that changes something, and a factor on top of it."""
    size = peak(seen)
    for guess in causes:
        if guess.family or guess.kind.partition("+")[0] in {*several, *_ALONE}:
            continue
        own = peak(guess.values)
        for kind, factor in several.items():
            stackable = kind in arrays.FACTORS or kind in loss.LOGARITHMS
            if (
                stackable
                and alike(size, abs(factor) * own, LOOSEST)
                and not equal(guess.values, expected, ONE_NUMBER)
            ):
                yield guess.times(factor, kind)


def _one_number(seen: Array, expected: Array, context: Context, rtol: float) -> Guess | None:
    """The mistake in a loss, met exactly; in float32 two mistakes at once are not looked for."""
    single = _single(seen)
    rtol = min(rtol, ONE_SINGLE if single else ONE_NUMBER)
    causes = tuple(loss.guesses(expected, context, rtol))
    if causes and seen.shape == (context.samples,) and close(seen.mean(), expected, rtol):
        return Guess(kind="not-averaged", values=seen)
    if seen.size == 1 and seen.ndim and close(seen.reshape(()), expected, rtol):
        shapes = {"seen": seen.shape, "expected": "()"}
        return Guess(kind="shape", values=seen, blanks=shapes)
    found = fitting(causes, seen, expected, rtol)
    if found or single:
        return chosen(found)
    several = loss.factors(context)
    pairs = list(_both(causes, seen, expected, several))
    kinds = list(several)
    pairs += [
        Guess(kind=f"{one}+{two}", values=several[one] * several[two] * expected)
        for i, two in enumerate(kinds)
        for one in kinds[i + 1 :]
        if {one, two} not in ({"sum-not-mean", "mean-twice"}, {"log2", "log10"})
    ]
    return chosen(fitting(pairs, seen, expected, rtol))


def said(guess: Guess, context: Context, it: str) -> Fault:
    """The guess as a sentence."""
    if guess.kind == "suspect":
        told, fix = (str(guess.blanks[k]).replace("{it}", it) for k in ("sentence", "fix"))
        return Fault(kind="suspect", sentence=told, fix=fix, share=0.5)
    known = {"n": context.samples, "c": context.classes, "rate": context.rate}
    return worded(guess.kind, {**known, **guess.blanks}, it)


# ---------------------------------------------------------------------- numbers as such


def _single(seen: Array) -> bool:
    """True where every number could have come out of a computation in float32."""
    return bool(np.array_equal(seen.astype(np.float32), seen))


def _rounded(seen: Array, expected: Array, it: str) -> Fault | None:
    """The student's code computed in fewer digits and is right otherwise."""
    if seen.shape != expected.shape or not informative(expected):
        return None
    for kind, rtol, bits in ((np.float16, HALF, 5), (np.float32, SINGLE, 12)):
        held = np.array_equal(seen.astype(kind), seen) and not _few_digits(seen, bits)
        lost = not np.array_equal(expected.astype(kind), expected)
        if held and lost and close(seen, expected, rtol):
            return worded("rounding", {"dtype": np.dtype(kind).name}, it)
    return None


def _few_digits(values: Array, bits: int) -> bool:
    """True where most numbers, as whole ones do, need no more binary digits than these."""
    mantissas = np.frexp(values[values != 0.0])[0] * 2.0**bits
    return bool(2 * np.sum(mantissas == np.round(mantissas)) >= mantissas.size)


def _infinite(raw: Array, expected: Array, context: Context, it: str) -> Fault:
    """Overflow or a logarithm of 0, where the context shows it."""
    lost = ~np.isfinite(raw)
    where = f" in {int(lost.sum()):,} of {raw.size:,} places" if not lost.all() else " everywhere"
    told: dict[str, object] = {"where": where if raw.ndim else ""}
    logits, p = context.logits, context.probabilities
    like_a_loss = expected.ndim <= 1
    zero = p is not None and bool(np.any(p == 0.0))
    greatest = 0.0 if logits is None else float(np.max(logits, initial=0.0))
    if greatest > LARGEST_POWER.get(raw.dtype.itemsize, 709.7):
        if np.isnan(raw).any() and not (like_a_loss and zero):
            return worded("overflow", {**told, "greatest": greatest}, it)
    elif like_a_loss and zero and context.onehot is not None:
        return worded("log-of-zero", told, it)
    return worded("nan", told, it)
