"""A guess is an array that a known mistake would have produced. Here guesses are tested and chosen.

A guess has to explain every number: what it leaves unexplained is below the tolerance, and below a
thousandth of what the mistake changed. Where two guesses fit that do not agree with each other, a
more general one that holds for both is taken; where there is none, nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from grader.records.measurements import Array

UNEXPLAINED = 1e-3
"""Share of the mistake's own size that may remain."""
ROUNDING = 1e-11
"""What differs by less, relative to the greatest number, differs by the order of a sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What the student's array would be after one mistake."""

    kind: str
    """Stable name; key of the sentence."""
    values: Array
    """Float64, of any shape."""
    blanks: Mapping[str, object] = field(default_factory=dict)
    """What the sentence says of this array: factors, places, shapes."""
    within: tuple[str, ...] = ()
    """Kinds that describe the same more generally."""
    family: bool = False
    """True where it describes the numbers and names no cause."""

    def times(self, factor: float, kind: str) -> Guess:
        """The same mistake with a second one, a factor."""
        return replace(self, kind=f"{self.kind}+{kind}", values=self.values * factor)


def informative(values: Array) -> bool:
    """True for three or more different sizes other than 0: fewer numbers fit too many stories."""
    sizes = np.abs(values[values != 0.0])
    if not sizes.size:
        return False
    return bool(np.unique(np.round(sizes / sizes.max(), 9)).size >= 3)


def close(seen: Array, values: Array, rtol: float) -> bool:
    """True where every |seen − values| ≤ rtol · (|values| + max|values|)."""
    size = np.abs(values)
    allowed = rtol * (size + np.max(size, initial=0.0))
    return bool(np.all(np.abs(seen - values) <= allowed))


def peak(values: Array) -> float:
    """The greatest size of a number; NaN where one of them is NaN."""
    return float(np.max(np.abs(values), initial=0.0))


def alike(seen: float, other: float, rtol: float) -> bool:
    """False where arrays with these peaks cannot be close. Most guesses fail already here."""
    return abs(seen - other) <= 2.0 * max(rtol, ROUNDING) * other < np.inf


def fits(guess: Guess, seen: Array, expected: Array, rtol: float) -> bool:
    """True where the guess explains all numbers, and could be told from a right answer."""
    values = guess.values
    rtol = max(rtol, ROUNDING)
    if seen.shape != values.shape or not alike(peak(seen), peak(values), rtol):
        return False
    if not close(seen, values, rtol):
        return False
    if values.shape != expected.shape:
        return True
    explained = peak(seen - values) <= UNEXPLAINED * peak(values - expected)
    return explained and not close(values, expected, rtol)


def fitting(
    guesses: Iterable[Guess], seen: Array, expected: Array, rtol: float
) -> tuple[Guess, ...]:
    """Those that fit, one for each thing that would be said."""
    found: dict[object, Guess] = {}
    for guess in guesses:
        said = (guess.kind, *guess.blanks.items())
        if said not in found and fits(guess, seen, expected, rtol):
            found[said] = guess
    return tuple(found.values())


def chosen(found: Sequence[Guess]) -> Guess | None:
    """The most special guess with which no other one disagrees; None where there is no such."""
    only = sum(g.family for g in found) == 1
    agreeing = [g for g in found if all(_agrees(g, other, only) for other in found)]
    special = [g for g in agreeing if not any(g.kind in other.within for other in agreeing)]
    return special[0] if len(special) == 1 else None


def _agrees(one: Guess, other: Guess, only: bool) -> bool:  # noqa: FBT001
    """True where `other` says the same more generally, or `one` does.

    The only description that fits covers causes too that declare nothing more general.
    """
    if one is other or other.kind in one.within or one.kind in other.within:
        return True
    return one.family and only and not other.within
